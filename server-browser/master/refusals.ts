import type { Clock, Metrics, PeerAddress } from 'beaconry';
import { type ListingStepId, listingSteps, plainText } from './listing-steps.js';
import { RefusalRing } from './refusal-ring.js';

interface ReasonText {
  /** Why a datagram led to nothing. */
  readonly text: string;
  /** The question whose answer is no. */
  readonly step: ListingStepId;
  /** The address in it may be forged, so that anybody can make up such refusals. */
  readonly unproven?: true;
}

/** Why a datagram led to nothing, or why a server left the list. */
const reasons = {
  challenge: {
    text: 'a join whose challenge is missing, old or of another server',
    step: 'challenge',
    unproven: true,
  },
  loopback: {
    text: 'a loopback source on an endpoint that is not bound to loopback',
    step: 'address',
  },
  denied: { text: 'a source that may not register', step: 'allowed' },
  banned: { text: 'the server or its address is banned', step: 'bans' },
  port: { text: 'source port 0', step: 'port' },
  'address-full': { text: 'the address holds as many servers as it may', step: 'room' },
  'prefix-full': { text: 'the /24 or /48 holds as many servers as it may', step: 'room' },
  outdated: { text: 'a version below the least one', step: 'version' },
  'fake-ip': {
    text: 'the address stands for a server that is reached over relays',
    step: 'address',
  },
  rate: { text: 'more joins than the rate limit of the /24 or /48 allows', step: 'rate' },
  filter: { text: 'a filter past the limits', step: 'pages', unproven: true },
  budget: { text: 'a list page that the budget did not pay', step: 'pages', unproven: true },
  search: {
    text: 'a list that would have cost more searching than there is to spare',
    step: 'pages',
    unproven: true,
  },
  expired: {
    text: 'no heartbeat came in time, and the server left the list',
    step: 'heartbeats',
  },
  'signed-off': { text: 'the server signed off and left the list', step: 'stays' },
} as const satisfies Record<string, ReasonText>;
export type RefusalReason = keyof typeof reasons;

const names = Object.keys(reasons) as RefusalReason[];

/** The question that a refusal answers with no. */
export const stepOf = (reason: RefusalReason): ListingStepId => reasons[reason].step;
/** Words of refusals that answer a question with no. */
export const reasonsOf = (step: ListingStepId): RefusalReason[] =>
  names.filter((reason) => reasons[reason].step === step);

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
        const { text, step } = reasons[reason];
        const remedy = plainText(listingSteps[step].ifNot);
        return { address, reason, text, remedy, count, at };
      });
  }
}
