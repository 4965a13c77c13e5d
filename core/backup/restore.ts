import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { SystemClock } from '../clock.js';
import type { Logger } from '../logger.js';
import { SqliteStore } from '../store/sqlite-store.js';
import { putInPlace, readBackupFiles, unsealBackup, verifyBackup } from './backup-file.js';
import { type DataFile, takeBackDataFiles, writeDataFiles } from './data-files.js';

export interface RestorePlace {
  /** The data folder, held by this process. */
  readonly data: string;
  /** File of the sqlite driver; closed. */
  readonly storeFile: string;
  readonly log: Logger;
}

/**
 * Puts the content of a backup in the place of what is there, which stays beside it as NAME.before-restore.
 * A backup that is not whole changes nothing. The returned function takes everything back.
 * Errors `BACKUP_DAMAGED`, `STORE_TOO_NEW`, `NO_BACKUP`.
 */
export async function applyBackup(
  backup: string,
  { data, storeFile, log }: RestorePlace,
): Promise<() => void> {
  await verifyBackup(backup);
  const files = await readBackupFiles(backup);
  const next = `${storeFile}.partial`;
  const before = `${storeFile}.before-restore`;
  try {
    copyFileSync(backup, next);
    await unsealBackup(next);
    await settleJournal(storeFile, log);
    for (const end of ['', '-wal', '-shm']) rmSync(`${before}${end}`, { force: true });
    const had = existsSync(storeFile);
    // The old file has two names until the new one takes the first: at no moment is there no store.
    if (had) linkSync(storeFile, before);
    for (const end of ['-wal', '-shm']) {
      if (existsSync(`${storeFile}${end}`)) renameSync(`${storeFile}${end}`, `${before}${end}`);
    }
    putInPlace(next, storeFile);
    writeDataFiles(data, files);
    return () => takeBack(data, storeFile, files, had);
  } finally {
    rmSync(next, { force: true });
  }
}

function takeBack(data: string, storeFile: string, files: readonly DataFile[], had: boolean): void {
  takeBackDataFiles(data, files);
  for (const end of ['-wal', '-shm']) rmSync(`${storeFile}${end}`, { force: true });
  if (!had) {
    rmSync(storeFile, { force: true });
    return;
  }
  for (const end of ['', '-wal', '-shm']) {
    const before = `${storeFile}.before-restore${end}`;
    if (existsSync(before)) renameSync(before, `${storeFile}${end}`);
  }
}

/** A journal that a killed process left belongs to the old file and would spoil the new one. */
async function settleJournal(file: string, log: Logger): Promise<void> {
  if (!existsSync(`${file}-wal`)) return;
  try {
    const clock = new SystemClock();
    const store = await SqliteStore.open({ file, clock, log, durability: 'normal' });
    await store.close();
  } catch {
    // The old store is beyond help, which may be why it is being replaced; its journal goes aside with it.
  }
}
