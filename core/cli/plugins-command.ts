import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigFile } from '../config/config-file.js';
import { messageOf } from '../errors.js';
import { bundledPlugins, loadPlugin } from '../plugin-loader.js';
import { DEFAULT_FILE, sourceOf } from './start-command.js';

/** Adds `plugins`: what is bundled, and what the configuration of this folder enables. */
export function addPluginsCommand(program: Command): void {
  program
    .command('plugins')
    .description('list the bundled plugins and those that the configuration enables')
    .argument('[file]', 'configuration file, else ./beaconry.yaml when there is one')
    .action(async (file: string | undefined) => {
      const path = file ?? DEFAULT_FILE;
      const configured =
        file !== undefined || existsSync(path) ? ConfigFile.open(sourceOf(file, [])) : undefined;
      const used = new Set(configured?.plugins.map(({ use }) => use));
      process.stdout.write('bundled:\n');
      for (const name of bundledPlugins().keys()) {
        const { doc } = await loadPlugin(name, '.');
        process.stdout.write(`  ${used.has(name) ? '*' : ' '} ${name.padEnd(18)} ${doc ?? ''}\n`);
      }
      if (configured === undefined) return;
      process.stdout.write(`\nenabled by ${path} (* above, and):\n`);
      for (const { name, use } of configured.plugins) {
        if (bundledPlugins().has(use)) continue;
        const doc = await loadPlugin(use, configured.folder).then(
          (plugin) => plugin.doc ?? '',
          (error) => messageOf(error),
        );
        process.stdout.write(`    ${name.padEnd(18)} ${use}  ${doc}\n`);
      }
    });
}
