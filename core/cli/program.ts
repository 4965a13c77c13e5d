import { Command, Help, type Option } from 'commander';
import { packageInfo } from '../package-info.js';
import { addExtensions } from './add-extensions.js';
import { addBackupCommands } from './backup-commands.js';
import { addConfigCommands } from './config-commands.js';
import { addDemoCommand } from './demo-command.js';
import { addDevCommand } from './dev-command.js';
import { addDoctorCommand } from './doctor-command.js';
import { addNewPluginCommand } from './new-plugin-command.js';
import { addNodeCommands } from './node-commands.js';
import { addPluginsCommand } from './plugins-command.js';
import { addStartCommands } from './start-command.js';

/** The command `beaconry` with what it can do by itself. */
export function ownProgram(): Command {
  const program = new Command('beaconry')
    .description('game-server framework with a master server, query responder and server browser')
    .version(packageInfo.version)
    .showHelpAfterError('(beaconry --help lists all commands)')
    .configureHelp({
      minWidthToWrap: 20,
      // What is empty unless given needs no word about it.
      optionDescription: (option: Option) =>
        new Help().optionDescription(option).replace(/ \(default: (\[\]|"")\)$/, ''),
    })
    .addHelpText(
      'after',
      `
Commands of a running node find it by the beaconry.yaml of this folder; --config,
--admin and --token-file name another. "beaconry help COMMAND" tells more.`,
    )
    .exitOverride();
  program.commandsGroup('Run a server:');
  addDemoCommand(program);
  addStartCommands(program);
  addConfigCommands(program);
  addDoctorCommand(program);
  addBackupCommands(program);
  program.commandsGroup('Write plugins:');
  addPluginsCommand(program);
  addNewPluginCommand(program);
  addDevCommand(program);
  return program;
}

/** Adds what bundled folders and plugins bring: importing them takes time that the start of a server need not wait for. */
export async function addPluginParts(program: Command): Promise<void> {
  program.commandsGroup('Tools that need no node:');
  await addExtensions(program);
  program.commandsGroup('Commands of a running node, by the plugin that has them:');
  await addNodeCommands(program);
  program.helpCommand(true);
}
