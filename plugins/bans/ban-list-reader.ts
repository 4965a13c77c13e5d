import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { type Clock, HttpError, messageOf } from 'beaconry';

export interface ReadLimits {
  /** Bytes of the whole list. */
  readonly bytes: number;
  /** Milliseconds from the first question to the last byte. */
  readonly time: number;
}

export interface ListPlace {
  /** A file, relative to `folder`, or an `https:` URL. */
  readonly source: string;
  /** Folder of the configuration. */
  readonly folder: string;
  /** SHA-256 that the list must have; null for any. */
  readonly sha256: Uint8Array | null;
}

export const isUrl = (source: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(source);

/**
 * Reads a whole list from a file or over HTTPS, within limits; plain HTTP is for loopback alone. A redirect is
 * an error: the list is to be named by the place where it lies.
 * @throws HttpError BAN_LIST
 */
export async function readBanList(
  { source, folder, sha256 }: ListPlace,
  limits: ReadLimits,
  clock: Pick<Clock, 'after'>,
): Promise<string> {
  const aborter = new AbortController();
  let late = false;
  const cancel = clock.after(limits.time, () => {
    late = true;
    aborter.abort();
  });
  try {
    const chunks = isUrl(source)
      ? fetched(source, aborter.signal)
      : createReadStream(resolve(folder, source), { signal: aborter.signal });
    const bytes = await collect(chunks, limits.bytes);
    checkHash(bytes, sha256);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const reason = late
      ? `did not arrive within ${limits.time / 1000} s`
      : messageOf((cause as Error).cause ?? cause);
    throw unusable(source, reason);
  } finally {
    cancel();
    // Whatever is still under way is of no use.
    aborter.abort();
  }
}

/** The error of a list that cannot be taken up. */
export const unusable = (source: string, reason: string): HttpError =>
  new HttpError(422, 'BAN_LIST', `ban list ${source}: ${reason}; the old list stays`);

async function* fetched(source: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const url = new URL(source);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new Error('must be an https: address');
  }
  const response = await fetch(url, { signal, redirect: 'error' });
  if (!response.ok || response.body === null) {
    throw new Error(`the server answered ${response.status}`);
  }
  yield* response.body;
}

async function collect(chunks: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > most) throw new Error(`is larger than ${most} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

function checkHash(bytes: Uint8Array, expected: Uint8Array | null): void {
  if (expected === null) return;
  const found = createHash('sha256').update(bytes).digest();
  if (found.equals(expected)) return;
  throw new Error(`has the SHA-256 ${found.toString('hex')}, not the pinned one`);
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
