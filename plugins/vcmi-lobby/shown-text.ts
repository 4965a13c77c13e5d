/**
 * What no line of text may hold that others are shown: control characters, half characters, the line and
 * paragraph separators (a launcher begins a new line at them, which could pass for one of the server's) and the
 * marks that turn the direction of reading.
 */
const UNSHOWN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** True when nothing would have to be taken out. */
export const isShown = (text: string): boolean => text.search(UNSHOWN) < 0;

/** Without what may not be shown, and at most so many characters; none is split. */
export function cleanText(text: string, limit: number): string {
  const clean = text.slice(0, limit * 4).replace(UNSHOWN, '');
  return clean.length <= limit ? clean : [...clean].slice(0, limit).join('');
}
