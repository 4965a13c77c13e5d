import type { Clock, Metrics, PeerAddress } from 'beaconry';
import { RefusalRing } from './refusal-ring.js';

/** What an operator can know and do about it. */
interface ReasonText {
  /** Why a datagram led to nothing. */
  readonly text: string;
  readonly remedy: string;
  /** The address in it may be forged, so that anybody can make up such refusals. */
  readonly unproven?: true;
}

/** Why a datagram led to nothing, or why a server left the list. */
const reasons = {
  challenge: {
    text: 'a join whose challenge is missing, old or of another server',
    remedy:
      'let the server ask for a challenge (q) from the port it joins from and answer within a minute; a NAT that changes the port between the two does this too',
    unproven: true,
  },
  loopback: {
    text: 'a loopback source on an endpoint that is not bound to loopback',
    remedy:
      'set publicAddress or an addressMap for 127.0.0.0/8, or allowLoopback: true for a master of this machine alone',
  },
  denied: {
    text: 'a source that may not register',
    remedy: 'take its range out of deny, or add it to allow, in the section of the master',
  },
  banned: {
    text: 'the server or its address is banned',
    remedy: 'see "beaconry ban list", and lift it with "beaconry ban remove"',
  },
  port: {
    text: 'source port 0',
    remedy: 'something on the way rewrites ports; send from the real port of the game',
  },
  'address-full': {
    text: 'the address holds as many servers as it may',
    remedy: 'stop other servers of the address, wait until they expire, or raise maxPerAddress',
  },
  'prefix-full': {
    text: 'the /24 or /48 holds as many servers as it may',
    remedy: 'wait until neighbours expire; maxPerAddress: 0 switches this limit off',
  },
  outdated: {
    text: 'a version below the least one',
    remedy: 'update the server, or lower minVersion of its product or gamedir',
  },
  'fake-ip': {
    text: 'the address stands for a server that is reached over relays',
    remedy: 'give the server an address outside of 169.254.0.0/16, which is for FakeIPs here',
  },
  rate: {
    text: 'more joins than the rate limit of the /24 or /48 allows',
    remedy: 'send a heartbeat every 140 s and not more often, or raise rateLimit',
  },
  filter: {
    text: 'a filter past the limits',
    remedy: 'ask for the list with fewer and shorter conditions',
    unproven: true,
  },
  budget: {
    text: 'a list page that the budget did not pay',
    remedy: 'ask more slowly, or raise rateLimit and listBudget',
    unproven: true,
  },
  search: {
    text: 'a list that would have cost more searching than there is to spare',
    remedy: 'ask more slowly or with a plainer filter, or raise rateLimit',
    unproven: true,
  },
  expired: {
    text: 'no heartbeat came in time, and the server left the list',
    remedy:
      'see whether the server still runs and its heartbeats (every 140 s) pass firewall and NAT; ttl says how long it stays without',
  },
  'signed-off': {
    text: 'the server signed off and left the list',
    remedy: 'start it again; a server that runs joins anew with its next heartbeat',
  },
} as const satisfies Record<string, ReasonText>;
export type RefusalReason = keyof typeof reasons;

const names = Object.keys(reasons) as RefusalReason[];
/** Refusals that are kept for operators; as many again for those whose address may be forged. */
const kept = 1024;

/** Hears of every refusal; the address is a reused view. */
export interface Refusals {
  note(address: PeerAddress, reason: RefusalReason): void;
}

/** What became of an address lately. */
export interface Refusal {
  readonly address: string;
  readonly reason: RefusalReason;
  readonly text: string;
  readonly remedy: string;
  /** How often, one after the other. */
  readonly count: number;
  /** Unix milliseconds of the last time. */
  readonly at: number;
}

/**
 * Counts refusals by reason and remembers the last ones in a memory of fixed size. Those that anybody can
 * make up in the name of others have a ring of their own, so that they push out nothing that is certain.
 */
export class RefusalLog implements Refusals {
  readonly #counters = new Map<RefusalReason, { value: number }>();
  readonly #certain = new RefusalRing(kept);
  readonly #unproven = new RefusalRing(kept);

  constructor(
    metrics: Metrics,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    for (const reason of names) {
      const help = 'Datagrams that led to nothing and servers that left, by reason.';
      this.#counters.set(reason, metrics.counter('refusals_total', help, { reason }));
    }
  }

  note(address: PeerAddress, reason: RefusalReason): void {
    const counter = this.#counters.get(reason);
    if (counter !== undefined) counter.value++;
    const ring = 'unproven' in reasons[reason] ? this.#unproven : this.#certain;
    ring.note(address, names.indexOf(reason), this.clock.now());
  }

  /** Removes what became of an address, whatever the port; tells of how many refusals. */
  forget(address: PeerAddress): number {
    return this.#certain.forget(address) + this.#unproven.forget(address);
  }

  /** The last refusals, newest first; of one server, or of all ports of an address when the port is 0. */
  newest(limit: number, address?: PeerAddress): Refusal[] {
    return [...this.#certain.newest(limit, address), ...this.#unproven.newest(limit, address)]
      .sort((one, other) => other.at - one.at)
      .slice(0, limit)
      .map(({ address, code, count, at }) => {
        const reason = names[code] as RefusalReason;
        const { text, remedy } = reasons[reason];
        return { address, reason, text, remedy, count, at };
      });
  }
}
