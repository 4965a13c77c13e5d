import { DecodeError, ServerError } from 'beaconry';
import { EndReason } from '../agent/connection-state.js';
import { decodePlain, encodePlain, PlainLead, PROTOCOL_VERSION } from './plain-udp-codec.js';
import type { PlainUdpConnection } from './plain-udp-connection.js';
import { sessionKeys } from './plain-udp-keys.js';
import { judgeOffer, type PeerExpectation, type SessionOffer } from './session-offer.js';

const RETRY = 500;
const GIVE_UP = 10_000;

/** The client's half of the handshake: challenge, connect request, connect OK. */
export class PlainUdpDial {
  #challenge: bigint | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  readonly #startedAt: number;

  constructor(
    readonly connection: PlainUdpConnection,
    private readonly offer: SessionOffer,
    private readonly expectation: () => PeerExpectation,
  ) {
    this.#startedAt = connection.options.now();
  }

  /** Sends what is due; false: given up. */
  tick(): boolean {
    const { id, now, send } = this.connection.options;
    if (now() - this.#startedAt > GIVE_UP) {
      this.connection.fail(EndReason.timeout, 'the server does not answer');
      return false;
    }
    if (now() - this.#sentAt < RETRY) return true;
    this.#sentAt = now();
    const myTimestamp = BigInt(Math.round(now() * 1000));
    send(
      this.#challenge === undefined
        ? encodePlain(PlainLead.challengeRequest, {
            connectionId: id >>> 0,
            myTimestamp,
            protocolVersion: PROTOCOL_VERSION,
          })
        : encodePlain(PlainLead.connectRequest, {
            clientConnectionId: id >>> 0,
            challenge: this.#challenge,
            cert: this.offer.cert,
            myTimestamp,
            pingEstMs: 0,
            crypt: this.offer.crypt,
          }),
    );
    return true;
  }

  challenged(bytes: Uint8Array): void {
    const { challenge } = decodePlain(PlainLead.challengeReply, bytes);
    if (this.#challenge !== undefined) return;
    this.#challenge = challenge;
    this.#sentAt = Number.NEGATIVE_INFINITY;
    this.tick();
  }

  /** True: the connection has begun. A server that is not who it should be ends it with the reason. */
  accepted(bytes: Uint8Array): boolean {
    if (this.#challenge === undefined) return false;
    const ok = decodePlain(PlainLead.connectOk, bytes);
    const { connection, offer } = this;
    if (ok.serverConnectionId === 0) return false;
    try {
      const judged = judgeOffer(ok.cert, ok.crypt, this.expectation());
      const keys = sessionKeys({
        secret: offer.key.secretWith(judged.key),
        clientId: connection.options.id,
        serverId: ok.serverConnectionId,
        clientNonce: offer.nonce,
        serverNonce: judged.nonce,
        clientCertificate: offer.cert.cert,
        serverCertificate: judged.certificate,
        clientKeyMessage: offer.keyMessage,
        serverKeyMessage: judged.keyMessage,
      });
      connection.begin({
        identity: judged.identity,
        farId: ok.serverConnectionId,
        out: keys.toServer,
        incoming: keys.toClient,
      });
      return true;
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof DecodeError)) throw error;
      connection.fail(EndReason.badCertificate, error.message);
      return true;
    }
  }
}
