#!/usr/bin/env node
import { Command, CommanderError, Help, type Option } from 'commander';
import { packageInfo } from '../package-info.js';
import { addExtensions } from './add-extensions.js';
import { addBackupCommands } from './backup-commands.js';
import { addConfigCommands } from './config-commands.js';
import { addDemoCommand } from './demo-command.js';
import { addDevCommand } from './dev-command.js';
import { addDoctorCommand } from './doctor-command.js';
import { EXIT } from './exit-code.js';
import { addNewPluginCommand } from './new-plugin-command.js';
import { addNodeCommands } from './node-commands.js';
import { addPluginsCommand } from './plugins-command.js';
import { fail } from './server-process.js';
import { addStartCommands } from './start-command.js';

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

// Importing every bundled folder takes time that the start of a server need not wait for.
const OWN = new Set([
  'demo',
  'start',
  'check-config',
  'plugins',
  'init',
  'doctor',
  'backup',
  'restore',
  'new-plugin',
  'dev',
  '--version',
  '-V',
]);
if (!OWN.has(process.argv[2] ?? '')) {
  program.commandsGroup('Tools that need no node:');
  await addExtensions(program);
  program.commandsGroup('Commands of a running node, by the plugin that has them:');
  await addNodeCommands(program);
  program.helpCommand(true);
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its message already; help that was asked for is no error.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT.usage);
  fail(error);
}
