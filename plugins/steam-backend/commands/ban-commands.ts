import { command } from 'beaconry';
import { SteamAdministration } from '../public.js';
import { after, appId, printable, readId, steamId } from './command-arguments.js';

/** Bans of accounts, and versions that are too old. */
export const banCommands = [
  command({
    name: 'account-ban',
    doc: 'ban an account from secure servers of an app; open sessions get code 3 or 9',
    parameters: {
      steamId,
      appId: { doc: 'App id; 0 for every app.', format: 'nat', default: 0 },
      kind: { doc: 'vac, or game for the publisher.', format: ['vac', 'game'], default: 'game' },
      days: { doc: 'For so many days; 0 for ever.', format: 'nat', default: 0 },
      reason: { doc: 'Why.', format: String, default: '' },
    },
    run: async (context, given, caller) =>
      printable(
        await context.get(SteamAdministration).ban({
          steamId: readId(given.steamId),
          appId: given.appId,
          kind: given.kind,
          until: after(context.clock.now(), given.days),
          by: caller.by,
          reason: given.reason,
        }),
      ),
  }),
  command({
    name: 'account-unban',
    doc: 'lift a ban of an account',
    parameters: {
      steamId,
      appId: { doc: 'App id; 0 for every app.', format: 'nat', default: 0 },
      kind: { doc: 'vac or game.', format: ['vac', 'game'], default: 'game' },
    },
    run: async (context, { steamId, appId, kind }) => ({
      removed: await context.get(SteamAdministration).unban(readId(steamId), appId, kind),
    }),
  }),
  command({
    name: 'account-bans',
    doc: 'list the bans of an account that are in force',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(await context.get(SteamAdministration).bans(readId(steamId))),
  }),
  command({
    name: 'require-version',
    doc: 'tell servers of an app and product with an older version to update and restart',
    parameters: {
      appId,
      product: { doc: 'Product.', format: String, default: null },
      version: {
        doc: 'Oldest version allowed; - removes the rule.',
        format: String,
        default: null,
      },
      reject: { doc: 'They also leave the list.', format: Boolean, default: false },
      text: { doc: 'Told to the server.', format: String, default: 'a newer version is required' },
    },
    run: async (context, { appId, product, version, reject, text }) => {
      const required = version === '-' ? null : { version, reject, text };
      await context.get(SteamAdministration).requireVersion(appId, product, required);
      return { required };
    },
  }),
];
