import { HttpError } from 'beaconry';
import { SteamID } from 'beaconry/steam';
import { readBytes } from './json-value.js';

export const refuse = (
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): HttpError => new HttpError(status, code, message, details);

export const tooOften = (): HttpError =>
  new HttpError(
    429,
    'RATE_LIMITED',
    'this address calls too often; wait a second',
    {},
    { 'retry-after': '1' },
  );

/** Error 400 `NOT_A_STEAMID`. */
export function readSteamId(text: string): bigint {
  const id = SteamID.parse(text.trim());
  if (id !== undefined) return id.value;
  throw refuse(400, 'NOT_A_STEAMID', `${JSON.stringify(text.slice(0, 40))} is not a SteamID`);
}

/** Error 400 `NOT_BYTES`. */
export function readBlob(text: string): Uint8Array {
  const bytes = readBytes(text);
  if (bytes !== undefined) return bytes;
  throw refuse(400, 'NOT_BYTES', 'bytes are written in base64 or hex');
}
