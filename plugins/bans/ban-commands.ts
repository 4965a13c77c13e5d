import { command, HttpError } from 'beaconry';
import { everywhere } from './ban-index.js';
import { iso } from './ban-lines.js';
import { type Ban, BanLists, Bans } from './public.js';

const subject = {
  doc: 'An address or range, a server (host:port), a SteamID, or account:NAME.',
  format: String,
  default: null,
} as const;
const scope = {
  doc: 'all, or one word: for addresses an endpoint, for others a plugin or an app id.',
  format: String,
  default: everywhere,
} as const;
const source = {
  doc: 'Only bans of this source: local, or the file or URL of a list.',
  format: String,
  default: null,
  nullable: true,
} as const;

/** `beaconry ban add|remove|list|import|forget|export`. */
export const banCommands = [
  command({
    name: 'ban-add',
    doc: 'keep somebody out, everywhere and at once',
    parameters: {
      subject,
      reason: { doc: 'Why.', format: String, default: null },
      for: {
        doc: 'How long, such as 7d; for ever without it.',
        format: 'duration',
        default: null,
        nullable: true,
      },
      scope,
    },
    async run(context, parameters, { by }) {
      const until = parameters.for === null ? null : context.clock.now() + parameters.for;
      const { subject, reason, scope } = parameters;
      return banText(await context.get(Bans).add({ subject, reason, scope, by, until }));
    },
  }),
  command({
    name: 'ban-remove',
    doc: 'lift a ban',
    parameters: { subject, scope },
    async run(context, { subject, scope }) {
      const bans = context.get(Bans);
      const ban = await bans.remove(subject, scope);
      if (ban === undefined) throw notBanned(bans, subject, scope);
      return `lifted: ${banText(ban)}`;
    },
  }),
  command({
    name: 'ban-list',
    doc: 'list bans',
    readOnly: true,
    parameters: {
      subject: { ...subject, doc: 'Only bans of this subject.', nullable: true },
      source,
      limit: { doc: 'At most so many.', format: 'nat', default: 1000 },
    },
    run(context, { subject, source, limit }) {
      const bans = context.get(Bans);
      const found = bans.list({
        limit,
        ...(subject !== null && { subject }),
        ...(source !== null && { source }),
      });
      return [...found.map(banText), `${found.length} of ${bans.size} bans`].join('\n');
    },
  }),
  command({
    name: 'ban-import',
    doc: 'read a list of bans (JSON lines) in the place of what it said before',
    parameters: {
      list: {
        doc: "An https URL, or a file on the node's machine, relative to its configuration.",
        format: String,
        default: null,
      },
    },
    run: (context, { list }) => context.get(BanLists).import(list),
  }),
  command({
    name: 'ban-forget',
    doc: 'forget all bans of an imported list',
    parameters: { list: { doc: 'The URL or file, as imported.', format: String, default: null } },
    async run(context, { list }) {
      return `${await context.get(BanLists).forget(list)} bans forgotten`;
    },
  }),
  command({
    name: 'ban-export',
    doc: 'print bans as JSON lines, as "ban import" reads them',
    readOnly: true,
    parameters: { source },
    run: (context, { source }) =>
      context
        .get(BanLists)
        .export(source === null ? {} : { source })
        .trimEnd(),
  }),
];

/** Why a local ban cannot be lifted, with the way out when a list says it. */
export function notBanned(bans: Bans, subject: string, scope: string): HttpError {
  const [other] = bans.list({ subject }).filter((ban) => ban.scope === scope);
  return new HttpError(
    404,
    'NO_BAN',
    other === undefined
      ? `nothing bans ${subject} in scope ${scope}`
      : `${subject} is banned by the list ${other.source}: ask its author, or forget the list`,
  );
}

const banText = ({ subject, scope, reason, by, from, until, source }: Ban): string =>
  [
    subject,
    ...(scope === everywhere ? [] : [`in ${scope}`]),
    until === null ? 'for ever' : `until ${iso(until)}`,
    `since ${iso(from)}`,
    `by ${by === '' ? 'unknown' : by}${source === 'local' ? '' : ` (${source})`}:`,
    reason === '' ? 'no reason given' : reason,
  ].join(' ');
