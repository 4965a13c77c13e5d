import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ServerError } from '../errors.js';

/** A file of the data folder that is not the store: keys, tokens. */
export interface DataFile {
  /** Below the data folder, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What a data folder may hold beside the store; more is a mistake that a backup must not hide. */
const maxFiles = 10_000;
const maxFileBytes = 1 << 20;
const deepest = 8;
/** What comes and goes, and what is a copy already. */
const passing = /\.(lock|log|partial|part|bak)$|\.log\.|\.(before-restore)(-wal|-shm)?$/;

/** Reads every lasting file below the folder, except the store; in order of paths. Error `BACKUP_FILES`. */
export function readDataFiles(folder: string, store: string): DataFile[] {
  const files: DataFile[] = [];
  for (const path of pathsBelow(folder)) {
    const file = join(folder, path);
    if (file === store || /^-(wal|shm|journal)$/.test(file.slice(store.length))) continue;
    if (passing.test(path) || file.startsWith(`${store}.`)) continue;
    if (lstatSync(file).size > maxFileBytes || files.length >= maxFiles) {
      throw new ServerError(
        'BACKUP_FILES',
        `${file} is more than a backup takes (${maxFiles} files of ${maxFileBytes} bytes): move it out of the data folder, or use --without-keys`,
      );
    }
    files.push({ path, bytes: readFileSync(file) });
  }
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Puts files in place (0600), each at once; those that were there are kept as NAME.before-restore. */
export function writeDataFiles(folder: string, files: readonly DataFile[]): void {
  for (const { path, bytes } of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.partial`, bytes, { mode: 0o600 });
    chmodSync(`${file}.partial`, 0o600);
    if (existsSync(file)) renameSync(file, `${file}.before-restore`);
    renameSync(`${file}.partial`, file);
  }
}

/** Undoes {@link writeDataFiles}. */
export function takeBackDataFiles(folder: string, files: readonly DataFile[]): void {
  for (const { path } of files) {
    const file = join(folder, path);
    rmSync(file, { force: true });
    if (existsSync(`${file}.before-restore`)) renameSync(`${file}.before-restore`, file);
  }
}

/** A path of a backup stays below the folder whatever it says. */
export const isDataPath = (path: string): boolean =>
  path.length <= 512 &&
  path.split('/').length <= deepest &&
  path.split('/').every((part) => /^[^\\/\0:]+$/.test(part) && part !== '.' && part !== '..') &&
  !passing.test(path);

function* pathsBelow(folder: string, below = ''): Iterable<string> {
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && path.split('/').length < deepest) yield* pathsBelow(folder, path);
    else if (entry.isFile()) yield path;
  }
}
