import { existsSync } from 'node:fs';
import type { Command as Program } from 'commander';
import type { Command } from '../commands/command.js';
import { positionalParameters } from '../commands/command-parameters.js';
import { ConfigFile } from '../config/config-file.js';
import { describeSection } from '../config/describe-section.js';
import type { Section } from '../config/schema.js';
import type { HeavySource } from '../net/heavy-sources.js';
import { bundledPlugins, loadPlugin } from '../plugin-loader.js';
import { type NodeOptions, RunningNode } from './running-node.js';

/** Adds the commands of bundled and configured plugins, which run in the running node, and `top`. */
export async function addNodeCommands(program: Program): Promise<void> {
  for (const command of await pluginCommands()) addCommand(program, command);
  withNodeOptions(program.command('top').description('heaviest sources of each UDP endpoint, live'))
    .option('--once', 'print once and end')
    .action(async (options: NodeOptions & { once?: true }) => {
      const node = RunningNode.find(options);
      for (;;) {
        process.stdout.write(await topText(node, options.once !== true && process.stdout.isTTY));
        if (options.once) return;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    });
}

async function pluginCommands(): Promise<Command[]> {
  const uses = new Map<string, string>([...bundledPlugins().keys()].map((name) => [name, '.']));
  if (existsSync('beaconry.yaml')) {
    const file = ConfigFile.open({ path: 'beaconry.yaml', env: process.env });
    for (const { use } of file.plugins) if (!uses.has(use)) uses.set(use, file.folder);
  }
  const commands = new Map<string, Command>();
  for (const [use, folder] of uses) {
    // A plugin that cannot be loaded is reported by `start` and `check-config`; here it has no commands.
    const plugin = await loadPlugin(use, folder).catch(() => undefined);
    for (const command of plugin?.commands ?? []) commands.set(command.name, command);
  }
  return [...commands.values()];
}

function addCommand(program: Program, command: Command): void {
  const dash = command.name.indexOf('-');
  const group = dash === -1 ? undefined : command.name.slice(0, dash);
  const parent = group === undefined ? program : groupOf(program, group);
  const child = parent
    .command(dash === -1 ? command.name : command.name.slice(dash + 1))
    .description(command.doc);
  const positional = positionalParameters(command);
  for (const { name, doc, format, required, default: given } of describeSection(
    command.parameters as Section,
  )) {
    if (required) child.argument(`<${name}>`, `${doc} (${format})`);
    else {
      child.option(
        `--${name} <value>`,
        `${doc} (${format}${given === '' ? '' : `, default ${given}`})`,
      );
    }
  }
  withNodeOptions(child)
    .option('--json', 'print JSON')
    .action(async (...args: unknown[]) => {
      const options = args[positional.length] as NodeOptions &
        Record<string, string> & { json?: true };
      const texts: Record<string, string> = {};
      for (const name of Object.keys(command.parameters as Section)) {
        const at = positional.indexOf(name);
        const value = at === -1 ? options[name] : (args[at] as string);
        if (value !== undefined) texts[name] = value;
      }
      const node = RunningNode.find(options);
      const { result } = await node.post<{ result: unknown }>(
        `/v1/admin/commands/${command.name}`,
        { texts },
      );
      process.stdout.write(
        typeof result === 'string' && options.json !== true
          ? `${result}\n`
          : `${JSON.stringify(result, null, 2)}\n`,
      );
    });
}

function groupOf(program: Program, name: string): Program {
  const known = program.commands.find((command) => command.name() === name);
  return known ?? program.command(name).description(`commands about each ${name}`);
}

const withNodeOptions = (command: Program): Program =>
  command
    .option('--config <file>', 'configuration file of the node, default ./beaconry.yaml')
    .option('--admin <url>', 'admin endpoint of the node, such as http://127.0.0.1:8081')
    .option('--token-file <file>', 'file with the admin token');

async function topText(node: RunningNode, clear: boolean): Promise<string> {
  const { items } = await node.get<{ items: { endpoint: string; sources: HeavySource[] }[] }>(
    '/v1/admin/top?limit=10',
  );
  const lines = items.flatMap(({ endpoint, sources }) => [
    `${endpoint}: heaviest sources, datagrams of about the last two minutes`,
    ...(sources.length === 0
      ? ['  none']
      : sources.map(({ host, datagrams }) => `  ${String(datagrams).padStart(10)}  ${host}`)),
  ]);
  return `${clear ? '\u001b[2J\u001b[H' : ''}${lines.join('\n')}\n`;
}
