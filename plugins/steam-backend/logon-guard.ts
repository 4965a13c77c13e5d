import { isIP } from 'node:net';
import { AddressLimit, type Clock, type Logger, PeerAddress } from 'beaconry';
import { EResult } from 'beaconry/steam';
import type { BanLookup, LogonAnswer } from './public.js';

export type Refusal = { readonly ok: false; readonly result: EResult; readonly retrying: boolean };
export const refused = (result: EResult, retrying = false): Refusal => ({
  ok: false,
  result,
  retrying,
});

export const tooOften = (): Refusal => refused(EResult.RateLimitExceeded, true);

/** A store that fails is an outage, never a refusal and never a crash. */
export async function orOutage<L>(
  log: Pick<Logger, 'error'>,
  task: () => Promise<LogonAnswer<L>>,
): Promise<LogonAnswer<L>> {
  try {
    return await task();
  } catch (error) {
    log.error({ err: error }, 'a logon failed inside the backend');
    return refused(EResult.ServiceUnavailable, true);
  }
}

/** Who may try to log on at all, and how often. */
export class LogonGuard {
  /** Ten a minute; then right ones are refused too. */
  readonly #wrongKeys: AddressLimit;
  readonly #logons: AddressLimit;
  readonly #creations: AddressLimit;

  constructor(
    private readonly bans: Pick<BanLookup, 'findAddress'>,
    clock: Clock,
  ) {
    this.#wrongKeys = new AddressLimit(clock, { perSecond: 10 / 60, burst: 10, size: 16_384 });
    this.#logons = new AddressLimit(clock, { perSecond: 20, burst: 2000, size: 8192 });
    this.#creations = new AddressLimit(clock, { perSecond: 1 / 60, burst: 10, size: 8192 });
  }

  /** Before a proof is looked at, and again before it is believed: many may be on their way at once. */
  knowsTooLittle(address: string): boolean {
    return !this.#wrongKeys.has(toPeer(address));
  }

  async barred(address: string): Promise<Refusal | undefined> {
    if (this.knowsTooLittle(address) || !this.#logons.take(toPeer(address))) {
      return tooOften();
    }
    const ban = await this.bans.findAddress(address);
    return ban === undefined ? undefined : refused(EResult.IPBanned);
  }

  /** Somebody there does not know the secret he pretends to have. */
  wrongKey(address: string): void {
    this.#wrongKeys.take(toPeer(address));
  }

  mayCreateAccount(address: string): boolean {
    return this.#creations.take(toPeer(address));
  }
}

/** What is no IP address shares one place in the limits. */
const toPeer = (address: string): PeerAddress =>
  PeerAddress.of(isIP(address) === 0 ? '0.0.0.0' : address, 0);

/** One text for each address: sockets of both families print IPv4 peers as IPv6. */
export const canonicalAddress = (address: string): string =>
  isIP(address) === 0 ? address : PeerAddress.of(address, 0).host;
