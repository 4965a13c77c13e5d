import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Logger, messageOf, PeerAddress } from 'beaconry';

/** Finds the addresses of a name. */
export interface Resolver {
  /** IP literals, the preferred one first; rejects when there is none. */
  resolve(host: string): Promise<readonly string[]>;
}

/** Asks the system. */
export const systemResolver: Resolver = {
  resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
};

export interface MasterName {
  readonly host: string;
  readonly port: number;
}

/** As the configuration names it. */
export const nameOf = ({ host, port }: MasterName): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Keeps the addresses of masters up to date; a name that cannot be resolved disturbs no other one. */
export class MasterResolver {
  readonly #masters: ReadonlyMap<string, MasterName>;
  readonly #resolving = new Set<string>();
  readonly #current = new Map<string, PeerAddress>();

  constructor(
    masters: readonly MasterName[],
    private readonly resolver: Resolver,
    private readonly log: Pick<Logger, 'warn'>,
    /** Whether a socket of the endpoint can send there. */
    private readonly canReach: (address: PeerAddress) => boolean,
    private readonly resolved: (name: string, address: PeerAddress) => void,
  ) {
    this.#masters = new Map(masters.map((master) => [nameOf(master), master]));
  }

  /** Each name once, however often it was configured. */
  get names(): readonly string[] {
    return [...this.#masters.keys()];
  }

  async resolveAll(): Promise<void> {
    await Promise.all(this.names.map((name) => this.resolve(name)));
  }

  /**
   * Never rejects: what goes wrong is logged, and the address known before stays. It also stays while the
   * name has it among others, unless the next one is wanted because nobody answers there.
   */
  async resolve(name: string, wantsNext = false): Promise<void> {
    const master = this.#masters.get(name);
    if (master === undefined || this.#resolving.has(name)) return;
    this.#resolving.add(name);
    try {
      const { host, port } = master;
      const hosts = isIP(host) === 0 ? await this.resolver.resolve(host) : [host];
      const found = hosts.map((host) => PeerAddress.of(host, port)).filter(this.canReach);
      const address = choose(found, this.#current.get(name), wantsNext);
      if (address === undefined) {
        this.log.warn({ master: name }, `no socket of the endpoint can reach master ${name}`);
        return;
      }
      this.#current.set(name, address);
      this.resolved(name, address);
    } catch (error) {
      this.log.warn({ master: name }, `cannot resolve master ${name}: ${messageOf(error)}`);
    } finally {
      this.#resolving.delete(name);
    }
  }
}

const choose = (
  found: readonly PeerAddress[],
  current: PeerAddress | undefined,
  wantsNext: boolean,
): PeerAddress | undefined => {
  const index = found.findIndex((address) => current?.equals(address));
  return found[index === -1 ? 0 : (index + (wantsNext ? 1 : 0)) % found.length];
};

/** A socket on :: reaches both families; an endpoint without sockets is the game's, which reaches what it can. */
export const reachableFrom =
  (bound: () => readonly PeerAddress[]) =>
  (address: PeerAddress): boolean => {
    const sockets = bound();
    return (
      sockets.length === 0 ||
      sockets.some((socket) => socket.isIPv4 === address.isIPv4 || socket.host === '::')
    );
  };
