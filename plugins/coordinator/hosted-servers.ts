import { type Clock, type ForgottenSubject, PeerAddress, ServerError, type Store } from 'beaconry';
import type { HostedServerState } from './public.js';
import type { HostedRoute } from './sdr/hosted-address-codec.js';
import type { CheckedServerLogin } from './sdr/server-login.js';

/** Seconds after which a server that does not sign on again is forgotten. */
const LEASE = 180;
const PAGE = 1000;

interface StoredServer {
  readonly identity: string;
  readonly appId: number;
  readonly pop: string;
  readonly address: string;
  /** Decimal; empty for a server of a developer. */
  readonly secret: string;
  readonly protocolVersion: number;
  readonly freeSlots: number;
  /** Decimal; empty for an unsigned login. */
  readonly keyId: string;
  readonly caKeyId: string;
  readonly generatedAt: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  [key: string]: string | number;
}

export interface SignedOnServer {
  readonly identity: string;
  readonly appId: number;
  readonly route: HostedRoute;
  readonly freeSlots: number;
  readonly keyId: bigint | undefined;
  /** Key that signed its certificate. */
  readonly caKeyId: bigint | undefined;
}

/** Hosted servers that are signed on, in the store, so that every node can send players to them. */
export class HostedServers {
  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now'>,
    /** Whether a key, or the one that certified it, counts no more. */
    private readonly isLost: (keyId: bigint, caKeyId: bigint) => boolean,
  ) {}

  /**
   * Takes a judged login. LOGIN_REPLAYED for one that is older than what is known, LOGIN_TAKEN while another key
   * holds the identity, LOGIN_UNSIGNED for one without a key in place of one with.
   */
  async signOn(login: CheckedServerLogin): Promise<HostedServerState> {
    const { identity, appId, route, keyId, caKeyId, generatedAt } = login;
    const fresh: StoredServer = {
      identity,
      appId,
      pop: route.pop,
      address: String(route.address),
      secret: route.secret === undefined ? '' : String(route.secret),
      protocolVersion: route.protocolVersion ?? 0,
      freeSlots: freeSlotsOf(login.appData),
      keyId: keyId === undefined ? '' : String(keyId),
      caKeyId: caKeyId === undefined ? '' : String(caKeyId),
      generatedAt,
      expiresAt: this.clock.now() + LEASE * 1000,
    };
    await this.store.update<StoredServer>(
      serverKey(identity),
      (known) => {
        if (known !== undefined && this.#isLive(known)) this.#checkSuccessor(known, fresh);
        return fresh;
      },
      { ttl: LEASE * 1000 },
    );
    return stateOf(fresh);
  }

  /** The server of that name; undefined when it is not signed on. */
  async find(identity: string): Promise<SignedOnServer | undefined> {
    const stored = await this.store.get<StoredServer>(serverKey(identity));
    return stored && this.#isLive(stored) ? signedOn(stored) : undefined;
  }

  async ofApp(appId: number): Promise<SignedOnServer[]> {
    const found: SignedOnServer[] = [];
    for await (const stored of this.#all()) {
      if (stored.appId === appId && this.#isLive(stored)) found.push(signedOn(stored));
    }
    return found;
  }

  /** Signs off the servers of a person; one that still runs comes again. Tells how many. */
  async forget({ kind, text }: ForgottenSubject): Promise<number> {
    let count = 0;
    for await (const { identity, address } of this.#all()) {
      const isTheirs =
        kind === 'steam-id'
          ? identity === `steamid:${text}`
          : kind === 'address' && PeerAddress.parse(address)?.host === text;
      if (isTheirs && (await this.store.delete(serverKey(identity)))) count++;
    }
    return count;
  }

  async *#all(): AsyncGenerator<StoredServer> {
    for (let after = ''; ; ) {
      const page = await this.store.scan<StoredServer>('server/', { after });
      for (const [, stored] of page) yield stored;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      after = last[0];
    }
  }

  /** Takes places for players until the server signs on again; false when somebody was quicker. */
  async reserve(identity: string, slots: number): Promise<boolean> {
    let taken = false;
    await this.store.update<StoredServer>(
      serverKey(identity),
      (known) => {
        taken = known !== undefined && known.freeSlots >= slots;
        return known && taken ? { ...known, freeSlots: known.freeSlots - slots } : known;
      },
      { ttl: LEASE * 1000 },
    );
    return taken;
  }

  /** An identity is its key's until the lease ends or the key is revoked. */
  #checkSuccessor(known: StoredServer, fresh: StoredServer): void {
    const { identity, keyId, caKeyId } = known;
    if (fresh.generatedAt < known.generatedAt) {
      throw new ServerError('LOGIN_REPLAYED', `a newer login of ${identity} is known`);
    }
    if (keyId === '' || keyId === fresh.keyId || this.isLost(BigInt(keyId), BigInt(caKeyId)))
      return;
    if (fresh.keyId === '') {
      throw new ServerError('LOGIN_UNSIGNED', `${identity} signed on with a certificate before`);
    }
    throw new ServerError('LOGIN_TAKEN', `${identity} is signed on with key ${keyId}`);
  }

  /** Giving places away renews the entry in the store, but not the lease. */
  #isLive({ expiresAt }: StoredServer): boolean {
    return expiresAt > this.clock.now();
  }
}

const serverKey = (identity: string): string => `server/${identity}`;

const stateOf = ({ identity, pop, appId, freeSlots }: StoredServer): HostedServerState => ({
  identity,
  pop,
  appId,
  freeSlots,
  expiresIn: LEASE,
});

function signedOn(stored: StoredServer): SignedOnServer {
  const address = PeerAddress.parse(stored.address) ?? new PeerAddress();
  const { identity, appId, pop, secret, protocolVersion, freeSlots } = stored;
  const keyId = stored.keyId === '' ? undefined : BigInt(stored.keyId);
  const caKeyId = stored.caKeyId === '' ? undefined : BigInt(stored.caKeyId);
  const route: HostedRoute =
    secret === '' ? { pop, address } : { pop, address, secret: BigInt(secret), protocolVersion };
  return { identity, appId, route, freeSlots, keyId, caKeyId };
}

/** `freeSlots` of the game's own data when that is JSON; 0 when it says nothing. */
function freeSlotsOf(appData: Uint8Array): number {
  try {
    const { freeSlots } = JSON.parse(Buffer.from(appData).toString()) as { freeSlots?: unknown };
    return Number.isSafeInteger(freeSlots) && (freeSlots as number) > 0 ? (freeSlots as number) : 0;
  } catch {
    return 0;
  }
}
