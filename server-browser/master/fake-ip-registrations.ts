import { type Clock, PeerAddress, reachOf, ServerError } from 'beaconry';
import { FAKE_IP_LEASE } from 'beaconry/plugins/fake-ip';
import type { MasterEngine } from './master-engine.js';
import type { FakeIpRegistrar, RegisterResult, ServerDescription } from './public.js';
import type { RegistrationTable } from './registration-table.js';

const LINK_LOCAL = '169.254.0.0/16';
/** Nobody stands at port 0, so a scan from here begins with the first FakeIP. */
const beforeFirst = PeerAddress.of('169.254.0.0', 0);

/** Servers at FakeIPs: listed on the word of whoever leases the address, for as long as the lease. */
export class FakeIpRegistrations implements FakeIpRegistrar {
  constructor(
    private readonly engine: MasterEngine,
    private readonly table: RegistrationTable,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  register(
    address: PeerAddress,
    description: ServerDescription,
  ): Extract<RegisterResult, 'listed' | 'outdated' | 'refused'> {
    if (reachOf(address) !== LINK_LOCAL) {
      throw new ServerError('NOT_A_FAKE_IP', `${address} is no FakeIP: those are in ${LINK_LOCAL}`);
    }
    // Where nobody can be asked, nobody is told of clients either.
    return this.engine.registerFakeIp(address, { ...description, lan: false, nat: false });
  }

  withdraw(address: PeerAddress): void {
    if (this.table.find(address)?.fakeIp) this.table.remove(address, 'signed-off');
  }

  /** Lets those go whose lease ended, also those that another node listed. */
  expire(): void {
    const latest = this.clock.now() - FAKE_IP_LEASE;
    const over: PeerAddress[] = [];
    const address = new PeerAddress();
    this.table.scan({ family: 'ipv4', after: beforeFirst }, (registration) => {
      if (reachOf(registration.readAddress(address)) !== LINK_LOCAL) return false;
      if (registration.fakeIp && registration.lastSeen <= latest) over.push(address.copy());
      return true;
    });
    for (const ended of over) this.table.remove(ended, 'expired');
  }
}
