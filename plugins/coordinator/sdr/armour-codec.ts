import { DecodeError } from 'beaconry';

/** Base64, white space allowed; anything else in it is a DecodeError. At most `limit` bytes come out. */
export function decodeBase64(text: string, limit: number): Uint8Array {
  if (text.length > limit * 2 + 64) {
    throw new DecodeError('invalid', limit, `base64 text of ${text.length} characters`);
  }
  const dense = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(dense) || dense.length % 4 === 1) {
    throw new DecodeError('invalid', 0, 'is not base64');
  }
  return Uint8Array.from(Buffer.from(dense, 'base64'));
}

export const encodeBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Text between `-----BEGIN label-----` and `-----END label-----`; undefined when it is not there. */
export function armoured(text: string, label: string): string | undefined {
  const begin = `-----BEGIN ${label}-----`;
  const start = text.indexOf(begin);
  if (start < 0) return undefined;
  const end = text.indexOf(`-----END ${label}-----`, start);
  return end < 0 ? undefined : text.slice(start + begin.length, end);
}

/** Wraps base64 of the bytes in armour, with lines of `width` characters. */
export function armour(bytes: Uint8Array, label: string, width: number): string {
  const lines = encodeBase64(bytes).match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
