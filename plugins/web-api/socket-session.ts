import { type AddressLimit, type Clock, DecodeError, PeerAddress, ServerError } from 'beaconry';
import type { WebSocket } from 'ws';
import { refuse, tooOften } from './call-error.js';
import { decodePacketFrame, encodePacketFrame } from './packet-frame-codec.js';
import type { LoggedSignal } from './signal-log.js';
import type { SocketParty } from './socket-party.js';

export interface SocketParts {
  /** Who the credential of a hello belongs to; rejects with an error that tells why nobody. */
  admit(
    hello: { readonly handle: string } | { readonly accountKey: string },
    address: string,
  ): Promise<SocketParty>;
  readonly calls: AddressLimit;
  readonly clock: Pick<Clock, 'after' | 'every'>;
  /** An error that is nobody's fault but ours. */
  failed(error: unknown): void;
}

const HELLO_TIME = 10_000;
/** Milliseconds between pings; a peer that misses one is gone. */
const PING_INTERVAL = 30_000;
/** Bytes that may wait for a slow reader. */
const QUEUE_LIMIT = 1024 * 1024;
/** Calls of one socket that wait for an answer. */
const MAX_IN_FLIGHT = 64;
/** Sockets of one party. */
const MAX_SOCKETS = 4;

const Close = { policy: 1008, internal: 1011, unauthenticated: 4001, ended: 4002 } as const;

/**
 * One socket of `/v1/ws` (sub-protocol beaconry.v1): hello, then calls inwards, answers and signals outwards, and
 * binary frames with packets of a shared socket both ways.
 */
