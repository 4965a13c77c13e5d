/** What would move the cursor, change colours, break lines or reorder what stands beside it. */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;
const rightToLeft =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * Text from the network for a terminal: without control and direction characters, and, where letters run from
 * right to left, isolated by U+2068 and U+2069 so that the rest of the line keeps its order.
 */
export function printable(text: string): string {
  const clean = text.replace(unprintable, '');
  return rightToLeft.test(clean) ? `\u2068${clean}\u2069` : clean;
}

/**
 * JSON for a terminal: the same values, with what {@link printable} takes out written as escapes. Numbers of
 * 64 bits are text, since readers would round them.
 */
export const printableJson = (value: unknown): string =>
  JSON.stringify(
    value,
    (_key, item) => (typeof item === 'bigint' ? item.toString() : item),
    2,
  ).replace(unprintable, (found) => (found === '\n' ? found : escaped(found)));

const escaped = (text: string): string =>
  Array.from(
    { length: text.length },
    (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
