import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import type { ServerFacts } from '../plugin.js';
import { SqliteStore } from '../store/sqlite-store.js';
import type { StoreDriver } from '../store/store.js';
import { type BackupManifest, putInPlace, sealBackup } from './backup-file.js';
import { readDataFiles } from './data-files.js';

export interface BackupParts {
  readonly store: StoreDriver;
  /** File of the sqlite driver. */
  readonly storeFile: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly facts: Pick<ServerFacts, 'data' | 'node' | 'version'>;
}

/** Writes backups of an open store, also while others write to it. */
export class Backup {
  constructor(private readonly parts: BackupParts) {}

  /** Writes a verified backup (0600) under that name, all at once. Errors `STORE_BACKUP`, `STORE_COPY`, `BACKUP_FILES`. */
  async write(file: string, { withKeys }: { withKeys: boolean }): Promise<BackupManifest> {
    const { store, storeFile, clock, facts } = this.parts;
    if (!(store instanceof SqliteStore)) {
      throw new ServerError(
        'STORE_BACKUP',
        store.name === 'memory'
          ? 'store.driver memory keeps nothing that could be backed up'
          : `store.driver ${store.name} is backed up with the tools of its server (BGSAVE and a copy of its files)`,
      );
    }
    const partial = `${file}.partial`;
    try {
      const files = withKeys ? readDataFiles(facts.data, storeFile) : [];
      await store.backup(partial);
      const { node, version } = facts;
      const created = new Date(clock.now());
      const manifest = await sealBackup(partial, { created, version, node, files });
      putInPlace(partial, file);
      return manifest;
    } finally {
      rmSync(partial, { force: true });
    }
  }

  /** A name in the data folder for a backup on its way out or in; the caller removes it. */
  passingName(): string {
    return join(this.parts.facts.data, `backup-${randomBytes(8).toString('hex')}.partial`);
  }
}
