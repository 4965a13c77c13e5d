import { readFile, writeFile } from 'node:fs/promises';
import { DecodeError, messageOf, ServerError } from 'beaconry';

/** What the offline commands use of the world: files, standard input, the time. */
export interface CommandFiles {
  /** `-` is standard input. */
  read(file: string): Promise<Uint8Array>;
  /** Fails when the file exists: a key is never overwritten. */
  writeNew(file: string, text: string, mode: number): Promise<void>;
  /** Unix seconds. */
  now(): number;
}

const MAX_FILE = 64 * 1024;

/** The real ones. */
export const realFiles = (now: () => number): CommandFiles => ({
  read: async (file) => (file === '-' ? readInput() : readFile(file)),
  writeNew: (file, text, mode) => writeFile(file, text, { flag: 'wx', mode }),
  now,
});

async function readInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > MAX_FILE)
      throw new ServerError('TOO_LARGE', 'standard input is longer than 64 KiB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

export const readText = async (files: CommandFiles, file: string): Promise<string> =>
  Buffer.from(await read(files, file)).toString('utf8');

/** FILE_UNREADABLE names the file. */
export async function read(files: CommandFiles, file: string): Promise<Uint8Array> {
  try {
    return await files.read(file);
  } catch (cause) {
    throw new ServerError('FILE_UNREADABLE', `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** Names the file in what a codec says about its content. */
export function decoding<T>(file: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('FILE_MALFORMED', `${file}: ${cause.message}`, { cause });
  }
}
