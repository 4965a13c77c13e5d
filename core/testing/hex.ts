/**
 * Bytes written as commented hex: white space is ignored, `#` and `//` comment until the end of the line,
 * "text in quotes" stands for its UTF-8 bytes.
 */
export function hex(
  strings: TemplateStringsArray,
  ...values: readonly (string | Uint8Array)[]
): Uint8Array {
  let text = strings[0] ?? '';
  values.forEach((value, i) => {
    text += typeof value === 'string' ? value : Buffer.from(value).toString('hex');
    text += strings[i + 1] ?? '';
  });
  return parseHex(text);
}

/** The same for the text of a file, such as one of `fixtures/packets/`. */
export function parseHex(text: string): Uint8Array {
  let digits = '';
  for (const line of text.split('\n')) {
    const parts = line.match(/"(?:[^"\\]|\\.)*"|#.*|\/\/.*|[0-9a-fA-F]+|\S/g) ?? [];
    for (const part of parts) {
      if (part.startsWith('#') || part.startsWith('//')) break;
      if (part.startsWith('"')) digits += Buffer.from(JSON.parse(part) as string).toString('hex');
      else if (/^[0-9a-fA-F]+$/.test(part)) digits += part;
      else throw new SyntaxError(`not hex: ${part}`);
    }
  }
  if (digits.length % 2 === 1) throw new SyntaxError('an odd number of hex digits');
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}