export class SocketSession {
  readonly #from: PeerAddress;
  readonly #endings: (() => void)[] = [];
  /** Frames that came while the hello is looked at, in their order; undefined when none is. */
  #held: { readonly data: Buffer; readonly isBinary: boolean }[] | undefined;
  #party: SocketParty | undefined;
  #inFlight = 0;
  #alive = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly address: string,
    private readonly parts: SocketParts,
  ) {
    this.#from = PeerAddress.of(address, 0);
    const { clock } = parts;
    this.#endings.push(
      clock.after(HELLO_TIME, () => {
        if (this.#party === undefined) this.#close(Close.policy, 'hello must come within 10 s');
      }),
      clock.every(PING_INTERVAL, () => {
        if (!this.#alive) return socket.terminate();
        this.#alive = false;
        socket.ping();
      }),
    );
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('message', (data, isBinary) => this.#message(data as Buffer, isBinary));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#end());
  }

  #message(data: Buffer, isBinary: boolean): void {
    this.#alive = true;
    if (this.#held !== undefined) {
      // What was read together with the hello; the socket is paused, so it is not much.
      if (this.#held.length >= MAX_IN_FLIGHT) this.#close(Close.policy, 'wait for the welcome');
      else this.#held.push({ data, isBinary });
      return;
    }
    try {
      if (isBinary) this.#packet(data);
      else this.#text(data.toString('utf8'));
    } catch (error) {
      if (!(error instanceof ServerError) && !(error instanceof DecodeError)) {
        this.parts.failed(error);
        this.#close(Close.internal, 'the server failed; its log says why');
        return;
      }
      this.#send(JSON.stringify({ error: toError(error) }));
      if (this.#party === undefined) this.#close(Close.policy, 'hello first');
    }
  }

  #packet(frame: Buffer): void {
    const party = this.#known();
    if (!this.parts.calls.take(this.#from)) return;
    party.touch();
    party.receive?.(decodePacketFrame(frame));
  }

  #text(text: string): void {
    const message = parse(text);
    if (this.#party === undefined) {
      this.#hello(message);
      return;
    }
    const { id, call, args, ...others } = message;
    const right =
      typeof call === 'string' &&
      (typeof id === 'string' || typeof id === 'number') &&
      String(id).length <= 64 &&
      Object.keys(others).length === 0;
    if (!right) throw refuse(400, 'INVALID_REQUEST', 'a frame is {"id":1,"call":"NAME","args":{}}');
    this.#call(this.#party, id as string | number, call as string, args);
  }

  #call(party: SocketParty, id: string | number, name: string, args: unknown): void {
    const fail = (error: unknown) => {
      if (!(error instanceof ServerError)) this.parts.failed(error);
      this.#send(JSON.stringify({ id, error: toError(error) }));
    };
    try {
      if (!this.parts.calls.take(this.#from)) throw tooOften();
      if (this.#inFlight >= MAX_IN_FLIGHT) {
        throw refuse(429, 'TOO_MANY_CALLS', `${MAX_IN_FLIGHT} calls wait for their answers`);
      }
      party.touch();
      const result = party.call(name, args);
      if (!(result instanceof Promise)) {
        this.#send(JSON.stringify({ id, result }));
        return;
      }
      this.#inFlight++;
      result
        .then((value) => this.#send(JSON.stringify({ id, result: value })), fail)
        .finally(() => this.#inFlight--);
    } catch (error) {
      fail(error);
    }
  }

  #hello(message: Record<string, unknown>): void {
    const { hello, ...others } = message;
    const { handle, accountKey, resume, ...rest } = (hello ?? {}) as Record<string, unknown>;
    const credential =
      typeof handle === 'string' && accountKey === undefined
        ? { handle }
        : typeof accountKey === 'string' && handle === undefined
          ? { accountKey }
          : undefined;
    const resumes = resume === undefined || (Number.isSafeInteger(resume) && Number(resume) >= 0);
    const known = Object.keys(others).length + Object.keys(rest).length === 0;
    if (credential === undefined || !resumes || !known) {
      const say = 'the first frame is {"hello":{"handle"|"accountKey":"…","resume"?:seq}}';
      throw refuse(400, 'HELLO', say);
    }
    if (!this.parts.calls.take(this.#from)) throw tooOften();
    this.socket.pause();
    this.#held = [];
    this.parts
      .admit(credential, this.address)
      .then((party) => {
        this.#welcome(party, resume as number | undefined);
        const held = this.#held ?? [];
        this.#held = undefined;
        for (const { data, isBinary } of held) this.#message(data, isBinary);
      })
      .catch((error: unknown) => {
        if (!(error instanceof ServerError)) this.parts.failed(error);
        this.#send(JSON.stringify({ error: toError(error) }));
        this.#close(Close.unauthenticated, 'not admitted');
      })
      .finally(() => this.socket.resume());
  }

  #welcome(party: SocketParty, resume: number | undefined): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (party.sockets >= MAX_SOCKETS) {
      throw refuse(429, 'TOO_MANY_SOCKETS', `one credential holds ${MAX_SOCKETS} sockets at most`);
    }
    this.#party = party;
    party.sockets++;
    party.touch();
    const { signals, lost } = party.signals.after(resume ?? party.signals.seq);
    const session = crypto.randomUUID();
    const welcome = { session, seq: party.signals.seq, ...(lost > 0 ? { lost } : {}) };
    this.#send(JSON.stringify({ welcome }));
    for (const signal of signals) this.#send(signal.text);
    this.#endings.push(
      () => {
        party.sockets--;
        party.touch();
      },
      party.signals.onAppend((signal: LoggedSignal) => this.#send(signal.text)),
      party.onEnd(() => this.#close(Close.ended, 'the session is over')),
    );
    const packets = party.onPackets?.(() => this.#sendPackets(party));
    if (packets !== undefined) this.#endings.push(packets);
  }

  #sendPackets(party: SocketParty): void {
    // What a slow reader leaves waits in the queue, whose oldest make room.
    while (this.socket.bufferedAmount < QUEUE_LIMIT / 2) {
      const packet = party.nextPacket?.();
      if (packet === undefined) return;
      this.socket.send(encodePacketFrame(packet), { binary: true });
    }
  }

  #known(): SocketParty {
    if (this.#party !== undefined) return this.#party;
    throw refuse(400, 'HELLO', 'the first frame is a hello');
  }

  #send(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    // Whoever reads too slowly comes back and resumes.
    if (this.socket.bufferedAmount > QUEUE_LIMIT) this.socket.terminate();
    else this.socket.send(text);
  }

  #close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  #end(): void {
    for (const end of this.#endings.splice(0)) end();
  }
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw refuse(400, 'INVALID_JSON', 'a text frame is a JSON object');
}

const toError = (error: unknown) =>
  error instanceof ServerError || error instanceof DecodeError
    ? { code: 'code' in error ? error.code : 'MALFORMED', message: error.message }
    : { code: 'INTERNAL', message: 'The server failed at this call; its log says why.' };
