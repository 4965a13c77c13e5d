import ipaddr from 'ipaddr.js';
import { PeerAddress } from './peer-address.js';

/**
 * Whether an endpoint is silent to an address. Asked for every datagram, connection and request: it must
 * allocate nothing and not keep the address, which is a reused view.
 */
export type AddressFilter = (address: PeerAddress, endpoint: string) => boolean;

/** The filters of one server. Endpoints ask before they read anything, and again about what is open when told. */
export class AddressFilters {
  #filters: readonly AddressFilter[] = [];
  readonly #sweeps = new Set<() => void>();

  add(filter: AddressFilter): () => void {
    this.#filters = [...this.#filters, filter];
    return () => {
      this.#filters = this.#filters.filter((other) => other !== filter);
    };
  }

  refuses(address: PeerAddress, endpoint: string): boolean {
    const filters = this.#filters;
    for (let i = 0; i < filters.length; i++) {
      if ((filters[i] as AddressFilter)(address, endpoint)) return true;
    }
    return false;
  }

  /** The same for the text of a socket or a proxy's header; what is no address is refused by nobody. */
  refusesText(host: string | undefined, endpoint: string): boolean {
    if (this.#filters.length === 0 || host === undefined || !ipaddr.isValid(host)) return false;
    return this.refuses(PeerAddress.of(host, 0), endpoint);
  }

  /** Cuts open connections of addresses that are refused by now. */
  sweep(): void {
    for (const sweep of this.#sweeps) sweep();
  }

  onSweep(sweep: () => void): void {
    this.#sweeps.add(sweep);
  }
}
