import type { Clock } from 'beaconry';
import type { AgentControl } from './agent-control-codec.js';
import type { SendOptions } from './connection.js';
import { type LaneOptions, MessageLanes } from './message-lanes.js';
import { PacketSharing } from './packet-sharing.js';

export interface MessagesWay {
  control(control: AgentControl): void;
  /** An unreliable message in a packet of its own; false when there is no way. */
  unreliable(bytes: Uint8Array): boolean;
  /** The far side sends what cannot be kept. */
  overrun(): void;
  deliver(bytes: Uint8Array, reliable: boolean, lane: number): void;
}

/** Longer messages share no packet: they fill one. */
const MOST_SHARED = 600;

/** Messages of a connection: reliable ones in lanes, others at once, and small ones together where that is wanted. */
export class ConnectionMessages {
  readonly #lanes: MessageLanes;
  readonly #sharing: PacketSharing;
  #isSharing = false;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic' | 'after'>,
    private readonly way: MessagesWay,
  ) {
    this.#sharing = new PacketSharing(clock, (control) => way.control(control));
    this.#lanes = new MessageLanes(
      (control) => (this.#isSharing ? this.#sharing.add(control) : way.control(control)),
      (bytes, lane) => way.deliver(bytes, true, lane),
    );
  }

  get pendingReliable(): number {
    return this.#lanes.pendingBytes;
  }
  get unacknowledgedReliable(): number {
    return this.#lanes.unacknowledgedBytes;
  }

  configureLanes(lanes: readonly LaneOptions[]): void {
    this.#lanes.configure(lanes);
  }

  /** Codes of {@link MessageLanes.push} for reliable ones; `isConnected`: others can leave. */
  send(
    bytes: Uint8Array,
    { reliable = false, lane = 0, nagle = false }: SendOptions,
    isConnected: boolean,
  ): boolean {
    const isSmall = nagle && bytes.length <= MOST_SHARED;
    // What waits came before.
    if (!isSmall) this.flush();
    if (reliable) this.#push(lane, bytes, isSmall);
    else if (!isConnected) return false;
    else if (!isSmall) return this.way.unreliable(bytes);
    else this.#sharing.add({ type: 'message', bytes: new Uint8Array(bytes) });
    return true;
  }

  flush(): void {
    this.#sharing.flush();
  }

  close(): void {
    this.#sharing.close();
  }

  /** To be called about every 100 ms. */
  tick(now: number, rtt: number): void {
    this.#lanes.tick(now, rtt);
  }

  /** What the far side sent of its messages and said of ours. */
  take(
    control: Extract<AgentControl, { type: 'segment' | 'acknowledge' | 'lane' | 'message' }>,
  ): void {
    if (control.type === 'message') this.way.deliver(control.bytes, false, 0);
    else if (control.type === 'lane') this.#inLane(control.lane, control.control);
    else this.#inLane(0, control);
  }

  #push(lane: number, bytes: Uint8Array, isShared: boolean): void {
    this.#isSharing = isShared;
    try {
      this.#lanes.push(lane, bytes, this.clock.monotonic());
    } finally {
      this.#isSharing = false;
    }
  }

  #inLane(lane: number, control: Extract<AgentControl, { type: 'segment' | 'acknowledge' }>): void {
    if (control.type === 'segment') {
      if (!this.#lanes.segment(lane, control)) this.way.overrun();
    } else this.#lanes.acknowledged(lane, control, this.clock.monotonic());
  }
}
