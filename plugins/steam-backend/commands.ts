import { type Command, command, ServerError } from 'beaconry';
import { EClanRank, EClanRelationship, SteamID } from 'beaconry/steam';
import { SteamAdministration } from './public.js';

const steamId = { doc: 'SteamID, in any form.', format: String, default: null } as const;
const appId = { doc: 'App id.', format: 'nat', default: null } as const;

function readId(text: string): bigint {
  const id = SteamID.parse(text);
  if (id === undefined) throw new ServerError('NOT_A_STEAMID', `"${text}" is not a SteamID`);
  return id.value;
}

/** Ids as text, as JSON wants them. */
const printable = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(printable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printable(item)]));
};

const after = (now: number, days: number): number | null =>
  days === 0 ? null : now + days * 86_400_000;

const accountCommands = [
  command({
    name: 'account-add',
    doc: 'Makes a player account; its key is shown this once.',
    parameters: { name: { doc: 'Name.', format: String, default: '' } },
    run: async (context, { name }) =>
      printable(await context.get(SteamAdministration).createAccount({ name })),
  }),
  command({
    name: 'account-list',
    doc: 'Lists player accounts.',
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
    doc: 'Gives an account a new key; the old one is worth nothing any more.',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(await context.get(SteamAdministration).resetAccountKey(readId(steamId))),
  }),
  command({
    name: 'account-lock',
    doc: 'Locks an account: nobody logs on with it, and its login tokens are refused.',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(
        await context.get(SteamAdministration).changeAccount(readId(steamId), { locked: true }),
      ),
  }),
  command({
    name: 'account-unlock',
    doc: 'Unlocks an account.',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(
        await context.get(SteamAdministration).changeAccount(readId(steamId), { locked: false }),
      ),
  }),
  command({
    name: 'account-remove',
    doc: 'Removes an account with its licences, memberships, bans and login tokens.',
    parameters: { steamId },
    run: async (context, { steamId }) => ({
      removed: await context.get(SteamAdministration).deleteAccount(readId(steamId)),
    }),
  }),
];

const tokenCommands = [
  command({
    name: 'token-add',
    doc: 'Makes a login token for game servers of an app; it is shown this once.',
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
    doc: 'Lists server accounts, without their tokens.',
    parameters: {},
    run: async (context) => printable(await context.get(SteamAdministration).serverAccounts()),
  }),
  command({
    name: 'token-reset',
    doc: 'Gives a server account a new login token.',
    parameters: { steamId },
    run: async (context, { steamId }) => ({
      loginToken: await context.get(SteamAdministration).resetLoginToken(readId(steamId)),
    }),
  }),
  command({
    name: 'token-ban',
    doc: 'Bans a server account.',
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
    doc: 'Lifts the ban of a server account.',
    parameters: { steamId },
    run: async (context, { steamId }) => {
      await context.get(SteamAdministration).setServerBan(readId(steamId), 'lift');
      return { banned: false };
    },
  }),
  command({
    name: 'token-remove',
    doc: 'Removes a server account; its server is logged off.',
    parameters: { steamId },
    run: async (context, { steamId }) => ({
      removed: await context.get(SteamAdministration).deleteServerAccount(readId(steamId)),
    }),
  }),
];

const licenceCommands = [
  command({
    name: 'licence-add',
    doc: 'Gives an account the licence for an app, own or borrowed.',
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
    doc: 'Lists the licences of an account.',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(await context.get(SteamAdministration).licences(readId(steamId))),
  }),
  command({
    name: 'licence-remove',
    doc: 'Takes a licence back; open sessions get code 2.',
    parameters: { steamId, appId },
    run: async (context, { steamId, appId }) => ({
      removed: await context.get(SteamAdministration).revokeLicence(readId(steamId), appId),
    }),
  }),
];

const group = { doc: 'SteamID of the group.', format: String, default: null } as const;

const groupCommands = [
  command({
    name: 'group-add',
    doc: 'Makes a group.',
    parameters: { name: { doc: 'Name.', format: String, default: null } },
    run: async (context, { name }) =>
      printable({ group: await context.get(SteamAdministration).createGroup(name) }),
  }),
  command({
    name: 'group-remove',
    doc: 'Removes a group.',
    parameters: { group },
    run: async (context, { group }) => ({
      removed: await context.get(SteamAdministration).deleteGroup(readId(group)),
    }),
  }),
  command({
    name: 'group-member',
    doc: 'Sets the rank of a member of a group; none removes him.',
    parameters: {
      group,
      steamId,
      rank: {
        doc: 'Rank.',
        format: ['member', 'moderator', 'officer', 'owner', 'none'],
        default: 'member',
      },
    },
    run: async (context, given) => {
      const administration = context.get(SteamAdministration);
      const [clan, member] = [readId(given.group), readId(given.steamId)];
      if (given.rank === 'none') {
        return { removed: await administration.removeMember(clan, member) };
      }
      const relationship = EClanRelationship.Member;
      await administration.setMember(clan, {
        steamId: member,
        relationship,
        rank: ranks[given.rank],
      });
      return { rank: given.rank };
    },
  }),
  command({
    name: 'group-members',
    doc: 'Lists the members of a group.',
    parameters: { group },
    run: async (context, { group }) =>
      printable(await context.get(SteamAdministration).members(readId(group))),
  }),
];

const ranks = {
  member: EClanRank.Member,
  moderator: EClanRank.Moderator,
  officer: EClanRank.Officer,
  owner: EClanRank.Owner,
} as const;

const banCommands = [
  command({
    name: 'account-ban',
    doc: 'Bans an account from secure servers of an app; open sessions get code 3 or 9.',
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
    doc: 'Lifts a ban of an account.',
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
    doc: 'Lists the bans of an account that are in force.',
    parameters: { steamId },
    run: async (context, { steamId }) =>
      printable(await context.get(SteamAdministration).bans(readId(steamId))),
  }),
  command({
    name: 'require-version',
    doc: 'Servers of an app and product with an older version are told to restart.',
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

/** What an operator does with accounts, tokens, licences, groups and bans. */
export const backendCommands: readonly Command[] = [
  ...accountCommands,
  ...tokenCommands,
  ...licenceCommands,
  ...groupCommands,
  ...banCommands,
];
