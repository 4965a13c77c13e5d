import { randomBytes } from 'node:crypto';
import { type Clock, PeerAddress, ServerError, type Store } from 'beaconry';
import { fakeIpKind, pickFakeIp, pickPort } from './fake-ip-range.js';
import type { LeaseTokens } from './lease-tokens.js';
import {
  FAKE_IP_LEASE,
  type FakeIpAllocation,
  type FakeIpHolder,
  type FakeIpOwner,
  type FakeIpState,
  type FakeIps,
} from './public.js';

/** Milliseconds after the lease in which nobody else gets the address. */
const QUARANTINE = 15 * 60_000;
const MAX_PORTS = 4;
const TRIES = 64;
/** In place of an identity that was forgotten. */
const nobody = 'nobody';

interface Stored {
  readonly identity: string;
  readonly appId: number;
  readonly address: string;
  readonly port: number;
  readonly count: number;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  readonly open: boolean;
  /** Unix seconds of the owner's last word; 0 where words carry no time. */
  readonly saidAt: number;
  [key: string]: string | number | boolean;
}
interface Taken {
  readonly identity: string;
  readonly index: number;
  [key: string]: string | number;
}

const random = (): number => randomBytes(4).readUInt32LE() / 2 ** 32;

/** Global FakeIPs in the store, so that every node gives out and finds the same ones. */
export class FakeIpRegistry implements FakeIps {
  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly tokens: LeaseTokens,
    private readonly chance: () => number = random,
  ) {}

  async allocate(
    appId: number,
    identity: string,
    ports: number,
    state: FakeIpState = { open: true },
  ): Promise<FakeIpAllocation> {
    if (!Number.isInteger(ports) || ports < 1 || ports > MAX_PORTS) {
      throw new ServerError('FAKE_IP_PORTS', `1 to ${MAX_PORTS} ports can be had, not ${ports}`);
    }
    const known = await this.store.get<Stored>(ownerKey(appId, identity));
    if (known !== undefined) {
      if (known.count < ports) {
        throw new ServerError(
          'FAKE_IP_LIMIT',
          `${identity} has ${known.count} ports and cannot have ${ports}: ports are asked for once`,
        );
      }
      return this.renew(appId, identity, state);
    }
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const address = pickFakeIp('global', this.chance());
      const port = pickPort(this.chance(), ports);
      if (!(await this.#take(appId, identity, address, port, ports))) continue;
      const stored = { identity, appId, address, port, count: ports, expiresAt: 0, saidAt: 0 };
      return this.#keep({ ...stored, ...state });
    }
    throw new ServerError('FAKE_IP_BUSY', 'no FakeIP is free just now; try again');
  }

  async renew(appId: number, identity: string, state: FakeIpState): Promise<FakeIpAllocation> {
    const known = await this.store.get<Stored>(ownerKey(appId, identity));
    if (known === undefined) {
      throw new ServerError('FAKE_IP_NO_MATCH', `${identity} has no FakeIP of app ${appId}`);
    }
    checkOrder(known, state.saidAt);
    return this.#keep({ ...known, ...state });
  }

  async release(
    appId: number,
    identity: string,
    saidAt?: number,
  ): Promise<FakeIpAllocation | undefined> {
    const known = await this.store.get<Stored>(ownerKey(appId, identity));
    if (known === undefined) return undefined;
    checkOrder(known, saidAt);
    const said = saidAt === undefined ? {} : { saidAt };
    // The ports stay taken for the quarantine, so that nobody reaches a stranger by an old address.
    await this.#write({ ...known, ...said, open: false, expiresAt: this.clock.now() });
    return this.#isLive(known) ? this.#allocationOf(known) : undefined;
  }

  async lease(appId: number, identity: string): Promise<FakeIpAllocation | undefined> {
    const known = await this.store.get<Stored>(ownerKey(appId, identity));
    return known !== undefined && this.#isLive(known) ? this.#allocationOf(known) : undefined;
  }

  async holderOf(token: string): Promise<FakeIpHolder | undefined> {
    const holder = this.tokens.holderOf(token);
    if (holder === undefined) return undefined;
    return (await this.lease(holder.appId, holder.identity)) && holder;
  }

  async find(appId: number, address: string): Promise<FakeIpOwner | undefined> {
    const parsed = PeerAddress.parse(address);
    if (parsed === undefined || fakeIpKind(parsed) !== 'global') {
      throw new ServerError('FAKE_IP_INVALID', `"${address}" is not a global FakeIP with a port`);
    }
    const taken = await this.store.get<Taken>(portKey(appId, parsed.host, parsed.port));
    if (taken === undefined) return undefined;
    const owner = await this.store.get<Stored>(ownerKey(appId, taken.identity));
    if (owner === undefined || owner.address !== parsed.host || !this.#isLive(owner)) {
      return undefined;
    }
    return { identity: taken.identity, index: taken.index, open: owner.open };
  }

  /** Gives up all FakeIPs of an identity and its name; their ports stay nobody's for the quarantine. Tells which. */
  async forget(identity: string): Promise<readonly FakeIpAllocation[]> {
    const given: FakeIpAllocation[] = [];
    for (let after = ''; ; ) {
      const page = await this.store.scan<Stored>('owner/', { after });
      for (const [key, stored] of page) {
        if (stored.identity !== identity) continue;
        await this.#write({ ...stored, identity: nobody });
        await this.store.delete(ownerKey(stored.appId, nobody));
        if (await this.store.delete(key)) given.push(this.#allocationOf(stored));
      }
      const last = page.at(-1);
      if (last === undefined) return given;
      after = last[0];
    }
  }

  /** All ports or none. */
  async #take(
    appId: number,
    identity: string,
    address: string,
    first: number,
    count: number,
  ): Promise<boolean> {
    for (let index = 0; index < count; index++) {
      const taken: Taken = { identity, index };
      const key = portKey(appId, address, first + index);
      if (await this.store.setIfAbsent(key, taken, { ttl: FAKE_IP_LEASE + QUARANTINE })) continue;
      for (let i = 0; i < index; i++) await this.store.delete(portKey(appId, address, first + i));
      return false;
    }
    return true;
  }

  async #keep(stored: Stored): Promise<FakeIpAllocation> {
    const renewed = { ...stored, expiresAt: this.clock.now() + FAKE_IP_LEASE };
    await this.#write(renewed);
    return this.#allocationOf(renewed);
  }

  #allocationOf(stored: Stored): FakeIpAllocation {
    const { appId, identity, address, port, count, expiresAt, open } = stored;
    return {
      ...{ appId, identity, address, open },
      ports: Array.from({ length: count }, (_, i) => port + i),
      expiresIn: (expiresAt - this.clock.now()) / 1000,
    };
  }

  #isLive({ expiresAt }: Stored): boolean {
    return expiresAt > this.clock.now();
  }

  async #write(stored: Stored): Promise<void> {
    const { appId, identity, address, port, count } = stored;
    const ttl = FAKE_IP_LEASE + QUARANTINE;
    for (let index = 0; index < count; index++) {
      await this.store.set(portKey(appId, address, port + index), { identity, index }, { ttl });
    }
    await this.store.set(ownerKey(appId, identity), stored, { ttl });
  }
}

/** What was said before the last word may be somebody else's copy. */
function checkOrder({ identity, saidAt: last }: Stored, saidAt = last): void {
  if (saidAt >= last) return;
  throw new ServerError('FAKE_IP_REPLAYED', `a newer word of ${identity} is known`);
}

const ownerKey = (appId: number, identity: string): string => `owner/${appId}/${identity}`;
const portKey = (appId: number, address: string, port: number): string =>
  `port/${appId}/${address}:${port}`;
