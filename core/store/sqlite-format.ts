import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { messageOf, ServerError } from '../errors.js';
import type { SqliteDatabase, SqliteLibrary } from './sqlite-library.js';

/** One step from a format to the next; runs inside the transaction that also raises the format number. */
export interface Migration {
  readonly doc: string;
  run(database: SqliteDatabase): void;
}

/** The first entry leads from format 1 to 2, and so on: whoever changes the format adds one entry. */
export const migrations: readonly Migration[] = [];

/** The format this program writes. */
export const newestFormat = 1 + migrations.length;

/** `BCNY`: tells our file from any other SQLite file. */
const applicationId = 0x42434e59;

/** Format 1: one table for all; `expires` is Unix milliseconds. */
const createFormat1 = `
  CREATE TABLE entry (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires INTEGER,
    PRIMARY KEY (namespace, key)
  ) WITHOUT ROWID;
  CREATE INDEX entry_expires ON entry (expires) WHERE expires IS NOT NULL;
`;

/**
 * Brings the file to the newest format: creates an empty one, migrates an older one after a verified copy
 * `FILE.format-N.bak`, and refuses a newer (`STORE_TOO_NEW`) or foreign one (`STORE_FOREIGN`).
 */
export function prepareFormat(
  library: SqliteLibrary,
  database: SqliteDatabase,
  file: string,
  steps: readonly Migration[],
): void {
  const newest = 1 + steps.length;
  const found = formatOf(database);
  if (found === 0 && tableCount(database) === 0) {
    inTransaction(database, () => {
      // Format 1 and all steps, so that a fresh file and a migrated one cannot differ.
      database.exec(createFormat1);
      for (const step of steps) step.run(database);
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${newest}`);
    });
    return;
  }
  if (pragma(database, 'application_id') !== applicationId) {
    throw new ServerError(
      'STORE_FOREIGN',
      `${file} is a SQLite file of another program; set store.path to another file`,
    );
  }
  if (found > newest) {
    throw new ServerError(
      'STORE_TOO_NEW',
      `${file} has format ${found} and this program knows formats up to ${newest}; run the newer program, or restore the copy that it wrote beside the file before migrating`,
    );
  }
  if (found === newest) return;
  copyDatabase(library, database, `${file}.format-${found}.bak`);
  inTransaction(database, () => {
    for (const step of steps.slice(found - 1)) step.run(database);
    database.exec(`PRAGMA user_version = ${newest}`);
  });
}

/**
 * Writes a consistent copy (0600) under a temporary name, verifies it by opening it, and puts it in place;
 * a copy of that name is replaced only by one that proved good. Error `STORE_COPY`.
 */
export function copyDatabase(
  library: SqliteLibrary,
  database: SqliteDatabase,
  target: string,
): void {
  const partial = `${target}.partial`;
  try {
    rmSync(partial, { force: true });
    // SQLite takes an empty file as target, so nobody else can read it at any moment.
    closeSync(openSync(partial, 'wx', 0o600));
    chmodSync(partial, 0o600);
    database.prepare('VACUUM INTO ?').run(partial);
    verifyCopy(library, database, partial);
    flushToDisk(partial);
    renameSync(partial, target);
  } catch (cause) {
    if (existsSync(partial)) rmSync(partial, { force: true });
    throw new ServerError(
      'STORE_COPY',
      `cannot write a copy of the store to ${target}: ${messageOf(cause)}; check the folder's rights and the free space`,
      { cause },
    );
  }
}

function verifyCopy(library: SqliteLibrary, source: SqliteDatabase, copy: string): void {
  const database = new library.DatabaseSync(copy);
  try {
    const check = database.prepare('PRAGMA integrity_check').get() as { integrity_check: string };
    if (check.integrity_check !== 'ok') throw new Error(`damaged: ${check.integrity_check}`);
    if (formatOf(database) !== formatOf(source) || entryCount(database) !== entryCount(source)) {
      throw new Error('the copy differs from the store');
    }
  } finally {
    database.close();
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

function inTransaction(database: SqliteDatabase, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

const formatOf = (database: SqliteDatabase): number => pragma(database, 'user_version');

function pragma(database: SqliteDatabase, name: 'user_version' | 'application_id'): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return row[name] ?? 0;
}

const tableCount = (database: SqliteDatabase): number =>
  countOf(database, 'SELECT count(*) AS count FROM sqlite_schema');
const entryCount = (database: SqliteDatabase): number =>
  countOf(database, 'SELECT count(*) AS count FROM entry');
const countOf = (database: SqliteDatabase, sql: string): number =>
  (database.prepare(sql).get() as { count: number }).count;
