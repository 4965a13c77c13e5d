import { type Clock, PeerAddress } from 'beaconry';
import { encodeOwnership, SteamID, signOwnership } from 'beaconry/steam';
import { LRUCache } from 'lru-cache';
import type { BackendOptions } from './backend-options.js';
import type { Licences } from './licences.js';
import type { TicketKey } from './ticket-key.js';

const RENEW_BEFORE = 0.5;

/** Signed ownership tickets (7.2), kept until half their life is over, because signing costs the most. */
export class OwnershipTickets {
  readonly #signed = new LRUCache<string, { readonly bytes: Uint8Array; readonly renewAt: number }>(
    {
      max: 10_000,
    },
  );

  constructor(
    private readonly licences: Licences,
    private readonly key: TicketKey,
    private readonly options: Pick<BackendOptions, 'ownershipLifetime'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Undefined when the account may not play the app. */
  async get(steamId: bigint, appId: number, address: string): Promise<Uint8Array | undefined> {
    const now = this.clock.now();
    const name = `${steamId}/${appId}/${address}`;
    const known = this.#signed.get(name);
    if (known !== undefined && known.renewAt > now) return known.bytes;
    const isServer = new SteamID(steamId).isGameServer;
    const owned = await this.licences.owned(steamId);
    const content = isServer
      ? { packages: [], dlc: [] }
      : this.licences.ticketContent(owned, appId);
    const generated = Math.floor(now / 1000);
    const bytes = signOwnership(
      encodeOwnership({
        version: 4,
        steamId,
        appId,
        externalIp: hostOrder(address),
        internalIp: 0,
        flags: 0,
        generated,
        expires: generated + Math.floor(this.options.ownershipLifetime / 1000),
        ...content,
      }),
      this.key.privateKey,
    );
    this.#signed.set(name, { bytes, renewAt: now + this.options.ownershipLifetime * RENEW_BEFORE });
    return bytes;
  }

  /** Licences of others may have changed unheard. */
  forgetAll(): void {
    this.#signed.clear();
  }

  /** The licences of the account changed. */
  forget(steamId: bigint): void {
    for (const name of this.#signed.keys()) {
      if (name.startsWith(`${steamId}/`)) this.#signed.delete(name);
    }
  }
}

/** An IPv4 address as a host-order number; 0 for anything else, which the layout cannot hold. */
const hostOrder = (address: string): number => {
  const peer = PeerAddress.parse(`${address}:0`);
  return peer?.isIPv4 === true ? peer.d >>> 0 : 0;
};
