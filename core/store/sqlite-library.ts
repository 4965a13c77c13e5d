import { ServerError } from '../errors.js';

export interface SqliteStatement {
  run(...parameters: (string | number | null)[]): { readonly changes: number | bigint };
  get(...parameters: (string | number | null)[]): unknown;
  all(...parameters: (string | number | null)[]): unknown[];
}

/** The part of `DatabaseSync` that is used here; `node:sqlite` and `@photostructure/sqlite` share it. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteLibrary {
  readonly name: 'node:sqlite' | '@photostructure/sqlite';
  readonly DatabaseSync: new (file: string) => SqliteDatabase;
}

/** SQLite of this Node.js where it has one, else of the optional package; `STORE_NO_SQLITE` when neither is there. */
export async function loadSqlite(): Promise<SqliteLibrary> {
  const builtIn = process.getBuiltinModule?.('node:sqlite') as
    | Pick<SqliteLibrary, 'DatabaseSync'>
    | undefined;
  if (builtIn !== undefined) return { name: 'node:sqlite', DatabaseSync: builtIn.DatabaseSync };
  try {
    const { DatabaseSync } = await import('@photostructure/sqlite');
    return { name: '@photostructure/sqlite', DatabaseSync };
  } catch (cause) {
    throw new ServerError(
      'STORE_NO_SQLITE',
      'store.driver sqlite needs Node.js 22.13 or newer, or the package @photostructure/sqlite, which does not load on this machine; ' +
        'update Node.js, install the package, or set store.driver to memory (nothing then outlives the process)',
      { cause },
    );
  }
}
