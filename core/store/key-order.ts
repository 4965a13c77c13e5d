/** Orders well-formed texts by code point, which is the order of their UTF-8 bytes. */
export function compareKeys(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) {
    const a = one.charCodeAt(i);
    const b = other.charCodeAt(i);
    if (a !== b) return rank(a) - rank(b);
  }
  return one.length - other.length;
}

/** Whether the plain order of strings, which is quicker, puts these keys as `compareKeys` does beside any others. */
export const havePlainOrder = (keys: readonly string[]): boolean =>
  !keys.some((key) => /[\ud800-\uffff]/.test(key));

/** The plain order of strings: that of their code units. */
export const compareUnits = (one: string, other: string): number =>
  one === other ? 0 : one < other ? -1 : 1;

/** Surrogates stand for code points above all other code units. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** The least text greater than every text with this prefix; undefined when there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    points.push(last === 0xd7ff ? 0xe000 : last + 1);
    return String.fromCodePoint(...points);
  }
  return undefined;
}
