import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { configExample } from '../config/config-example.js';
import { configJsonSchema } from '../config/config-json-schema.js';
import { configReference, type DescribedPlugin } from '../config/config-reference.js';
import { ServerError } from '../errors.js';
import { bundledPlugins, loadPlugin } from '../plugin-loader.js';

/** Plugins of each purpose that `init` knows. */
const PURPOSES: Readonly<Record<string, readonly string[]>> = {
  'game-server': ['game-server', 'rules', 'a2s', 'heartbeat'],
  master: ['master', 'browser'],
  vcmi: ['vcmi-lobby'],
  relay: ['relay'],
  community: ['master', 'browser', 'vcmi-lobby', 'relay'],
};

/** Adds `init` and the generators of reference, example and JSON Schema. */
export function addConfigCommands(program: Command): void {
  program
    .command('init')
    .description('write a commented beaconry.yaml with every key at its default')
    .argument('[dir]', 'folder to write to', '.')
    .option(
      '--for <purpose>',
      `what the file is for: ${Object.keys(PURPOSES).join(', ')}`,
      'game-server',
    )
    .action(async (folder: string, options: { for: string }) => {
      process.stdout.write(await initialise(folder, options.for));
    });
  program
    .command('config-reference')
    .description('print every configuration key as Markdown')
    .action(async () => {
      process.stdout.write(configReference(await describedPlugins()));
    });
  program
    .command('config-example')
    .description('print a configuration with every key of every bundled plugin at its default')
    .action(async () => {
      process.stdout.write(configExample(await describedPlugins()));
    });
  program
    .command('config-schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(async () => {
      const schema = configJsonSchema(await describedPlugins());
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}

/** Name, purpose and keys of bundled plugins. */
async function describedPlugins(
  names: Iterable<string> = bundledPlugins().keys(),
): Promise<DescribedPlugin[]> {
  const described: DescribedPlugin[] = [];
  for (const name of names) {
    const { doc, config } = await loadPlugin(name, '.');
    described.push({
      name,
      ...(doc === undefined ? {} : { doc }),
      ...(config === undefined ? {} : { config }),
    });
  }
  return described;
}

async function initialise(folder: string, purpose: string): Promise<string> {
  const names = PURPOSES[purpose]?.filter((name) => bundledPlugins().has(name));
  if (names === undefined) {
    throw new ServerError(
      'USAGE',
      `--for ${purpose} is unknown; there are: ${Object.keys(PURPOSES).join(', ')}`,
    );
  }
  const file = join(folder, 'beaconry.yaml');
  if (existsSync(file)) {
    throw new ServerError('EXISTS', `${file} exists and is left as it is; name another folder`);
  }
  const plugins = await describedPlugins(names);
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  writeFileSync(file, configExample(plugins));
  writeFileSync(
    join(folder, 'beaconry.schema.json'),
    `${JSON.stringify(configJsonSchema(await describedPlugins()), null, 2)}\n`,
  );
  return [
    `wrote ${file} (every key at its default), beaconry.schema.json for editors, and the folder data`,
    'everything listens on loopback; to let others in, change the hosts under "endpoints" and open',
    'these ports in your firewall:',
    ...portsToOpen(plugins),
    `check it with "beaconry check-config ${file}", run it with "beaconry start ${file}"`,
    '',
  ].join('\n');
}

function portsToOpen(plugins: readonly DescribedPlugin[]): string[] {
  const example = configExample(plugins);
  const lines = example.match(/^ {2}[a-z-]+: +\{ (?:udp|tcp|http): .*\}.*$/gm) ?? [];
  return lines.filter((line) => !line.trim().startsWith('admin')).map((line) => `  ${line.trim()}`);
}
