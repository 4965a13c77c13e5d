import { createHash } from 'node:crypto';
import { PeerAddress } from 'beaconry';
import { pickFakeIp, pickPort } from './fake-ip-range.js';

/** FakeIPs that one process gives to its peers: best effort the same one for the same peer, never shared. */
export class LocalFakeIps {
  readonly #byIdentity = new Map<string, PeerAddress>();
  readonly #byAddress = new Map<string, string>();

  constructor(private readonly limit = 4096) {}

  /** The address under which this process knows a peer. */
  addressOf(identity: string): PeerAddress {
    const known = this.#byIdentity.get(identity);
    if (known !== undefined) {
      this.#byIdentity.delete(identity);
      this.#byIdentity.set(identity, known);
      return known;
    }
    const hash = createHash('sha256').update(identity).digest();
    for (let step = 0; ; step++) {
      const chance = ((hash.readUInt32LE(0) + step * 0x9e3779b1) >>> 0) / 2 ** 32;
      const port = pickPort(hash.readUInt32LE(4) / 2 ** 32, 1);
      const address = PeerAddress.of(pickFakeIp('local', chance), port);
      if (this.#byAddress.has(address.toString())) continue;
      while (this.#byIdentity.size >= this.limit) this.#forgetOldest();
      this.#byIdentity.set(identity, address);
      this.#byAddress.set(address.toString(), identity);
      return address;
    }
  }

  /** Undefined when the address is nobody's, or no longer. */
  identityOf(address: PeerAddress): string | undefined {
    return this.#byAddress.get(address.toString());
  }

  #forgetOldest(): void {
    const [identity, address] = this.#byIdentity.entries().next().value as [string, PeerAddress];
    this.#byIdentity.delete(identity);
    this.#byAddress.delete(address.toString());
  }
}
