import { serviceToken } from 'beaconry';

export { type FakeIpKind, fakeIpKind, GLOBAL_PORT } from './fake-ip-range.js';
export { LocalFakeIps } from './local-fake-ips.js';

/** Whose a FakeIP is. */
export interface FakeIpOwner {
  readonly identity: string;
  /** Place of the port among those of the allocation: its virtual port is GLOBAL_PORT + index. */
  readonly index: number;
  readonly open: boolean;
}

export interface FakeIpAllocation {
  readonly appId: number;
  readonly identity: string;
  /** IPv4 text. */
  readonly address: string;
  readonly ports: readonly number[];
  /** Seconds within which the owner must be heard of again. */
  readonly expiresIn: number;
}

/** Addresses that look like IPv4, are never routed, and stand for hosts whose real one stays hidden. */
export interface FakeIps {
  /** Gives 1 to 4 ports of one address; the same ones to an identity that had some. FAKE_IP_PORTS, FAKE_IP_BUSY. */
  allocate(appId: number, identity: string, ports: number): Promise<FakeIpAllocation>;
  /** The owner is alive; FAKE_IP_NO_MATCH when it has no allocation. */
  renew(
    appId: number,
    identity: string,
    state: { readonly open: boolean },
  ): Promise<FakeIpAllocation>;
  release(appId: number, identity: string): Promise<boolean>;
  /** The live owner of `a.b.c.d:port`; undefined: no match. FAKE_IP_INVALID for what is no global FakeIP. */
  find(appId: number, address: string): Promise<FakeIpOwner | undefined>;
}
export const FakeIps = serviceToken<FakeIps>('FakeIps');

/** Tells whether an account holds an app; where nobody does, the app of the logon counts. */
export interface AppOwnership {
  holds(identity: string, appId: number): Promise<boolean>;
}
export const AppOwnership = serviceToken<AppOwnership>('AppOwnership');
