#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT } from './exit-code.js';
import { addPluginParts, ownProgram } from './program.js';
import { fail } from './server-process.js';

/** Of what the program can do by itself that which must begin quickly, or has nothing to do with plugins. */
const QUICK = new Set([
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

const program = ownProgram();
if (!QUICK.has(process.argv[2] ?? '')) await addPluginParts(program);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its message already; help that was asked for is no error.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT.usage);
  fail(error);
}
