import { command } from 'beaconry';
import { SteamAdministration } from '../public.js';
import { after, appId, printable, readId, steamId } from './command-arguments.js';

/** Licences, own and borrowed. */
export const licenceCommands = [
  command({
    name: 'licence-add',
    doc: 'give an account the licence for an app, own or borrowed',
    parameters: {
      steamId,
      appId,
      days: { doc: 'For so many days; 0 for ever.', format: 'nat', default: 0 },
      lender: { doc: 'SteamID of the account that lends it.', format: String, default: '' },
      dlcOf: { doc: 'App whose tickets list it as DLC; 0 for none.', format: 'nat', default: 0 },
      package: { doc: 'Package id in tickets.', format: 'nat', default: 0 },
    },
    run: async (context, given) =>
      printable(
        await context.get(SteamAdministration).grantLicence({
          steamId: readId(given.steamId),
          appId: given.appId,
          package: given.package,
          until: after(context.clock.now(), given.days),
          lender: given.lender === '' ? null : readId(given.lender),
          dlcOf: given.dlcOf === 0 ? null : given.dlcOf,
        }),
      ),
  }),
  command({
    name: 'licence-list',
    doc: 'list the licences of an account',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(await context.get(SteamAdministration).licences(readId(steamId))),
  }),
  command({
    name: 'licence-remove',
    doc: 'take a licence back; open sessions get code 2',
    parameters: { steamId, appId },
    run: async (context, { steamId, appId }) => ({
      removed: await context.get(SteamAdministration).revokeLicence(readId(steamId), appId),
    }),
  }),
];
