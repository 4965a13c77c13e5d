import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { bundledPlugins } from '../plugin-loader.js';
import type { CliExtension } from './cli-extension.js';

/** Lets every bundled folder with a `cli.js` add its commands. */
export async function addExtensions(program: Command): Promise<void> {
  for (const url of bundledPlugins().values()) {
    const file = new URL('cli.js', url);
    if (!existsSync(file)) continue;
    const module = (await import(file.href)) as { default: CliExtension };
    module.default(program);
  }
}
