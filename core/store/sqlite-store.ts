import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock.js';
import { messageOf, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import { KeyedStore, purgeRegularly } from './keyed-store.js';
import { copyDatabase, type Migration, migrations, prepareFormat } from './sqlite-format.js';
import { loadSqlite, type SqliteDatabase, type SqliteLibrary } from './sqlite-library.js';
import { SqliteTable } from './sqlite-table.js';
import type { StoreDriver } from './store.js';

export interface SqliteStoreOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** `normal` survives the death of the process, `full` also a power cut. */
  readonly durability: 'normal' | 'full';
  /** Most bytes the file may grow to; beyond it writes fail and the process lives on. Default: no bound. */
  readonly maxBytes?: number;
  /** Steps between formats; default: those of this program. */
  readonly migrations?: readonly Migration[];
}

/** One file, readable by its owner alone. */
export class SqliteStore extends KeyedStore implements StoreDriver {
  readonly name = 'sqlite';
  readonly #table: SqliteTable;
  readonly #endPurge: () => void;
  #closed = false;

  private constructor(
    readonly library: SqliteLibrary,
    private readonly database: SqliteDatabase,
    { file, clock, log }: SqliteStoreOptions,
  ) {
    const table = new SqliteTable(database, file, clock);
    super(table, clock);
    this.#table = table;
    this.#endPurge = purgeRegularly(table, clock, (error) =>
      log.error({ err: error }, 'cannot purge the store'),
    );
  }

  /** Opens or creates the file (0600; its folder 0700 when created). Errors: `STORE_OPEN`, `STORE_TOO_NEW`, `STORE_FOREIGN`, `STORE_COPY`. */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const library = await loadSqlite();
    const { file } = options;
    let database: SqliteDatabase | undefined;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // Created before SQLite sees it: its -wal and -shm files take over these rights.
      closeSync(openSync(file, 'a', 0o600));
      chmodSync(file, 0o600);
      database = new library.DatabaseSync(file);
      configure(database, options);
      prepareFormat(library, database, file, options.migrations ?? migrations);
      return new SqliteStore(library, database, options);
    } catch (error) {
      if (database !== undefined) closeDatabase(database);
      if (error instanceof ServerError) throw error;
      throw new ServerError(
        'STORE_OPEN',
        `cannot open the store ${file}: ${messageOf(error)}; check the rights of the file and its folder, or restore a backup`,
        { cause: error },
      );
    }
  }

  health(): string | undefined {
    return this.#closed ? 'the store is closed' : this.#table.failure;
  }

  /** Writes a consistent copy to `file` (0600), verified by reopening it. Error `STORE_COPY`. */
  async backup(file: string): Promise<void> {
    this.#table.flush();
    copyDatabase(this.library, this.database, file);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#endPurge();
    this.#table.close();
    closeDatabase(this.database);
  }
}

/**
 * Leaves one self-contained file without -wal and -shm. The package keeps a connection half open while prepared
 * statements wait for garbage collection; outside WAL such a connection locks nobody out.
 */
function closeDatabase(database: SqliteDatabase): void {
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE');
  } catch {
    // Somebody else has the file open; the -wal file stays and is read at the next start.
  }
  database.close();
}

function configure(database: SqliteDatabase, { durability, maxBytes }: SqliteStoreOptions): void {
  database.exec(`
    PRAGMA busy_timeout = 250;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'};
    PRAGMA foreign_keys = ON;
  `);
  if (maxBytes === undefined) return;
  const { page_size: pageSize } = database.prepare('PRAGMA page_size').get() as {
    page_size: number;
  };
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
}
