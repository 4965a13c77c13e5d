import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { ConfigFile } from '../config/config-file.js';
import { ServerError } from '../errors.js';
import { RestartingServer } from './restarting-server.js';
import { setOption } from './set-option.js';
import { DEFAULT_FILE } from './start-command.js';

/** Adds `dev`: a server that starts again whenever a file of the plugin changes. */
export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description('run a server and start it again whenever a file of the plugin changes')
    .argument('<plugin>', 'folder or file of the plugin')
    .option('--config <file>', 'configuration, else beaconry.yaml of the plugin or of this folder')
    .addOption(setOption())
    .action(async (plugin: string, options: { config?: string; set: readonly string[] }) => {
      const watched = folderOf(plugin);
      const config = options.config ?? configOf(plugin, watched);
      checkListed(config, plugin, watched);
      const set = options.set.flatMap((entry) => ['--set', entry]);
      await new RestartingServer(watched, ['start', config, '--spoil-views', ...set]).run();
    });
}

function folderOf(plugin: string): string {
  const path = resolve(plugin);
  if (!existsSync(path)) {
    throw new ServerError(
      'USAGE',
      `no file or folder ${path}; "beaconry new-plugin NAME" writes a plugin`,
    );
  }
  return statSync(path).isDirectory() ? path : dirname(path);
}

function configOf(plugin: string, folder: string): string {
  const candidates = [join(folder, DEFAULT_FILE), resolve(DEFAULT_FILE)];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new ServerError(
    'USAGE',
    `there is no ${DEFAULT_FILE} beside ${plugin} or in this folder; write one that lists the plugin, or name it with --config`,
  );
}

/** A server without the plugin would look as if the plugin did nothing. */
function checkListed(config: string, plugin: string, folder: string): void {
  const file = ConfigFile.open({ path: config, env: process.env });
  const listed = file.plugins.some(({ use }) => resolve(file.folder, use).startsWith(folder));
  if (listed) return;
  throw new ServerError(
    'USAGE',
    `${config} does not enable ${plugin}: add a line under "plugins", such as my-plugin: { use: ${resolve(plugin)} }`,
  );
}
