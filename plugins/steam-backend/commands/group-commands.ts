import { command } from 'beaconry';
import { EClanRank, EClanRelationship } from 'beaconry/steam';
import { SteamAdministration } from '../public.js';
import { printable, readId, steamId } from './command-arguments.js';

const group = { doc: 'SteamID of the group.', format: String, default: null } as const;

const ranks = {
  member: EClanRank.Member,
  moderator: EClanRank.Moderator,
  officer: EClanRank.Officer,
  owner: EClanRank.Owner,
} as const;

/** Groups and the ranks of their members. */
export const groupCommands = [
  command({
    name: 'group-add',
    doc: 'make a group',
    parameters: { name: { doc: 'Name.', format: String, default: null } },
    run: async (context, { name }) =>
      printable({ group: await context.get(SteamAdministration).createGroup(name) }),
  }),
  command({
    name: 'group-remove',
    doc: 'remove a group',
    parameters: { group },
    run: async (context, { group }) => ({
      removed: await context.get(SteamAdministration).deleteGroup(readId(group)),
    }),
  }),
  command({
    name: 'group-member',
    doc: 'set the rank of a member of a group; none removes him',
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
    doc: 'list the members of a group',
    parameters: { group },
    run: async (context, { group }) =>
      printable(await context.get(SteamAdministration).members(readId(group))),
  }),
];
