import { type Clock, PeerAddress } from 'beaconry';
import type { FakeIpRegistrar, RegisterResult, ServerDescription } from 'beaconry/plugins/master';
import { isAnonymousGameServer } from '../coordinator/sdr/host-identity-codec.js';
import type { FakeIpAllocation } from './public.js';

/** Where a server is shown: at the first port of its FakeIP, as long as its lease lives. */
export const shownAt = ({ address, ports }: FakeIpAllocation): PeerAddress =>
  PeerAddress.of(address, ports[0] ?? 0);

/**
 * Shows servers at their FakeIPs in the lists of this network; nothing of it happens where nobody keeps a list. What
 * they say of themselves can be checked by nobody, so servers that nobody answers for are not shown.
 */
export class FakeIpListing {
  constructor(private readonly registrar: FakeIpRegistrar | undefined) {}

  show(lease: FakeIpAllocation, description: ServerDescription): RegisterResult | undefined {
    const address = shownAt(lease);
    if (isAnonymousGameServer(lease.identity)) return 'refused';
    return this.registrar?.register(address, { ...description, gamePort: address.port });
  }

  hide(lease: FakeIpAllocation): void {
    this.registrar?.withdraw(shownAt(lease));
  }
}

/** The place of a game server of this node in lists: its FakeIP instead of its own address, until its lease ends. */
export class LeasedPlace {
  readonly address: PeerAddress;
  #until = 0;

  constructor(
    private lease: FakeIpAllocation,
    private readonly listing: FakeIpListing,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    this.address = shownAt(lease);
    this.renewed(lease);
  }

  renewed(lease: FakeIpAllocation): void {
    this.lease = lease;
    this.#until = this.clock.monotonic() + lease.expiresIn * 1000;
  }

  /** Undefined: no list of registered servers is kept here. */
  register(description: ServerDescription): RegisterResult | undefined {
    if (this.clock.monotonic() >= this.#until) return 'refused';
    return this.listing.show(this.lease, description);
  }

  withdraw(): void {
    this.listing.hide(this.lease);
  }
}
