import { command } from 'beaconry';
import { SteamAdministration } from '../public.js';
import { printable, readId, steamId } from './command-arguments.js';

/** Player accounts. */
export const accountCommands = [
  command({
    name: 'account-add',
    doc: 'make a player account; its key is shown this once',
    parameters: { name: { doc: 'Name.', format: String, default: '' } },
    run: async (context, { name }) =>
      printable(await context.get(SteamAdministration).createAccount({ name })),
  }),
  command({
    name: 'account-list',
    doc: 'list player accounts',
    parameters: {
      after: { doc: 'Continue after this SteamID.', format: String, default: '' },
      limit: { doc: 'At most so many.', format: 'nat', default: 100 },
    },
    run: async (context, { after, limit }) => {
      const from = after === '' ? undefined : readId(after);
      return printable(await context.get(SteamAdministration).accounts(from, limit));
    },
  }),
  command({
    name: 'account-reset-key',
    doc: 'give an account a new key; the old one is worth nothing any more',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(await context.get(SteamAdministration).resetAccountKey(readId(steamId))),
  }),
  command({
    name: 'account-lock',
    doc: 'lock an account: nobody logs on with it, and its login tokens are refused',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(
        await context.get(SteamAdministration).changeAccount(readId(steamId), { locked: true }),
      ),
  }),
  command({
    name: 'account-unlock',
    doc: 'unlock an account',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(
        await context.get(SteamAdministration).changeAccount(readId(steamId), { locked: false }),
      ),
  }),
  command({
    name: 'account-remove',
    doc: 'remove an account with its licences, memberships, bans and login tokens',
    parameters: { steamId },
    run: async (context, { steamId }) => ({
      removed: await context.get(SteamAdministration).deleteAccount(readId(steamId)),
    }),
  }),
];
