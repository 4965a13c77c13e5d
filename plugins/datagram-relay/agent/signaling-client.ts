import { createConnection, type Socket } from 'node:net';
import { type Clock, DecodeError } from 'beaconry';
import {
  decodeSignalLine,
  encodeSignalLine,
  LineReader,
} from '../../signaling/signal-line-codec.js';
import { MAX_SIGNAL } from './peer-signal-codec.js';

/** What the client of the signaling service needs. */
export interface SignalingClientOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  readonly identity: string;
  /** Proof of the identity, where the service asks for one. */
  token?(): string | undefined;
  onSignal(from: string, payload: Uint8Array): void;
  /** The wire is there, or is gone; it is opened again by itself. */
  onState?(connected: boolean): void;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** Bytes that may wait to leave; signals are best effort. */
const MAX_PENDING = 256 * 1024;

/** Speaks the line protocol of a signaling service over TCP, payloads in hex; opens the wire again when it breaks. */
export class SignalingClient {
  #socket: Socket | undefined;
  #connected = false;
  #pause = FIRST_PAUSE;
  #stopTimer: (() => void) | undefined;
  #closed = false;

  constructor(private readonly options: SignalingClientOptions) {}

  start(): this {
    this.#open();
    return this;
  }

  /** Best effort: false when there is no wire just now. */
  signal(to: string, payload: Uint8Array): boolean {
    const socket = this.#socket;
    if (!this.#connected || socket === undefined || socket.writableLength > MAX_PENDING)
      return false;
    const line = encodeSignalLine({ identity: to, payload: Buffer.from(payload).toString('hex') });
    socket.write(`${line}\n`);
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#stopTimer?.();
    this.#socket?.destroy();
  }

  #open(): void {
    const { host, port, identity, token, onState } = this.options;
    const socket = createConnection({ host, port });
    const reader = new LineReader();
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on('connect', () => {
      const proof = token?.();
      socket.write(proof === undefined ? `${identity}\n` : `${identity} ${proof}\n`);
      this.#connected = true;
      this.#pause = FIRST_PAUSE;
      onState?.(true);
    });
    socket.on('data', (chunk) => {
      for (const line of reader.lines(chunk)) this.#line(line);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#lost());
  }

  #line(line: string | undefined): void {
    if (line === undefined || line.length > MAX_SIGNAL * 2 + 256) return;
    try {
      const { identity, payload } = decodeSignalLine(line);
      if (!/^(?:[0-9a-fA-F]{2})+$/.test(payload)) return;
      this.options.onSignal(identity, Uint8Array.from(Buffer.from(payload, 'hex')));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  #lost(): void {
    const { clock, onState } = this.options;
    if (this.#connected) onState?.(false);
    this.#connected = false;
    if (this.#closed) return;
    this.#stopTimer = clock.after(this.#pause, () => this.#open());
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
  }
}
