import { command } from 'beaconry';
import { SteamAdministration } from '../public.js';
import { after, appId, printable, readId, steamId } from './command-arguments.js';

/** Server accounts and their login tokens. */
export const tokenCommands = [
  command({
    name: 'token-add',
    doc: 'make a login token for game servers of an app; it is shown this once',
    parameters: {
      owner: { doc: 'SteamID of the account that answers for it.', format: String, default: null },
      appId,
      memo: { doc: 'What it is for.', format: String, default: '' },
    },
    run: async (context, { owner, appId, memo }) => {
      const administration = context.get(SteamAdministration);
      return printable(
        await administration.createServerAccount({ owner: readId(owner), appId, memo }),
      );
    },
  }),
  command({
    name: 'token-list',
    doc: 'list server accounts, without their tokens',
    parameters: {},
    run: async (context) => printable(await context.get(SteamAdministration).serverAccounts()),
  }),
  command({
    name: 'token-reset',
    doc: 'give a server account a new login token',
    parameters: { steamId },
    run: async (context, { steamId }) => ({
      loginToken: await context.get(SteamAdministration).resetLoginToken(readId(steamId)),
    }),
  }),
  command({
    name: 'token-ban',
    doc: 'ban a server account',
    parameters: {
      steamId,
      days: { doc: 'For so many days; 0 for ever.', format: 'nat', default: 0 },
    },
    run: async (context, { steamId, days }) => {
      const until = after(context.clock.now(), days);
      await context.get(SteamAdministration).setServerBan(readId(steamId), until);
      return { banned: true };
    },
  }),
  command({
    name: 'token-unban',
    doc: 'lift the ban of a server account',
    parameters: { steamId },
    run: async (context, { steamId }) => {
      await context.get(SteamAdministration).setServerBan(readId(steamId), 'lift');
      return { banned: false };
    },
  }),
  command({
    name: 'token-remove',
    doc: 'remove a server account; its server is logged off',
    parameters: { steamId },
    run: async (context, { steamId }) => ({
      removed: await context.get(SteamAdministration).deleteServerAccount(readId(steamId)),
    }),
  }),
];
