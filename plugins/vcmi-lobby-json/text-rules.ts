import { cleanText } from 'beaconry/plugins/vcmi-lobby';

/** Languages with a global channel of their own, by the identifiers of VCMI 1.7. */
export const LANGUAGES: ReadonlySet<string> = new Set(
  (
    'belarusian bulgarian chinese czech english finnish french german greek hungarian italian japanese korean ' +
    'norwegian polish portuguese romanian russian spanish swedish turkish ukrainian vietnamese'
  ).split(' '),
);

/** Form of account and room ids; whatever has another form is the id of nothing. */
export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** 4 to 20 ASCII letters and digits, VCMI global lobby, section 4. */
export const isAccountName = (name: string): boolean => /^[A-Za-z0-9]{4,20}$/.test(name);

/** False when bytes that were no UTF-8, or half a character, are in it. */
export const isWhole = (text: string): boolean => !/\p{Cs}/u.test(text);

/** Of chat also the braces go, with which VCMI writes colours. */
export const cleanChat = (text: string, limit: number): string =>
  cleanText(text.replace(/[{}]/g, ''), limit);

/** Does a client of that version know a message that came with `major.minor.patch`? */
export function isAtLeast(version: string, [major, minor, patch]: readonly number[]): boolean {
  const found = /(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(version);
  if (found === null) return false;
  const [own, least] = [
    [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)],
    [major ?? 0, minor ?? 0, patch ?? 0],
  ];
  for (let i = 0; i < 3; i++) {
    const difference = (own[i] as number) - (least[i] as number);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
