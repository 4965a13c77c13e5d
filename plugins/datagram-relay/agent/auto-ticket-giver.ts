import { type Clock, GlobalLimit, messageOf } from 'beaconry';
import type { Rendezvous } from '../../coordinator/sdr/sdr_pb.js';
import { judgeConnectRequest } from './connect-request-check.js';
import { EndReason } from './connection-state.js';
import { encodeSignal, readSignal, type SignalFields } from './peer-signal-codec.js';
import type { TrustedNetwork } from './relay-access.js';
import { isJudgement } from './server-meeting.js';

/** What a server needs to give tickets for its FakeIP in signals. */
export interface AutoTicketGiverOptions {
  readonly clock: Pick<Clock, 'monotonic'> & Pick<Clock, 'now'>;
  readonly identity: string;
  readonly appId: number;
  /** Virtual ports of the own FakeIP. */
  readonly ports: readonly number[];
  network(): TrustedNetwork | undefined;
  /** False while the server is full or closed. */
  isOpen(): boolean;
  /** A ticket for that player, made on behalf of this server; ServerError says why there is none. */
  ticket(client: string, virtualPort: number): Promise<Uint8Array>;
  /** Hands a signal to the signaling service. */
  signal(to: string, payload: Uint8Array): void;
}

interface Asked {
  readonly at: number;
  answeredAt: number;
  answer: SignalFields | undefined;
}

const REQUESTS_PER_SECOND = 20;
const MAX_ASKED = 256;
/** Milliseconds for which the same request gets the same answer, and between two of them. */
const LIFE = 15_000;
const REPEAT = 300;

/**
 * A hosted server's side of a connection by FakeIP: it listens for connect requests as a peer does, and answers with
 * a ticket for the way over relays. Who is not who he says, or wants something else, meets silence.
 */
export class AutoTicketGiver {
  /** By the player's identity and connection id. */
  readonly #asked = new Map<string, Asked>();
  readonly #work: GlobalLimit;
  readonly counters = { given: 0, refused: 0 };

  constructor(private readonly options: AutoTicketGiverOptions) {
    this.#work = new GlobalLimit(options.clock, { perSecond: REQUESTS_PER_SECOND });
  }

  /** A signal that the service brought, stamped with its sender. */
  signaled(from: string, payload: Uint8Array): void {
    try {
      const signal = readSignal(payload, from, this.options.identity);
      if (signal?.connectRequest !== undefined) this.#requested(from, signal);
    } catch (error) {
      if (!isJudgement(error)) throw error;
    }
  }

  #requested(from: string, signal: Rendezvous): void {
    const farId = signal.fromConnectionId >>> 0;
    const now = this.options.clock.monotonic();
    this.#forget(now);
    const name = `${from} ${farId}`;
    const known = this.#asked.get(name);
    if (known !== undefined) {
      if (known.answer !== undefined && now - known.answeredAt >= REPEAT) this.#answer(from, known);
      return;
    }
    const virtualPort = this.#portWanted(from, signal);
    if (farId === 0 || virtualPort === undefined) return;
    const asked: Asked = { at: now, answeredAt: now, answer: undefined };
    if (this.#asked.size >= MAX_ASKED) {
      this.#asked.delete(this.#asked.keys().next().value as string);
    }
    this.#asked.set(name, asked);
    void this.#decide(from, virtualPort).then((fields) => {
      asked.answer = { ...fields, toConnectionId: farId };
      this.#answer(from, asked);
    });
  }

  /** The one port that a player wants who proved who he is; undefined: nobody who gets an answer. */
  #portWanted(from: string, { connectRequest }: Rendezvous): number | undefined {
    const { identity, appId, clock, network, ports } = this.options;
    const trusted = network();
    const { crypt, cert, toVirtualPort = 0 } = connectRequest ?? {};
    if (crypt === undefined || cert === undefined || trusted === undefined) return undefined;
    if (!ports.includes(toVirtualPort) || !this.#work.take()) return undefined;
    const unix = Math.floor(clock.now() / 1000);
    const { certificates } = trusted;
    const part = judgeConnectRequest(cert, crypt, { from, identity, appId, certificates, unix });
    return part?.ports.every((port) => port === toVirtualPort) ? toVirtualPort : undefined;
  }

  async #decide(client: string, virtualPort: number): Promise<SignalFields> {
    try {
      if (!this.options.isOpen()) return this.#refusal('the server is full or closed');
      const hostedServerTicket = await this.options.ticket(client, virtualPort);
      this.counters.given++;
      return { hostedServerTicket };
    } catch (error) {
      return this.#refusal(messageOf(error));
    }
  }

  #refusal(text: string): SignalFields {
    this.counters.refused++;
    const debug = Buffer.from(text).subarray(0, 127).toString();
    return { connectionClosed: { reasonCode: EndReason.noRights, debug } };
  }

  #answer(to: string, asked: Asked): void {
    asked.answeredAt = this.options.clock.monotonic();
    const { identity } = this.options;
    const fields = { ...asked.answer, fromIdentity: identity, toIdentity: to };
    this.options.signal(to, encodeSignal(fields));
  }

  #forget(now: number): void {
    for (const [name, { at }] of this.#asked) {
      if (now - at < LIFE) break;
      this.#asked.delete(name);
    }
  }
}
