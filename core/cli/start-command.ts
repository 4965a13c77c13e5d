import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { ConfigSource } from '../config/config-file.js';
import { ServerError } from '../errors.js';
import { prepare } from '../prepare.js';
import { EXIT } from './exit-code.js';
import { fail, runServer } from './server-process.js';
import { setOption } from './set-option.js';

export const DEFAULT_FILE = 'beaconry.yaml';
interface StartOptions {
  readonly set: readonly string[];
  readonly readyFile?: string;
  readonly spoilViews?: true;
}

/** Adds `start` and `check-config`. */
export function addStartCommands(program: Command): void {
  program
    .command('start')
    .description('run the server that a configuration file describes')
    .argument('[file]', `configuration file, else ./${DEFAULT_FILE}`)
    .addOption(setOption())
    .option('--ready-file <file>', 'write the ready report there when everything is bound')
    .option('--spoil-views', 'spoil datagrams after their handler, as dev does, to find kept ones')
    .action(async (file: string | undefined, { set, readyFile, spoilViews }: StartOptions) => {
      await runServer({
        source: sourceOf(file, set),
        poison: spoilViews === true,
        ...(readyFile === undefined ? {} : { readyFile }),
      });
    });
  program
    .command('check-config')
    .description('report every problem of a configuration file at once')
    .argument('[file]', `configuration file, else ./${DEFAULT_FILE}`)
    .addOption(setOption())
    .action(async (file: string | undefined, { set }: StartOptions) => {
      try {
        const { plugins } = await prepare(sourceOf(file, set));
        const order = plugins.map(({ name }) => name).join(', ');
        process.stdout.write(`configuration is fine; plugins in order: ${order}\n`);
      } catch (error) {
        fail(error);
      }
    });
}

/** The file that was named, or the usual one of this folder. */
export function sourceOf(file: string | undefined, set: readonly string[]): ConfigSource {
  const path = file ?? DEFAULT_FILE;
  if (!existsSync(path)) {
    const error = new ServerError(
      'NO_CONFIG',
      file === undefined
        ? `no ${DEFAULT_FILE} in this folder: "beaconry init" writes one, "beaconry demo" runs without`
        : `no such configuration file: ${file} ("beaconry init" writes one)`,
    );
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT.configuration);
  }
  return { path, env: process.env, set };
}
