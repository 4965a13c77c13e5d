import { randomBytes } from 'node:crypto';
import type { PeerAddress } from 'beaconry';
import { decodeOpen, decodeOpenOk, encodeOpen, type OpenOk, type Refused } from '../relay-codec.js';
import { clientHopKeys, ExchangeKey, hmac, sameBytes } from '../relay-keys.js';
import { Hop } from './hop.js';
import type { Route } from './route-choice.js';

const RETRY = 500;
const GIVE_UP = 10_000;

export interface OpeningOptions {
  readonly id: number;
  readonly route: Route;
  readonly endPart: Uint8Array;
  readonly certificate: Uint8Array;
  readonly ticket: Uint8Array;
  readonly peerToPeer: boolean;
  sign(bytes: Uint8Array): Uint8Array;
  send(bytes: Uint8Array, to: PeerAddress): void;
  /** A cookie of the first relay; undefined: it was asked for one. */
  cookie(): Uint8Array | undefined;
}

/** One OPEN on its way: repeated until answered, refused or given up. */
export class PathOpening {
  readonly #hopKey = ExchangeKey.generate();
  readonly #random = randomBytes(16);
  #open: Uint8Array | undefined;
  #hash: Uint8Array | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  readonly startedAt: number;

  constructor(
    readonly options: OpeningOptions,
    now: number,
  ) {
    this.startedAt = now;
  }

  /** Sends what is due; false when it is time to give up. */
  tick(now: number): boolean {
    if (now - this.startedAt > GIVE_UP) return false;
    if (now - this.#sentAt < RETRY) return true;
    const { options } = this;
    if (this.#open === undefined) {
      const cookie = options.cookie();
      if (cookie === undefined) return true;
      const { route, endPart, certificate, ticket, peerToPeer, id } = options;
      this.#open = encodeOpen(
        {
          cookie,
          clientId: id >>> 0,
          hopKey: this.#hopKey.publicKey,
          random: this.#random,
          relayKey: route.first.key,
          peerToPeer,
          next: route.second?.address,
          ticket,
          certificate,
          endPart,
        },
        (bytes) => options.sign(bytes),
      );
      this.#hash = decodeOpen(this.#open).hash;
    }
    this.#sentAt = now;
    options.send(this.#open, options.route.first.address);
    return true;
  }

  /** The hop and what the relay said; undefined: not from the relay that was asked. */
  answered(
    bytes: Uint8Array,
    from: PeerAddress,
    now: number,
  ): { readonly hop: Hop; readonly ok: OpenOk } | undefined {
    const { route, id, send } = this.options;
    if (this.#hash === undefined || !route.first.address.equals(from)) return undefined;
    const { message, covered, hmac: received } = decodeOpenOk(bytes);
    const secrets = Buffer.concat([
      this.#hopKey.secretWith(route.first.key),
      this.#hopKey.secretWith(message.relayEphemeral),
    ]);
    const keys = clientHopKeys(secrets, this.#hash);
    if (!sameBytes(hmac(keys.answer, covered).subarray(0, 16), received)) return undefined;
    const address = route.first.address.copy();
    const hop = new Hop(id, message.relayId | 0, address, keys.back, keys.forward, send, now);
    return { hop, ok: message };
  }

  /** A refusal, which anybody on the way could have written: the reason of this attempt only. */
  isRefusedBy(_refused: Refused, from: PeerAddress): boolean {
    return this.options.route.first.address.equals(from);
  }
}
