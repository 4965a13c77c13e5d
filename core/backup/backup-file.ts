import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
} from 'node:fs';
import { messageOf, ServerError } from '../errors.js';
import { newestFormat } from '../store/sqlite-format.js';
import { loadSqlite, type SqliteDatabase } from '../store/sqlite-library.js';
import { digestContent } from './backup-content.js';
import { type DataFile, isDataPath } from './data-files.js';

/** What a backup says of itself. */
export interface BackupManifest {
  /** ISO 8601. */
  readonly created: string;
  /** Version of the program that wrote it. */
  readonly version: string;
  readonly node: string;
  readonly entries: number;
  readonly files: number;
}

/** Two tables more than the store has: a backup is a store that can prove that it is whole. */
const createTables = `
  CREATE TABLE backup_file (path TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE backup_manifest (created TEXT, version TEXT, node TEXT, digest TEXT);
`;
const dropTables = 'DROP TABLE backup_file; DROP TABLE backup_manifest';

export interface SealOptions {
  readonly created: Date;
  readonly version: string;
  readonly node: string;
  readonly files: readonly DataFile[];
}

/** Turns a copy of the store into a backup, and reads it again. Errors `BACKUP_DAMAGED`, `STORE_NO_SQLITE`. */
export async function sealBackup(
  copy: string,
  { created, version, node, files }: SealOptions,
): Promise<BackupManifest> {
  await withDatabase(copy, (database) => {
    database.exec(`PRAGMA journal_mode = DELETE; BEGIN; ${createTables}`);
    const insert = database.prepare('INSERT INTO backup_file VALUES (?, ?)');
    for (const { path, bytes } of files) insert.run(path, Buffer.from(bytes).toString('base64'));
    const { digest } = digestContent(database);
    database
      .prepare('INSERT INTO backup_manifest VALUES (?, ?, ?, ?)')
      .run(created.toISOString(), version, node, digest);
    database.exec('COMMIT');
  });
  return verifyBackup(copy);
}

/** Proves that every byte of content is as it was written. Errors `BACKUP_DAMAGED`, `STORE_TOO_NEW`. */
export async function verifyBackup(file: string): Promise<BackupManifest> {
  if (!existsSync(file)) {
    throw new ServerError('NO_BACKUP', `there is no file ${file}`);
  }
  // SQLite would take an empty file for an empty store.
  if (!isSqlite(file)) throw damaged(file, 'it is no backup of beaconry');
  return withDatabase(file, (database) => {
    const [check] = database.prepare('PRAGMA integrity_check(1)').all() as {
      integrity_check: string;
    }[];
    if (check?.integrity_check !== 'ok')
      throw damaged(file, check?.integrity_check ?? 'unreadable');
    const { user_version: format } = database.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    if (format > newestFormat) {
      throw new ServerError(
        'STORE_TOO_NEW',
        `${file} has format ${format} and this program knows formats up to ${newestFormat}: restore it with the newer program`,
      );
    }
    const manifest = database.prepare('SELECT * FROM backup_manifest').get() as
      | { created: string; version: string; node: string; digest: string }
      | undefined;
    if (manifest === undefined) throw damaged(file, 'it was not written to its end');
    const { digest, entries, files } = digestContent(database);
    if (digest !== manifest.digest) throw damaged(file, 'its content is not what was written');
    const { created, version, node } = manifest;
    return { created, version, node, entries, files };
  });
}

/** Files of a verified backup. */
export function readBackupFiles(file: string): Promise<DataFile[]> {
  return withDatabase(file, (database) => {
    const rows = database.prepare('SELECT path, content FROM backup_file').all() as {
      path: string;
      content: string;
    }[];
    const strange = rows.find(({ path }) => !isDataPath(path));
    if (strange !== undefined) {
      throw damaged(file, `it wants to write to ${JSON.stringify(strange.path)}`);
    }
    return rows.map(({ path, content }) => ({ path, bytes: Buffer.from(content, 'base64') }));
  });
}

/** Makes a plain store of a copy of a backup, on the disk when the promise resolves. */
export async function unsealBackup(copy: string): Promise<void> {
  await withDatabase(copy, (database) => database.exec(dropTables));
  chmodSync(copy, 0o600);
  flushToDisk(copy);
}

/** Gives a finished file its name. */
export function putInPlace(partial: string, file: string): void {
  chmodSync(partial, 0o600);
  flushToDisk(partial);
  renameSync(partial, file);
}

async function withDatabase<T>(file: string, work: (database: SqliteDatabase) => T): Promise<T> {
  const library = await loadSqlite();
  let database: SqliteDatabase | undefined;
  try {
    database = new library.DatabaseSync(file);
    return work(database);
  } catch (error) {
    if (error instanceof ServerError) throw error;
    throw damaged(file, messageOf(error), error);
  } finally {
    database?.close();
  }
}

function isSqlite(file: string): boolean {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(16);
    readSync(descriptor, head, 0, 16, 0);
    return head.toString('latin1') === 'SQLite format 3\0';
  } finally {
    closeSync(descriptor);
  }
}

function flushToDisk(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const damaged = (file: string, why: string, cause?: unknown): ServerError =>
  new ServerError(
    'BACKUP_DAMAGED',
    `${file} cannot be used as a backup: ${why}; nothing was changed, take another one`,
    cause === undefined ? {} : { cause },
  );
