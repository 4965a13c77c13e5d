import type { Metrics, PeerAddress } from 'beaconry';

/** Why a datagram led to nothing, in words an operator can act on. */
const reasons = {
  challenge: 'a join whose challenge is missing, old or of another server',
  loopback: 'a loopback source on an endpoint that is not bound to loopback',
  denied: 'a source that may not register',
  port: 'source port 0',
  'address-full': 'the address holds as many servers as it may',
  'prefix-full': 'the /24 or /48 holds as many servers as it may',
  outdated: 'a version below the least one',
  rate: 'more joins than the rate limit of the /24 or /48 allows',
  filter: 'a filter past the limits',
  budget: 'a list page that the budget did not pay',
  search: 'a list that would have cost more searching than there is to spare',
} as const;
export type RefusalReason = keyof typeof reasons;

/** Hears of every refusal; the address is a reused view. Keeps nothing for addresses that proved nothing. */
export interface Refusals {
  note(address: PeerAddress, reason: RefusalReason): void;
}

/** Counts refusals by reason. */
export class CountedRefusals implements Refusals {
  readonly #counters;

  constructor(metrics: Metrics) {
    this.#counters = new Map(
      (Object.keys(reasons) as RefusalReason[]).map((reason) => [
        reason,
        metrics.counter('refusals_total', 'Datagrams that led to nothing, by reason.', { reason }),
      ]),
    );
  }

  note(_address: PeerAddress, reason: RefusalReason): void {
    const counter = this.#counters.get(reason);
    if (counter !== undefined) counter.value++;
  }
}
