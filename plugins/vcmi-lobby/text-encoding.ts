import iconv from 'iconv-lite';

/** How one client writes text. What it cannot express becomes `?`, undecodable input U+FFFD. */
export interface TextEncoding {
  readonly name: string;
  decode(bytes: Uint8Array): string;
  encode(text: string): Buffer;
}

export const utf8: TextEncoding = {
  name: 'utf8',
  decode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'),
  encode: (text) => Buffer.from(text, 'utf8'),
};

/** iconv-lite takes these for encodings: two turn bytes into other bytes, one comes from Object.prototype. */
const NOT_TEXT = new Set(['base64', 'hex', 'constructor']);

/** Encodings in use, by iconv-lite's canonical name: as many as it knows, whatever strangers ask for. */
const known = new Map<string, TextEncoding>([['utf8', utf8]]);

/** Finds an encoding by any name that iconv-lite knows (case and punctuation do not matter); the empty name is UTF-8. */
export function findTextEncoding(name: string): TextEncoding | undefined {
  if (name === '') return utf8;
  const canonical = name.toLowerCase().replace(/[^0-9a-z]/g, '');
  const found = known.get(canonical);
  if (found !== undefined) return found;
  if (NOT_TEXT.has(canonical) || !iconv.encodingExists(canonical)) return undefined;
  const encoding: TextEncoding = {
    name: canonical,
    decode: (bytes) => iconv.decode(bytes, canonical),
    encode: (text) => iconv.encode(text, canonical, { addBOM: false }),
  };
  known.set(canonical, encoding);
  return encoding;
}
