import { AddressLimit, type Clock, GlobalLimit, type PeerAddress, ServerError } from 'beaconry';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { EndReason } from '../agent/connection-state.js';
import { newSessionId } from '../agent/hop.js';
import * as codec from './plain-udp-codec.js';
import { PlainLead } from './plain-udp-codec.js';
import type { PlainUdpConnection } from './plain-udp-connection.js';
import { PlainUdpCookie } from './plain-udp-cookie.js';
import { sessionKeys } from './plain-udp-keys.js';
import { judgeOffer, type PeerExpectation, SessionOffer } from './session-offer.js';

export interface AcceptorOptions {
  readonly clock: Clock;
  /** The own ones; undefined: nobody can be let in. */
  credentials(): Credentials | undefined;
  expectation(): PeerExpectation | undefined;
  send(bytes: Uint8Array, to: PeerAddress): void;
  /** Makes a connection with that id. */
  connection(id: number, address: PeerAddress): PlainUdpConnection;
  isTaken(id: number): boolean;
  isFull(): boolean;
  accept(connection: PlainUdpConnection): boolean;
}

interface Accepted {
  readonly connection: PlainUdpConnection;
  readonly ok: Uint8Array;
}

/** The server's half of the handshake. Nothing is kept and no signature judged before a cookie came back. */
export class PlainUdpAcceptor {
  readonly #cookie: PlainUdpCookie;
  /** By address and the client's connection id. */
  readonly #accepted = new Map<string, Accepted>();
  readonly #requests: AddressLimit;
  readonly #work: GlobalLimit;
  readonly counters = { challenges: 0, badCookie: 0, limited: 0, refused: 0, accepted: 0 };

  constructor(private readonly options: AcceptorOptions) {
    const { clock } = options;
    this.#cookie = new PlainUdpCookie(clock);
    this.#requests = new AddressLimit(clock, { size: 4096, perSecond: 1, burst: 20 });
    this.#work = new GlobalLimit(clock, { perSecond: 400 });
  }

  forget(connection: PlainUdpConnection): void {
    for (const [name, one] of this.#accepted) {
      if (one.connection === connection) this.#accepted.delete(name);
    }
  }

  challenge(bytes: Uint8Array, from: PeerAddress): void {
    const { connectionId, myTimestamp } = codec.decodePlain(PlainLead.challengeRequest, bytes);
    this.counters.challenges++;
    this.options.send(
      codec.encodePlain(PlainLead.challengeReply, {
        connectionId,
        challenge: this.#cookie.issue(from),
        yourTimestamp: myTimestamp,
        protocolVersion: codec.PROTOCOL_VERSION,
      }),
      from,
    );
  }

  request(bytes: Uint8Array, from: PeerAddress): void {
    const { accept, credentials, expectation, connection: open, isTaken, isFull } = this.options;
    const request = codec.decodePlain(PlainLead.connectRequest, bytes);
    if (!this.#cookie.isValid(request.challenge, from)) {
      this.counters.badCookie++;
      return;
    }
    const clientId = request.clientConnectionId | 0;
    const name = `${from} ${clientId}`;
    const known = this.#accepted.get(name);
    if (known !== undefined) {
      this.options.send(known.ok, from);
      return;
    }
    if (clientId === 0 || isFull() || !this.#requests.take(from) || !this.#work.take()) {
      this.counters.limited++;
      return;
    }
    const own = credentials();
    const expected = expectation();
    if (own === undefined || expected === undefined) return;
    const offer = new SessionOffer(own);
    try {
      const judged = judgeOffer(request.cert, request.crypt, expected);
      const id = newSessionId(isTaken);
      const keys = sessionKeys({
        secret: offer.key.secretWith(judged.key),
        clientId,
        serverId: id,
        clientNonce: judged.nonce,
        serverNonce: offer.nonce,
        clientCertificate: judged.certificate,
        serverCertificate: offer.cert.cert,
        clientKeyMessage: judged.keyMessage,
        serverKeyMessage: offer.keyMessage,
      });
      const connection = open(id, from.copy());
      if (!accept(connection)) {
        connection.fail(EndReason.application, 'refused');
        this.counters.refused++;
        return;
      }
      const ok = codec.encodePlain(PlainLead.connectOk, {
        clientConnectionId: request.clientConnectionId,
        yourTimestamp: request.myTimestamp,
        delayTimeUsec: 0,
        serverConnectionId: id >>> 0,
        crypt: offer.crypt,
        cert: offer.cert,
      });
      this.#accepted.set(name, { connection, ok });
      this.counters.accepted++;
      this.options.send(ok, from);
      connection.begin({
        identity: judged.identity,
        farId: clientId,
        out: keys.toClient,
        incoming: keys.toServer,
      });
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.counters.refused++;
    }
  }
}
