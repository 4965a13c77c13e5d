import { HttpError, PeerAddress, reachOf, readCidr } from 'beaconry';
import { printable } from 'beaconry/a2s-query';
import type { Ban, Bans } from 'beaconry/plugins/bans';
import type { AddressMap } from './address-map.js';
import { walk, walkText } from './listing-walk.js';
import type { Explanation, MasterExplanations, Registration } from './public.js';
import type { Refusal, RefusalLog } from './refusals.js';
import type { Registered, RegistrationTable } from './registration-table.js';

/** Refusals that one explanation names. */
const mostNamed = 10;

export interface ExplanationParts {
  readonly table: RegistrationTable;
  readonly refusals: RefusalLog;
  readonly addressMap: AddressMap;
  readonly bans: Bans | undefined;
  /** Scopes in which a ban keeps a server out of this list: the plugin and its endpoints. */
  readonly scopes: readonly string[];
  /** A registered server has said goodbye, and that is being looked into. */
  readonly isLeaving: (registration: Registered) => boolean;
  readonly clock: { now(): number };
}

/** Says what the master knows of an address, and what to do about it. */
export class Explanations implements MasterExplanations {
  constructor(private readonly parts: ExplanationParts) {}

  explain(text: string): Explanation {
    const source = parseServer(text);
    const { table, refusals, addressMap } = this.parts;
    table.expire();
    const listed = addressMap.listed(source);
    const registration = table.find(listed);
    const ban = this.#banOf(source) ?? this.#banOf(listed);
    const found = refusals.newest(mostNamed, source);
    if (!listed.equals(source)) found.push(...refusals.newest(mostNamed, listed));
    const lines: string[] = [];
    if (!listed.equals(source)) lines.push(`${source} is listed as ${listed} (addressMap)`);
    if (ban !== undefined) {
      const until = ban.until === null ? 'for ever' : `until ${new Date(ban.until).toISOString()}`;
      lines.push(
        `${text} is banned ${until} by ${ban.by || ban.source}: ${ban.reason || 'no reason given'}`,
        `  remedy: beaconry ban remove ${ban.subject}${ban.scope === 'all' ? '' : ` --scope ${ban.scope}`}`,
      );
    }
    if (registration !== undefined) lines.push(this.#registrationText(registration));
    for (const refusal of found)
      lines.push(this.#refusalText(refusal), `  remedy: ${refusal.remedy}`);
    if (lines.length === 0) lines.push(`never heard of ${text}, as far as is remembered`);
    const isLeaving = registration !== undefined && this.parts.isLeaving(registration);
    const isInside = registration !== undefined && reachOf(listed) !== 'public';
    const isBanned = ban !== undefined;
    const steps = walk({ registration, isInside, isLeaving, isBanned, refusals: found });
    lines.push(
      '',
      'What has to be true for it to be in the list; "?" cannot be seen from here:',
      ...walkText(steps),
    );
    if (registration === undefined && found.length === 0 && !isBanned) {
      lines.push('  "beaconry doctor" beside the server asks them, and more, from there.');
    }
    return {
      address: source.toString(),
      state: ban !== undefined ? 'banned' : stateOf(registration, found),
      refusals: found,
      steps,
      text: lines.join('\n'),
    };
  }

  refusals(text: string | undefined, limit: number): readonly Refusal[] {
    const address = text === undefined ? undefined : parseAddressOrServer(text);
    return this.parts.refusals.newest(limit, address);
  }

  #banOf(address: PeerAddress): Ban | undefined {
    const { bans, scopes } = this.parts;
    for (const scope of scopes) {
      const ban = bans?.find({ kind: 'server', address }, scope);
      if (ban !== undefined) return ban;
    }
    return undefined;
  }

  #registrationText(registration: Registration): string {
    const { address, name, map, players, maxPlayers, outdated, lan, hidden, lastSeen } =
      registration;
    const what = `"${printable(name)}" on ${printable(map)}, ${players}/${maxPlayers} players`;
    const state = outdated
      ? 'registered but not listed, since its version is too old'
      : lan
        ? 'registered but not listed, since it says it is for a local network (sv_lan)'
        : hidden
          ? `registered but not listed, since ${whyHidden(registration)}`
          : 'listed';
    return `${address} is ${state}: ${what}; last heartbeat ${this.#ago(lastSeen)}`;
  }

  #refusalText({ address, reason, text, count, at }: Refusal): string {
    const times = count === 1 ? '' : `, ${count} times`;
    return `${address} ${reason}: ${text} (${this.#ago(at)}${times})`;
  }

  #ago(time: number): string {
    return `${Math.max(0, Math.round((this.parts.clock.now() - time) / 1000))} s ago`;
  }
}

function stateOf(
  registration: Registration | undefined,
  refusals: readonly Refusal[],
): Explanation['state'] {
  if (registration !== undefined) {
    const { outdated, lan, hidden } = registration;
    return outdated || lan || hidden ? 'unlisted' : 'listed';
  }
  return refusals.length > 0 ? 'refused' : 'unknown';
}

const whyHidden = ({ verified }: Registration): string =>
  verified
    ? 'it signed off, or servers at more than three addresses say the same of themselves'
    : 'it has not answered a query (A2S INFO) at this address; see that UDP reaches it there';

function parseServer(text: string): PeerAddress {
  const address = PeerAddress.parse(text);
  if (address !== undefined) return address;
  throw new HttpError(
    400,
    'BAD_ADDRESS',
    'write the address as 192.0.2.1:27015 or [2001:db8::1]:27015',
  );
}

/** An address alone stands for all its ports. */
function parseAddressOrServer(text: string): PeerAddress {
  const isAddress = !text.includes('/') && readCidr(text) !== undefined;
  return isAddress ? PeerAddress.of(text, 0) : parseServer(text);
}
