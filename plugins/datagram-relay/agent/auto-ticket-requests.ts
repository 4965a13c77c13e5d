import { randomBytes } from 'node:crypto';
import { type Clock, ServerError } from 'beaconry';
import { toEnvelope } from '../../coordinator/sdr/certificate-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { encodeEndPart } from '../relay-codec.js';
import { ExchangeKey } from '../relay-keys.js';
import { newSessionId } from './hop.js';
import { encodeSignal, peerSigned, readSignal } from './peer-signal-codec.js';
import { isJudgement } from './server-meeting.js';

/** What a player needs to ask servers at FakeIPs for tickets in signals. */
export interface AutoTicketRequestsOptions {
  readonly clock: Clock;
  readonly identity: string;
  readonly appId: number;
  credentials(): Promise<Credentials>;
  /** Hands a signal to the signaling service. */
  signal(to: string, payload: Uint8Array): void;
}

interface Request {
  readonly server: string;
  settle(result: Uint8Array | ServerError): void;
}

const RETRY = 500;
const GIVE_UP = 10_000;
const MAX_REQUESTS = 64;

/** A player's side of a connection by FakeIP: asks the server by signals for a ticket. */
export class AutoTicketRequests {
  /** By the own connection id. */
  readonly #requests = new Map<number, Request>();

  constructor(private readonly options: AutoTicketRequestsOptions) {}

  /** AUTO_TICKET_REFUSED with the server's reason, AUTO_TICKET_UNANSWERED after 10 s, TOO_MANY_CONNECTIONS. */
  async request(server: string, virtualPort: number): Promise<Uint8Array> {
    if (this.#requests.size >= MAX_REQUESTS) {
      throw new ServerError('TOO_MANY_CONNECTIONS', `${MAX_REQUESTS} requests are under way`);
    }
    const { clock, identity, appId, credentials, signal } = this.options;
    const { key, certificate } = await credentials();
    const id = newSessionId((taken) => this.#requests.has(taken));
    const info = encodeEndPart({
      ...{ appId, client: identity, server, ports: [virtualPort] },
      ...{ connection: randomBytes(8), random: randomBytes(16) },
      key: ExchangeKey.generate().publicKey,
    });
    const payload = encodeSignal({
      connectRequest: {
        crypt: { info, signature: key.sign(peerSigned(info)) },
        cert: toEnvelope(certificate),
        toVirtualPort: virtualPort,
      },
      ...{ fromConnectionId: id >>> 0, fromIdentity: identity, toIdentity: server },
    });
    const silence = new ServerError('AUTO_TICKET_UNANSWERED', `${server} does not answer`);
    const stops = [clock.every(RETRY, () => signal(server, payload))];
    try {
      const result = await new Promise<Uint8Array | ServerError>((settle) => {
        this.#requests.set(id, { server, settle });
        stops.push(clock.after(GIVE_UP, () => settle(silence)));
        signal(server, payload);
      });
      if (result instanceof ServerError) throw result;
      return result;
    } finally {
      this.#requests.delete(id);
      for (const stop of stops) stop();
    }
  }

  /** A signal that the service brought, stamped with its sender; only answers of servers that were asked count. */
  signaled(from: string, payload: Uint8Array): void {
    try {
      const signal = readSignal(payload, from, this.options.identity);
      const request = this.#requests.get((signal?.toConnectionId ?? 0) | 0);
      if (signal === undefined || request?.server !== from) return;
      const { hostedServerTicket, connectionClosed } = signal;
      if (hostedServerTicket.length > 0) request.settle(new Uint8Array(hostedServerTicket));
      else if (connectionClosed !== undefined) {
        const text = connectionClosed.debug.slice(0, 127);
        request.settle(new ServerError('AUTO_TICKET_REFUSED', `${from} refuses: ${text}`));
      }
    } catch (error) {
      if (!isJudgement(error)) throw error;
    }
  }
}
