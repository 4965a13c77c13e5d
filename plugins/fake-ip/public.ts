import { serviceToken } from 'beaconry';

export { type FakeIpKind, fakeIpKind, GLOBAL_PORT, isFakeIpPort } from './fake-ip-range.js';
/** Milliseconds for which a FakeIP is its owner's without being heard of: heartbeats come every minute. */
export const FAKE_IP_LEASE = 180_000;
export { LocalFakeIps } from './local-fake-ips.js';

/** Whose a FakeIP is. */
export interface FakeIpOwner {
  readonly identity: string;
  /** Place of the port among those of the allocation: its virtual port is GLOBAL_PORT + index. */
  readonly index: number;
  readonly open: boolean;
}

/** The FakeIP that an identity has of an app. */
export interface FakeIpAllocation {
  readonly appId: number;
  readonly identity: string;
  /** IPv4 text. */
  readonly address: string;
  readonly ports: readonly number[];
  /** Seconds within which the owner must be heard of again. */
  readonly expiresIn: number;
  /** Whether players may come. */
  readonly open: boolean;
}

/** What an owner says with each sign of life. */
export interface FakeIpState {
  /** False while the server is full or closed. */
  readonly open: boolean;
  /** Unix seconds when it was said; what is older than the last word is refused with FAKE_IP_REPLAYED. */
  readonly saidAt?: number;
}

/** Who leases a FakeIP. */
export interface FakeIpHolder {
  readonly identity: string;
  readonly appId: number;
}

/** Addresses that look like IPv4, are never routed, and stand for hosts whose real one stays hidden. */
export interface FakeIps {
  /**
   * Gives 1 to 4 ports of one address; the same ones to an identity that had some. FAKE_IP_PORTS, FAKE_IP_LIMIT,
   * FAKE_IP_BUSY.
   */
  allocate(
    appId: number,
    identity: string,
    ports: number,
    state?: FakeIpState,
  ): Promise<FakeIpAllocation>;
  /** The owner is alive; FAKE_IP_NO_MATCH when it has no allocation. */
  renew(appId: number, identity: string, state: FakeIpState): Promise<FakeIpAllocation>;
  /** Ends the lease; what it was, or undefined when there was none. */
  release(appId: number, identity: string, saidAt?: number): Promise<FakeIpAllocation | undefined>;
  /** What an identity holds now. */
  lease(appId: number, identity: string): Promise<FakeIpAllocation | undefined>;
  /** Whose live lease a token was given for; it proves the identity to services of this network. */
  holderOf(token: string): Promise<FakeIpHolder | undefined>;
  /** The live owner of `a.b.c.d:port`; undefined: no match. FAKE_IP_INVALID for what is no global FakeIP. */
  find(appId: number, address: string): Promise<FakeIpOwner | undefined>;
}
export const FakeIps = serviceToken<FakeIps>('FakeIps');

/** What is known of the accounts of players, on all nodes: provided by the plugin that logs them on. */
export interface PlayerAccounts {
  /** Whether the account has a live session. */
  isLoggedOn(identity: string): Promise<boolean>;
  /** Whether it holds an app, its own or a borrowed one. */
  holds(identity: string, appId: number): Promise<boolean>;
}
export const PlayerAccounts = serviceToken<PlayerAccounts>('PlayerAccounts');
