import { AddressLimit, type Clock, PeerAddress } from 'beaconry';
import { EResult } from 'beaconry/steam';
import ipaddr from 'ipaddr.js';
import type { BanLookup } from './public.js';
import { WrongKeyLimit } from './wrong-key-limit.js';

export type Refusal = { readonly ok: false; readonly result: EResult; readonly retrying: boolean };
export const refused = (result: EResult, retrying = false): Refusal => ({
  ok: false,
  result,
  retrying,
});

/** Who may try to log on at all, and how often. */
export class LogonGuard {
  readonly #wrongKeys: WrongKeyLimit;
  readonly #logons: AddressLimit;
  readonly #creations: AddressLimit;

  constructor(
    private readonly bans: Pick<BanLookup, 'findAddress'>,
    clock: Clock,
  ) {
    this.#wrongKeys = new WrongKeyLimit(clock);
    this.#logons = new AddressLimit(clock, { perSecond: 20, burst: 2000, size: 8192 });
    this.#creations = new AddressLimit(clock, { perSecond: 1 / 60, burst: 10, size: 8192 });
  }

  async barred(address: string): Promise<Refusal | undefined> {
    if (this.#wrongKeys.refuses(address) || !this.#logons.take(toPeer(address))) {
      return refused(EResult.RateLimitExceeded, true);
    }
    const ban = await this.bans.findAddress(address);
    return ban === undefined ? undefined : refused(EResult.IPBanned);
  }

  /** Somebody there does not know the secret he pretends to have. */
  wrongKey(address: string): void {
    this.#wrongKeys.wrong(address);
  }

  mayCreateAccount(address: string): boolean {
    return this.#creations.take(toPeer(address));
  }
}

/** What is no IP address shares one place in the limits. */
const toPeer = (address: string): PeerAddress =>
  PeerAddress.of(ipaddr.isValid(address) ? address : '0.0.0.0', 0);
