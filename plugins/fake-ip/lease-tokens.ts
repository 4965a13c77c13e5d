import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from 'beaconry';
import { FAKE_IP_LEASE, type FakeIpHolder } from './public.js';

/** Gives 16 secret bytes for a time, the same on all nodes. */
interface Secrets {
  at(time: number): Uint8Array;
}

const MAX_TOKEN = 512;
/** Milliseconds that the clock of another node may be ahead. */
const AHEAD = 60_000;
const FORM = /^fip\.([\w-]{1,400})\.([\w-]{43})$/;

/**
 * Words that prove who leases a FakeIP, for as long as a lease lasts without being renewed. Nothing is kept of them:
 * they say whom they are for, and every node of the network can tell whether one of it made them.
 */
export class LeaseTokens {
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly secrets: Secrets,
  ) {}

  issue({ identity, appId }: FakeIpHolder): string {
    const issuedAt = this.clock.now();
    const body = Buffer.from(JSON.stringify([appId, issuedAt, identity])).toString('base64url');
    return `fip.${body}.${this.#seal(body, issuedAt).toString('base64url')}`;
  }

  /** Undefined for one that nobody here made, or that is over. */
  holderOf(token: string): FakeIpHolder | undefined {
    const [, body = '', mac = ''] = (token.length <= MAX_TOKEN && FORM.exec(token)) || [];
    const said = read(body);
    if (said === undefined) return undefined;
    const { identity, appId, issuedAt } = said;
    const age = this.clock.now() - issuedAt;
    if (age < -AHEAD || age > FAKE_IP_LEASE) return undefined;
    const given = Buffer.from(mac, 'base64url');
    const right = this.#seal(body, issuedAt);
    return given.length === right.length && timingSafeEqual(given, right)
      ? { identity, appId }
      : undefined;
  }

  #seal(body: string, issuedAt: number): Buffer {
    return createHmac('sha256', this.secrets.at(issuedAt)).update(`fake-ip lease ${body}`).digest();
  }
}

function read(body: string): (FakeIpHolder & { readonly issuedAt: number }) | undefined {
  try {
    const [appId, issuedAt, identity] = JSON.parse(Buffer.from(body, 'base64url').toString());
    return Number.isSafeInteger(appId) && Number.isFinite(issuedAt) && typeof identity === 'string'
      ? { appId, issuedAt, identity }
      : undefined;
  } catch {
    return undefined;
  }
}
