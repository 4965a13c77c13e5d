import type { Clock } from '../clock.js';
import { messageOf, ServerError } from '../errors.js';
import { encodeValue } from './entry-limits.js';
import { endOfPrefix } from './key-order.js';
import type { KeyedTable, ScanRange } from './keyed-store.js';
import type { SqliteDatabase } from './sqlite-library.js';
import type { Json } from './store.js';

interface Waiting {
  commit(): void;
  fail(error: ServerError): void;
}

/** Operations in one transaction at most, so that its memory and its loss stay bounded. */
const maxBatch = 4096;

/**
 * The table in a SQLite file with group commit: the first write of a tick opens a transaction, all steps of the
 * tick run in it, and their promises settle after its COMMIT. When it fails, all of them fail.
 */
export class SqliteTable implements KeyedTable {
  #batch: Waiting[] | undefined;
  #closed = false;
  #failure: string | undefined;
  readonly #read;
  readonly #write;
  readonly #remove;
  readonly #scan;
  readonly #purge;

  constructor(
    private readonly database: SqliteDatabase,
    private readonly file: string,
    private readonly clock: Clock,
  ) {
    this.#read = database.prepare(
      'SELECT value FROM entry WHERE namespace = ? AND key = ? AND (expires IS NULL OR expires > ?)',
    );
    this.#write = database.prepare(
      'INSERT INTO entry (namespace, key, value, expires) VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, expires = excluded.expires',
    );
    this.#remove = database.prepare('DELETE FROM entry WHERE namespace = ? AND key = ?');
    this.#scan = database.prepare(
      'SELECT key, value FROM entry WHERE namespace = ?1 AND key > ?2 AND key >= ?3 ' +
        'AND (?4 IS NULL OR key < ?4) AND (expires IS NULL OR expires > ?5) ORDER BY key LIMIT ?6',
    );
    this.#purge = database.prepare(
      'DELETE FROM entry WHERE (namespace, key) IN ' +
        '(SELECT namespace, key FROM entry WHERE expires IS NOT NULL AND expires <= ? LIMIT ?)',
    );
  }

  /** Why the last transaction failed; undefined when it succeeded. */
  get failure(): string | undefined {
    return this.#failure;
  }

  read(namespace: string, key: string): Json | undefined {
    const row = this.#attempt(() => this.#read.get(namespace, key, this.clock.now())) as
      | { readonly value: string }
      | undefined;
    return row === undefined ? undefined : (JSON.parse(row.value) as Json);
  }

  write(namespace: string, key: string, value: Json, expires: number | null): void {
    const text = encodeValue(key, value);
    this.#attempt(() => this.#write.run(namespace, key, text, expires));
  }

  remove(namespace: string, key: string): void {
    this.#attempt(() => this.#remove.run(namespace, key));
  }

  scan(namespace: string, { prefix, after, limit }: ScanRange): [string, Json][] {
    const end = endOfPrefix(prefix) ?? null;
    const now = this.clock.now();
    const rows = this.#attempt(() => this.#scan.all(namespace, after, prefix, end, now, limit)) as {
      readonly key: string;
      readonly value: string;
    }[];
    return rows.map(({ key, value }) => [key, JSON.parse(value) as Json]);
  }

  purge(limit: number): number {
    return Number(this.#attempt(() => this.#purge.run(this.clock.now(), limit)).changes);
  }

  perform<T>(kind: 'read' | 'write', step: () => T): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new ServerError('STORE_CLOSED', `the store ${this.file} is closed`));
    }
    try {
      if (kind === 'write') this.#begin();
      const result = step();
      return this.#batch === undefined ? Promise.resolve(result) : this.#afterCommit(result);
    } catch (error) {
      // After an error of SQLite the transaction may be gone already: none of its steps may count as done.
      if (error instanceof StoreFailure) this.#abort(error);
      return Promise.reject(error);
    }
  }

  /** Commits what is waiting, now. */
  flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    try {
      this.#attempt(() => this.database.exec('COMMIT'));
    } catch (error) {
      this.#abort(error as StoreFailure);
      return;
    }
    this.#batch = undefined;
    this.#failure = undefined;
    for (const waiting of batch) waiting.commit();
  }

  close(): void {
    this.flush();
    this.#closed = true;
  }

  #begin(): void {
    if (this.#batch !== undefined) return;
    this.#attempt(() => this.database.exec('BEGIN IMMEDIATE'));
    const batch: Waiting[] = [];
    this.#batch = batch;
    setImmediate(() => {
      if (this.#batch === batch) this.flush();
    });
  }

  #afterCommit<T>(result: T): Promise<T> {
    return new Promise((resolve, reject) => {
      const batch = this.#batch as Waiting[];
      batch.push({ commit: () => resolve(result), fail: reject });
      if (batch.length >= maxBatch) this.flush();
    });
  }

  #abort(failure: StoreFailure): void {
    this.#failure = failure.message;
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch === undefined) return;
    try {
      this.database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    for (const waiting of batch) waiting.fail(failure);
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new StoreFailure(
        'STORE_FAILED',
        `the store ${this.file} failed: ${messageOf(cause)}; nothing of this transaction was kept. ` +
          'Check free space, the rights of the file and its folder, and that no other program holds it locked',
        { cause },
      );
    }
  }
}

/** An error of SQLite itself, as opposed to one of the caller's own code. */
class StoreFailure extends ServerError {}
