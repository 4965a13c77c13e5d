import { randomBytes } from 'node:crypto';
import { DecodeError, type PeerAddress } from 'beaconry';
import type { HostedRoute } from '../coordinator/sdr/hosted-address-codec.js';
import { LegKind, type LegTable } from './leg-table.js';
import { LinkKeys } from './link-keys.js';
import type { Registrations } from './registrations.js';
import * as codec from './relay-codec.js';
import { Lead, Refusal } from './relay-codec.js';
import type { RelayEngineOptions } from './relay-engine-options.js';
import * as keys from './relay-keys.js';
import { Refusing } from './ticket-judge.js';

/** What every JOIN of a session says. */
export type JoinContent = Omit<codec.Join, 'senderId' | 'hopSecret' | 'ticket'>;

/** A leg ahead and the JOIN that asks for it. */
export interface WayAhead {
  readonly nextRow: number;
  readonly join: Uint8Array;
  readonly joinTo: PeerAddress;
  readonly okKey: Uint8Array;
}

/** Makes ways ahead: to a registered server, or to the next relay. */
export class JoinMaker {
  readonly #links = new LinkKeys();

  constructor(
    private readonly options: RelayEngineOptions,
    private readonly legs: LegTable,
    private readonly registrations: Registrations,
  ) {}

  toServer(
    row: number,
    content: JoinContent,
    ticket: { readonly route: Uint8Array; readonly server: string },
  ): WayAhead {
    let route: HostedRoute;
    try {
      route = this.options.openRoute(ticket.route);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new Refusing(Refusal.mismatch, 'ticket leads to another POP: name a relay there');
    }
    const { address, pop, secret } = route;
    const now = this.options.clock.monotonic();
    const registration = this.registrations.find(address, ticket.server, now);
    if (registration === undefined || !this.options.network().isTarget(pop, address)) {
      throw new Refusing(Refusal.noServer, 'the server is not registered at this relay');
    }
    const joinKeys = keys.serverJoinKeys(registration.secret, secret ?? 0n);
    return this.#toNext(row, content, codec.NO_BYTES, registration.id, joinKeys, address);
  }

  /** Opens a JOIN of another relay; `undefined` when `from` is none. DecodeError when it is not sealed. */
  fromRelay(
    bytes: Uint8Array,
    from: PeerAddress,
  ): { readonly join: codec.Join; readonly okKey: Uint8Array } | undefined {
    const { key, network, ownAddress } = this.options;
    const sender = network().relayKeyAt(from);
    const own = ownAddress();
    if (sender === undefined || own === undefined) return undefined;
    const link = this.#links.keys(key, sender, addressPair(from, own));
    return { join: codec.decodeJoin(keys.unseal(bytes, Lead.join, link.join)), okKey: link.ok };
  }

  toRelay(row: number, content: JoinContent, next: PeerAddress, ticket: Uint8Array): WayAhead {
    const { key, network, ownAddress } = this.options;
    const receiver = network().relayKeyAt(next);
    const own = ownAddress();
    if (receiver === undefined || own === undefined || own.equals(next)) {
      throw new Refusing(Refusal.relay, 'the next relay is not one of this network');
    }
    const link = this.#links.keys(key, receiver, addressPair(own, next));
    return this.#toNext(row, content, ticket, 0, link, next);
  }

  #toNext(
    row: number,
    content: JoinContent,
    ticket: Uint8Array,
    linkId: number,
    joinKeys: keys.JoinKeys,
    to: PeerAddress,
  ): WayAhead {
    const nextRow = this.addLeg(LegKind.fixed, 0, to);
    const hopSecret = randomBytes(32);
    const hop = keys.joinedHopKeys(hopSecret);
    this.legs.setKeys(nextRow, hop.back, hop.forward);
    this.legs.others[nextRow] = row;
    const senderId = (this.legs.ids[nextRow] as number) >>> 0;
    const plain = codec.encodeJoin({ senderId, hopSecret, ticket, ...content });
    const join = keys.seal(Lead.join, linkId, joinKeys.join, plain);
    return { nextRow, join, joinTo: to.copy(), okKey: joinKeys.ok };
  }

  addLeg(kind: LegKind, peerId: number, address: PeerAddress): number {
    const row = this.legs.add(kind, peerId, address, this.options.clock.monotonic());
    if (row < 0) throw new Refusing(Refusal.busy, 'relay is full');
    return row;
  }
}

/** 36 bytes, the sender of a JOIN first. */
export function addressPair(one: PeerAddress, other: PeerAddress): Uint8Array {
  const bytes = new Uint8Array(36);
  one.writeBytes(bytes, 0);
  bytes[16] = one.port;
  bytes[17] = one.port >>> 8;
  other.writeBytes(bytes, 18);
  bytes[34] = other.port;
  bytes[35] = other.port >>> 8;
  return bytes;
}
