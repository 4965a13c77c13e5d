import { randomBytes } from 'node:crypto';
import { type Clock, PeerAddress, ServerError, type Store } from 'beaconry';
import { fakeIpKind, pickFakeIp, pickPort } from './fake-ip-range.js';
import type { FakeIpAllocation, FakeIpOwner, FakeIps } from './public.js';

/** Milliseconds: heartbeats come every minute; then nobody else gets the address for a quarter of an hour. */
export const LEASE = 180_000;
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
    private readonly chance: () => number = random,
  ) {}

  async allocate(appId: number, identity: string, ports: number): Promise<FakeIpAllocation> {
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
      return this.renew(appId, identity, { open: true });
    }
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const address = pickFakeIp('global', this.chance());
      const port = pickPort(this.chance(), ports);
      if (!(await this.#take(appId, identity, address, port, ports))) continue;
      const stored = {
        ...{ identity, appId, address, port, count: ports, open: true },
        expiresAt: 0,
      };
      return this.#keep(stored);
    }
    throw new ServerError('FAKE_IP_BUSY', 'no FakeIP is free just now; try again');
  }

  async renew(
    appId: number,
    identity: string,
    { open }: { readonly open: boolean },
  ): Promise<FakeIpAllocation> {
    const known = await this.store.get<Stored>(ownerKey(appId, identity));
    if (known === undefined) {
      throw new ServerError('FAKE_IP_NO_MATCH', `${identity} has no FakeIP of app ${appId}`);
    }
    return this.#keep({ ...known, open });
  }

  async release(appId: number, identity: string): Promise<boolean> {
    const known = await this.store.get<Stored>(ownerKey(appId, identity));
    if (known === undefined) return false;
    // The ports stay taken for the quarantine, so that nobody reaches a stranger by an old address.
    await this.#write({ ...known, open: false, expiresAt: this.clock.now() });
    return true;
  }

  async find(appId: number, address: string): Promise<FakeIpOwner | undefined> {
    const parsed = PeerAddress.parse(address);
    if (parsed === undefined || fakeIpKind(parsed) !== 'global') {
      throw new ServerError('FAKE_IP_INVALID', `"${address}" is not a global FakeIP with a port`);
    }
    const taken = await this.store.get<Taken>(portKey(appId, parsed.host, parsed.port));
    if (taken === undefined) return undefined;
    const owner = await this.store.get<Stored>(ownerKey(appId, taken.identity));
    if (
      owner === undefined ||
      owner.address !== parsed.host ||
      owner.expiresAt <= this.clock.now()
    ) {
      return undefined;
    }
    return { identity: taken.identity, index: taken.index, open: owner.open };
  }

  /** Gives up all FakeIPs of an identity and its name; their ports stay nobody's for the quarantine. Tells how many. */
  async forget(identity: string): Promise<number> {
    let count = 0;
    for (let after = ''; ; ) {
      const page = await this.store.scan<Stored>('owner/', { after });
      for (const [key, stored] of page) {
        if (stored.identity !== identity) continue;
        await this.#write({ ...stored, identity: nobody });
        await this.store.delete(ownerKey(stored.appId, nobody));
        if (await this.store.delete(key)) count++;
      }
      const last = page.at(-1);
      if (last === undefined) return count;
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
      if (await this.store.setIfAbsent(key, taken, { ttl: LEASE + QUARANTINE })) continue;
      for (let i = 0; i < index; i++) await this.store.delete(portKey(appId, address, first + i));
      return false;
    }
    return true;
  }

  async #keep(stored: Stored): Promise<FakeIpAllocation> {
    await this.#write({ ...stored, expiresAt: this.clock.now() + LEASE });
    return {
      appId: stored.appId,
      identity: stored.identity,
      address: stored.address,
      ports: Array.from({ length: stored.count }, (_, i) => stored.port + i),
      expiresIn: LEASE / 1000,
    };
  }

  async #write(stored: Stored): Promise<void> {
    const { appId, identity, address, port, count } = stored;
    const ttl = LEASE + QUARANTINE;
    for (let index = 0; index < count; index++) {
      await this.store.set(portKey(appId, address, port + index), { identity, index }, { ttl });
    }
    await this.store.set(ownerKey(appId, identity), stored, { ttl });
  }
}

const ownerKey = (appId: number, identity: string): string => `owner/${appId}/${identity}`;
const portKey = (appId: number, address: string, port: number): string =>
  `port/${appId}/${address}:${port}`;
