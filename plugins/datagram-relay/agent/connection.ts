import { ConnectionLife, type StateListener } from './connection-life.js';
import type { LaneOptions } from './message-lanes.js';
import type { RealTimeStatus } from './traffic-figures.js';

/** Hears what comes over a connection, and what becomes of it. */
export interface ConnectionListener extends StateListener {
  /** A datagram for a virtual port. */
  onDatagram?(port: number, bytes: Uint8Array, index: number): void;
  /** A message; reliable ones come in order, each lane by itself. */
  onMessage?(bytes: Uint8Array, reliable: boolean, lane: number): void;
}

/** What is known of a connection from its beginning. */
export interface ConnectionFacts {
  /** Identity of the far side. */
  readonly remote: string;
  /** Names this connection at both ends. */
  readonly name: string;
  readonly isClient: boolean;
  /** Virtual ports by index; what the server does not serve is undefined. */
  readonly ports: readonly (number | undefined)[];
}

/** How a message travels. */
export interface SendOptions {
  readonly reliable?: boolean;
  /** Of a reliable message: the lane in which it is in order; default 0. */
  readonly lane?: number;
  /** A small message may wait up to 5 ms for others to share its packet, or for `flush`. */
  readonly nagle?: boolean;
}

/** Agent to agent, whatever the way: datagrams to virtual ports, messages, and the end of it. */
export abstract class Connection extends ConnectionLife {
  listener: ConnectionListener = {};
  /** Whatever the program wants to know again when it sees this connection. */
  userData: unknown;

  constructor(
    readonly facts: ConnectionFacts,
    now: number,
  ) {
    super(now);
  }

  /** Relays by which packets travel now; `direct`: none. Empty while there is no way. */
  abstract get way(): readonly string[];
  /** Milliseconds round trip; -1: not known. */
  abstract get ping(): number;
  /** A datagram to a virtual port; false: not connected, no such port, or longer than 4096 bytes. */
  abstract send(port: number, bytes: Uint8Array): boolean;
  /** The same by place in the port table, which may name a port several times. */
  abstract sendAt(index: number, bytes: Uint8Array): boolean;
  /** A message without promises, or one that arrives once and in order. */
  abstract sendMessage(bytes: Uint8Array, options?: SendOptions): boolean;
  /** Sends at once what waits for other messages. */
  abstract flush(): void;
  /** Lanes to send in, by their numbers; ServerError LANES. */
  abstract configureLanes(lanes: readonly LaneOptions[]): void;
  abstract get realTimeStatus(): RealTimeStatus;
  abstract close(reason?: number, text?: string): void;
}
