import { createWriteStream, existsSync, openAsBlob, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import pino from 'pino';
import type { RestoreOutcome } from '../admin/backup-routes.js';
import { Backup } from '../backup/backup.js';
import { type BackupManifest, putInPlace, verifyBackup } from '../backup/backup-file.js';
import { applyBackup } from '../backup/restore.js';
import { SystemClock } from '../clock.js';
import { ConfigFile } from '../config/config-file.js';
import type { ServerConfig } from '../config/server-config.js';
import { takeDataFolder } from '../data-folder.js';
import { ServerError } from '../errors.js';
import { packageInfo } from '../package-info.js';
import { openStore } from '../store/open-store.js';
import { type NodeOptions, RunningNode, withNodeOptions } from './running-node.js';

/** Adds `backup` and `restore`: through the running node, or on its data when none runs. */
export function addBackupCommands(program: Command): void {
  withNodeOptions(
    program
      .command('backup')
      .description('write a verified copy of the store and the key files, also while the node runs')
      .argument('<file>', 'file to write (0600)')
      .option('--without-keys', 'leave out tokens and private keys of the data folder'),
  ).action(async (file: string, options: NodeOptions & { withoutKeys?: true }) => {
    const manifest = await backup(resolve(file), options, options.withoutKeys !== true);
    process.stdout.write(
      `wrote ${file}: ${contentOf(manifest)}, verified by reading it again\n${
        options.withoutKeys === true ? '' : 'it holds private keys: keep it as safe as they are\n'
      }`,
    );
  });
  withNodeOptions(
    program
      .command('restore')
      .description(
        'put the content of a backup in the place of what is there, which stays beside it',
      )
      .argument('<file>', 'what "beaconry backup" wrote'),
  ).action(async (file: string, options: NodeOptions) => {
    const manifest = await restore(resolve(file), options);
    process.stdout.write(
      `restored ${contentOf(manifest)}, of ${manifest.created} from node ${manifest.node}\n` +
        'what was there before lies beside it under names that end in .before-restore\n',
    );
  });
}

const contentOf = ({ entries, files }: BackupManifest): string =>
  `${entries} entries and ${files} files`;

async function backup(
  file: string,
  options: NodeOptions,
  withKeys: boolean,
): Promise<BackupManifest> {
  const partial = `${file}.partial`;
  const node = await runningNode(options);
  if (node === undefined) {
    return withClosedStore(options, async (config) => {
      const clock = new SystemClock();
      const log = pino({ level: 'silent' });
      const store = await openStore(config.store, { clock, log, data: config.data });
      try {
        const facts = { data: config.data, node: config.node ?? '', version: packageInfo.version };
        const parts = { store, storeFile: config.store.path, clock, facts };
        return await new Backup(parts).write(file, { withKeys });
      } finally {
        await store.close();
      }
    });
  }
  try {
    const bytes = await node.download('/v1/admin/backup', { keys: withKeys });
    await pipeline(Readable.fromWeb(bytes), createWriteStream(partial, { mode: 0o600 }));
    const manifest = await verifyBackup(partial);
    putInPlace(partial, file);
    return manifest;
  } finally {
    rmSync(partial, { force: true });
  }
}

async function restore(file: string, options: NodeOptions): Promise<BackupManifest> {
  const manifest = await verifyBackup(file);
  const node = await runningNode(options);
  if (node === undefined) {
    return withClosedStore(options, async ({ data, store }) => {
      await applyBackup(file, { data, storeFile: store.path, log: pino({ level: 'silent' }) });
      return manifest;
    });
  }
  const asked = Date.now();
  await node.upload('/v1/admin/restore', await openAsBlob(file));
  const outcome = await outcomeSince(asked, options);
  if (outcome.state === 'restored') return manifest;
  throw new ServerError(
    'RESTORE_FAILED',
    `the node did not start with the backup and went back to what was there: ${outcome.message}`,
  );
}

/** Milliseconds that a node may take to stop, restore and start. */
const restoreLimit = 60_000;

async function outcomeSince(asked: number, options: NodeOptions): Promise<RestoreOutcome> {
  const deadline = performance.now() + restoreLimit;
  while (performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    try {
      // The token may be another one now.
      const outcome = await RunningNode.find(options).get<RestoreOutcome>('/v1/admin/restore');
      if (outcome.at !== undefined && Date.parse(outcome.at) >= asked) return outcome;
    } catch {
      // It is between stop and start.
    }
  }
  throw new ServerError(
    'RESTORE_UNKNOWN',
    `the node took the backup but does not answer after ${restoreLimit / 1000} s: see its log`,
  );
}

/** The node of the configuration, when it answers. */
async function runningNode(options: NodeOptions): Promise<RunningNode | undefined> {
  try {
    const node = RunningNode.find(options);
    await node.get('/v1/admin/plugins');
    return node;
  } catch (error) {
    // A folder without a token never ran.
    const code = error instanceof ServerError ? error.code : '';
    if ((code === 'NO_NODE' || code === 'NO_TOKEN') && options.admin === undefined)
      return undefined;
    throw error;
  }
}

/** Works on the data of a node that does not run, and keeps others from starting meanwhile. */
async function withClosedStore<T>(
  options: NodeOptions,
  work: (config: ServerConfig) => Promise<T>,
): Promise<T> {
  const path = options.config ?? 'beaconry.yaml';
  if (!existsSync(path)) {
    throw new ServerError(
      'NO_NODE',
      `no node answers, and there is no ${path} that would say where the data is: run this beside it, or name --config or --admin`,
    );
  }
  const config = ConfigFile.open({ path, env: process.env }).server;
  const release = takeDataFolder(config.data);
  try {
    return await work(config);
  } finally {
    release();
  }
}
