import { loadSqlite } from '../../../core/store/sqlite-library.js';

/** Every entry of a closed store, or of a backup: namespace, key, value, end. */
export async function storeContent(file: string): Promise<[string, string, string, unknown][]> {
  const { DatabaseSync } = await loadSqlite();
  const database = new DatabaseSync(file);
  try {
    const rows = database
      .prepare('SELECT namespace, key, value, expires FROM entry ORDER BY namespace, key')
      .all() as { namespace: string; key: string; value: string; expires: unknown }[];
    return rows.map(({ namespace, key, value, expires }) => [namespace, key, value, expires]);
  } finally {
    database.close();
  }
}
