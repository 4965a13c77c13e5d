import { createHash } from 'node:crypto';
import type { SqliteDatabase } from '../store/sqlite-library.js';

interface Row {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly expires: number | bigint | null;
}

/** Rows read at once, so that a store of any size fits into memory. */
const page = 2000;

/** SHA-256 over every entry of the store and every file of the backup, in hex, and their numbers. */
export function digestContent(database: SqliteDatabase): {
  digest: string;
  entries: number;
  files: number;
} {
  const hash = createHash('sha256');
  const add = (...texts: string[]) => hash.update(`${JSON.stringify(texts)}\n`);
  let entries = 0;
  let [namespace, key] = ['', ''];
  const select = database.prepare(
    'SELECT namespace, key, value, expires FROM entry WHERE (namespace, key) > (?, ?) ORDER BY namespace, key LIMIT ?',
  );
  for (;;) {
    const rows = select.all(namespace, key, page) as Row[];
    for (const row of rows) {
      add(row.namespace, row.key, row.value, row.expires === null ? '' : String(row.expires));
    }
    entries += rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) break;
    ({ namespace, key } = last);
  }
  const files = database.prepare('SELECT path, content FROM backup_file ORDER BY path').all() as {
    path: string;
    content: string;
  }[];
  for (const { path, content } of files) add('file', path, content);
  return { digest: hash.digest('hex'), entries, files: files.length };
}
