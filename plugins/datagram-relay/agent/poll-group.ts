import type { Connection } from './connection.js';
import { EndReason } from './connection-state.js';

/** A message or a datagram of one of the connections of a poll group. */
export interface PolledMessage {
  readonly connection: Connection;
  readonly bytes: Uint8Array;
  readonly reliable: boolean;
  readonly lane: number;
  /** Virtual port of a datagram; undefined for a message. */
  readonly port: number | undefined;
}

const MAX_MESSAGES = 8192;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * What comes over many connections, to be taken in one place at one time. A program that takes nothing loses what is
 * unreliable, and then the connections that sent what is not.
 */
export class PollGroup {
  readonly #members = new Set<Connection>();
  #queue: PolledMessage[] = [];
  #bytes = 0;
  /** Unreliable ones for which there was no room. */
  dropped = 0;

  get size(): number {
    return this.#members.size;
  }

  /** From now on this group hears what comes over the connection; of its listener `onState` stays. */
  add(connection: Connection): void {
    this.#members.add(connection);
    const { onState } = connection.listener;
    connection.listener = {
      onState: (state) => {
        onState?.(state);
        if (!connection.isOpen) this.#members.delete(connection);
      },
      onDatagram: (port, bytes) =>
        this.#take({ connection, bytes: new Uint8Array(bytes), reliable: false, lane: 0, port }),
      onMessage: (bytes, reliable, lane) =>
        this.#take({ connection, bytes: new Uint8Array(bytes), reliable, lane, port: undefined }),
    };
  }

  /** What it sent and nobody took is gone. */
  remove(connection: Connection): void {
    if (!this.#members.delete(connection)) return;
    connection.listener = {};
    this.#keep(({ connection: sender }) => sender !== connection);
  }

  /** The oldest messages, at most `limit`. */
  receive(limit = 256): readonly PolledMessage[] {
    const taken = this.#queue.splice(0, limit);
    for (const { bytes } of taken) this.#bytes -= bytes.length;
    return taken;
  }

  #take(message: PolledMessage): void {
    const { connection, bytes, reliable } = message;
    const isFull = this.#queue.length >= MAX_MESSAGES || this.#bytes + bytes.length > MAX_BYTES;
    if (!isFull) {
      this.#queue.push(message);
      this.#bytes += bytes.length;
    } else if (reliable) {
      connection.close(EndReason.exception, 'nobody takes its messages');
    } else {
      this.dropped++;
    }
  }

  #keep(test: (message: PolledMessage) => boolean): void {
    this.#queue = this.#queue.filter(test);
    this.#bytes = this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}
