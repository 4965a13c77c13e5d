import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServerConfig } from '../config/server-config.js';
import { messageOf } from '../errors.js';
import { type Finding, well, wrong } from './doctor-check.js';

/** Bits for everybody but the owner. */
const others = 0o077;
/** Folders below the data folder that are looked into. */
const deepest = 3;
const mostFiles = 10_000;

/** The data folder and what is secret in it belong to the owner alone. */
export async function* checkFiles(config: ServerConfig): AsyncIterable<Finding> {
  const { data } = config;
  const mode = modeOf(data);
  if (mode === undefined) {
    yield isWritable(dirname(data))
      ? well('files', `the data folder ${data} will be made at the first start`)
      : wrong(
          'files',
          `the data folder ${data} is missing and cannot be made`,
          `let the account that runs the server write to ${dirname(data)}`,
        );
    return;
  }
  if (!isWritable(data)) {
    const remedy = 'give it to the account that runs the server: chown -R ACCOUNT';
    yield wrong('files', `the data folder ${data} cannot be written`, `${remedy} ${data}`);
  }
  yield* rights(data, mode, 'the data folder', '0700');
  const { tokenFile } = config.management;
  if (tokenFile !== null && modeOf(tokenFile) === undefined) {
    const remedy = 'write a token into it, or take management.tokenFile out of the configuration';
    yield wrong('files', `the token file ${tokenFile} is missing`, remedy);
  }
  const secrets = new Map<string, string>();
  secrets.set(tokenFile ?? join(data, 'management.token'), 'the admin token');
  for (const { tls } of config.endpoints.values()) {
    if (tls !== undefined) secrets.set(tls.key, 'a private key');
  }
  for (const file of filesBelow(data)) if (isPrivateKey(file)) secrets.set(file, 'a private key');
  for (const [file, what] of secrets) {
    const mode = modeOf(file);
    if (mode !== undefined) yield* rights(file, mode, what, '0600');
  }
}

function* rights(path: string, mode: number, what: string, wanted: string): Iterable<Finding> {
  const shown = mode.toString(8).padStart(4, '0');
  // Windows has no such bits.
  if ((mode & others) === 0 || process.platform === 'win32') {
    yield well('files', `${what} ${path} is for its owner alone (${shown})`);
  } else {
    const remedy = `chmod ${wanted} ${path}`;
    yield wrong('files', `${what} ${path} is open to other accounts (${shown})`, remedy);
  }
}

function* filesBelow(folder: string, depth = 0, seen = { files: 0 }): Iterable<string> {
  let entries: ReturnType<typeof readFolder>;
  try {
    entries = readFolder(folder);
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < deepest) yield* filesBelow(path, depth + 1, seen);
    else if (entry.isFile() && seen.files++ < mostFiles) yield path;
  }
}

const readFolder = (folder: string) => readdirSync(folder, { withFileTypes: true });

/** PEM and OpenSSH files say what they are in their first line. */
function isPrivateKey(file: string): boolean {
  const start = Buffer.alloc(64);
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, start, 0, start.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // What even we cannot read is no danger; anything else would be a surprise worth seeing.
    if (!/^(EACCES|EPERM|ENOENT)/.test(messageOf(error))) throw error;
  }
  return /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(start.toString('latin1'));
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode === undefined
    ? undefined
    : statSync(path).mode & 0o777;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
