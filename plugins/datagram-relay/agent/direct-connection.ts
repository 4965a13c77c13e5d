import { DecodeError, ServerError } from 'beaconry';
import type { PlainUdpConnection } from '../plain-udp/plain-udp-connection.js';
import { NO_BYTES } from '../relay-codec.js';
import { Connection, type ConnectionFacts, type SendOptions } from './connection.js';
import { ConnectionState, EndReason } from './connection-state.js';
import {
  type DirectTable,
  decodeDirectFrame,
  decodeDirectTable,
  encodeDirectFrame,
  encodeDirectTable,
  MESSAGE_FRAME,
} from './direct-frame-codec.js';
import { servedPorts } from './end-answer.js';
import { MAX_DATAGRAM } from './fragments.js';
import type { LaneOptions } from './message-lanes.js';
import type { RealTimeStatus } from './traffic-figures.js';

const oneLane = (): ServerError => new ServerError('LANES', 'plain UDP has one lane');

const TABLE_TIME = 10_000;
const DIRECT = ['direct'] as const;

/**
 * A connection over plain UDP that looks as one over relays does: virtual ports, datagrams and messages. Before
 * anything else the client says its port table and shows its ticket, and the server answers with what it serves.
 */
export class DirectConnection extends Connection {
  #ports: readonly (number | undefined)[] = [];
  readonly #startedAt: number;

  constructor(
    facts: ConnectionFacts,
    private readonly plain: PlainUdpConnection,
    private readonly now: () => number,
    /** Of a client: what it says first. Of a server: judges that; what it serves, or a ServerError why nothing. */
    private readonly table: DirectTable | ((table: DirectTable) => readonly number[]),
  ) {
    super(facts, now());
    this.#startedAt = now();
    plain.listener = {
      onState: (state) => this.#changed(state),
      onMessage: (bytes, reliable) => this.#message(bytes, reliable),
    };
  }

  get way(): readonly string[] {
    return this.state === ConnectionState.connected ? DIRECT : [];
  }
  get ping(): number {
    return this.plain.ping;
  }

  send(port: number, bytes: Uint8Array): boolean {
    return this.sendAt(this.#ports.indexOf(port), bytes);
  }

  sendAt(index: number, bytes: Uint8Array): boolean {
    if (this.#ports[index] === undefined || this.state !== ConnectionState.connected) return false;
    if (bytes.length > MAX_DATAGRAM) return false;
    return this.#transmit(index, bytes, false);
  }

  /** One lane, and nothing waits for anything: the wire of plain UDP has no more. */
  sendMessage(bytes: Uint8Array, { reliable = false, lane = 0 }: SendOptions = {}): boolean {
    if (lane !== 0) throw oneLane();
    if (this.state !== ConnectionState.connected) return false;
    return this.#transmit(MESSAGE_FRAME, bytes, reliable);
  }

  flush(): void {}

  configureLanes(lanes: readonly LaneOptions[]): void {
    if (lanes.length !== 1) throw oneLane();
  }

  get realTimeStatus(): RealTimeStatus {
    return this.plain.realTimeStatus;
  }

  close(reason: number = EndReason.application, text = ''): void {
    this.plain.close(reason, text);
  }

  /** To be called about every 100 ms. */
  tick(): void {
    if (this.state === ConnectionState.connected || this.now() - this.#startedAt < TABLE_TIME) {
      return;
    }
    this.close(EndReason.timeout, 'the other side says nothing of its virtual ports');
  }

  #transmit(index: number, bytes: Uint8Array, reliable: boolean): boolean {
    const isSent = this.plain.sendMessage(encodeDirectFrame(index, bytes), { reliable });
    if (isSent) this.stats.sent++;
    return isSent;
  }

  #changed(state: ConnectionState): void {
    if (state > ConnectionState.connected) {
      this.fail(this.plain.endReason, this.plain.endText, state);
    } else if (state === ConnectionState.connected && typeof this.table !== 'function') {
      this.plain.sendMessage(encodeDirectTable(this.table), { reliable: true });
    }
  }

  #message(message: Uint8Array, reliable: boolean): void {
    if (!this.isOpen) return;
    this.stats.received++;
    try {
      if (this.state === ConnectionState.connected) this.#deliver(message, reliable);
      else if (reliable) this.#begin(decodeDirectTable(message));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.stats.rejected++;
    }
  }

  #begin(table: DirectTable): void {
    let ports = table.ports;
    if (typeof this.table === 'function') {
      try {
        ports = this.table(table);
      } catch (error) {
        if (!(error instanceof ServerError)) throw error;
        this.close(EndReason.noRights, error.message);
        return;
      }
      this.plain.sendMessage(encodeDirectTable({ ports, ticket: NO_BYTES }), { reliable: true });
    }
    this.#ports = servedPorts(ports);
    this.setState(ConnectionState.connected);
  }

  #deliver(message: Uint8Array, reliable: boolean): void {
    const { index, bytes } = decodeDirectFrame(message);
    if (index === MESSAGE_FRAME) {
      this.listener.onMessage?.(bytes, reliable, 0);
      return;
    }
    const port = this.#ports[index];
    if (port !== undefined) this.listener.onDatagram?.(port, bytes, index);
  }
}
