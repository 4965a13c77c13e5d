import { PeerAddress } from 'beaconry';
import type { Directory } from './directory.js';
import type { Poller } from './poller.js';

interface NamedAddress {
  readonly host: string;
  readonly port: number;
}

/** Servers that the operator names: listed and asked although they do not register here. */
export class Favourites {
  /** What is listed for each of them: the address its name led to the last time. */
  readonly #listed = new Map<
    NamedAddress,
    { readonly address: string; readonly undo: () => void }
  >();

  constructor(
    private readonly named: readonly NamedAddress[],
    private readonly directory: Pick<Directory, 'favour'>,
    private readonly poller: Pick<Poller, 'add'>,
    private readonly resolve: (address: NamedAddress) => Promise<NamedAddress>,
  ) {}

  /** Looks the names up again; the ones that cannot be found now stay what they were, and are returned. */
  async refresh(): Promise<readonly string[]> {
    const unknown: string[] = [];
    for (const one of this.named) {
      try {
        const { host, port } = await this.resolve(one);
        this.#list(one, PeerAddress.of(host, port));
      } catch {
        unknown.push(`${one.host}:${one.port}`);
      }
    }
    return unknown;
  }

  #list(one: NamedAddress, address: PeerAddress): void {
    const key = address.toString();
    const before = this.#listed.get(one);
    if (before?.address === key) return;
    before?.undo();
    this.#listed.set(one, { address: key, undo: this.directory.favour(address) });
    // The operator named it, so no range has to be listed for it.
    this.poller.add(address);
  }
}
