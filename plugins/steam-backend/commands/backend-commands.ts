import type { Command } from 'beaconry';
import { accountCommands } from './account-commands.js';
import { banCommands } from './ban-commands.js';
import { groupCommands } from './group-commands.js';
import { licenceCommands } from './licence-commands.js';
import { tokenCommands } from './token-commands.js';

/** What an operator does with accounts, tokens, licences, groups and bans. */
export const backendCommands: readonly Command[] = [
  ...accountCommands,
  ...tokenCommands,
  ...licenceCommands,
  ...groupCommands,
  ...banCommands,
];
