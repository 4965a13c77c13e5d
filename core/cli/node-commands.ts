import { existsSync } from 'node:fs';
import type { Command as Program } from 'commander';
import { coreCommands } from '../admin/core-commands.js';
import type { Command } from '../commands/command.js';
import { positionalParameters } from '../commands/command-parameters.js';
import { ConfigFile } from '../config/config-file.js';
import { describeSection } from '../config/describe-section.js';
import type { Section } from '../config/schema.js';
import { bundledPlugins, loadPlugin } from '../plugin-loader.js';
import { type NodeOptions, RunningNode, withNodeOptions } from './running-node.js';
import { addTopCommand } from './top-command.js';

/** Adds the commands of bundled and configured plugins, which run in the running node, and `top`. */
export async function addNodeCommands(program: Program): Promise<void> {
  for (const { owner, command } of await pluginCommands()) addCommand(program, owner, command);
  addTopCommand(program);
}

/** Commands by their names; the owner is the plugin that must run for them. */
async function pluginCommands(): Promise<OwnedCommand[]> {
  const uses = new Map<string, string>([...bundledPlugins().keys()].map((name) => [name, '.']));
  if (existsSync('beaconry.yaml')) {
    const file = ConfigFile.open({ path: 'beaconry.yaml', env: process.env });
    for (const { use } of file.plugins) if (!uses.has(use)) uses.set(use, file.folder);
  }
  const commands = new Map(
    coreCommands.map((command) => [command.name, { owner: 'every node', command }]),
  );
  for (const [use, folder] of uses) {
    // A plugin that cannot be loaded is reported by `start` and `check-config`; here it has no commands.
    const plugin = await loadPlugin(use, folder).catch(() => undefined);
    for (const command of plugin?.commands ?? []) {
      commands.set(command.name, { owner: plugin?.name ?? use, command });
    }
  }
  return [...commands.values()];
}

interface OwnedCommand {
  readonly owner: string;
  readonly command: Command;
}

function addCommand(program: Program, owner: string, command: Command): void {
  const dash = command.name.indexOf('-');
  const group = dash === -1 ? undefined : command.name.slice(0, dash);
  const parent = group === undefined ? program : groupOf(program, group);
  if (parent !== program) {
    const before = parent.description() === '' ? `${owner}: ` : `${parent.description()}, `;
    parent.description(before + command.name.slice(dash + 1));
  }
  const child = parent
    .command(dash === -1 ? command.name : command.name.slice(dash + 1))
    .description(command.doc);
  const positional = positionalParameters(command);
  for (const { name, doc, format, required, default: given } of describeSection(
    command.parameters as Section,
  )) {
    const form = [format === 'text' ? [] : format, given === '' ? [] : `default ${given}`].flat();
    const said = `${doc.replace(/\.$/, '')}${form.length === 0 ? '' : ` (${form.join(', ')})`}`;
    if (required) child.argument(`<${name}>`, said);
    else child.option(`--${name} <value>`, said);
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
  return known ?? program.command(name);
}
