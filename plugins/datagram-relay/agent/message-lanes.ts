import { ServerError } from 'beaconry';
import type { AgentControl } from './agent-control-codec.js';
import { ReliableMessages } from './reliable-messages.js';

/** How a lane stands to the others of its connection. */
export interface LaneOptions {
  /** What waits in a lane of a smaller number leaves first. */
  readonly priority?: number;
  /** Its share among lanes of the same priority. */
  readonly weight?: number;
}

/** Segments of all lanes together that may be on their way. */
const WINDOW = 32;
export const MAX_LANES = 16;
/** Bytes of messages of all lanes together that are not whole yet. */
const MAX_INCOMPLETE = 4 * 1024 * 1024;

interface Lane {
  readonly messages: ReliableMessages;
  priority: number;
  weight: number;
  /** Bytes sent, divided by the weight: the lane with the least goes next. */
  served: number;
}

/**
 * Reliable messages in lanes: each is in order by itself, and what is lost in one holds up no other. Lanes of the far
 * side come to be with their first segment.
 */
export class MessageLanes {
  readonly #lanes = new Map<number, Lane>();
  /** What the lane that went last had been served before. */
  #served = 0;

  constructor(
    private readonly send: (control: AgentControl) => void,
    private readonly onMessage: (bytes: Uint8Array, lane: number) => void,
  ) {
    this.#lane(0);
  }

  get pendingBytes(): number {
    return this.#sum(({ messages }) => messages.pendingBytes);
  }
  get unacknowledgedBytes(): number {
    return this.#sum(({ messages }) => messages.unacknowledgedBytes);
  }

  /** Lanes to send in, by their numbers; LANES for none or more than 16, or a weight below 1. */
  configure(lanes: readonly LaneOptions[]): void {
    if (lanes.length === 0 || lanes.length > MAX_LANES) {
      throw new ServerError(
        'LANES',
        `a connection has 1 to ${MAX_LANES} lanes, not ${lanes.length}`,
      );
    }
    for (const [number, { priority = 0, weight = 1 }] of lanes.entries()) {
      if (!(weight >= 1)) throw new ServerError('LANES', `lane ${number} has weight ${weight}`);
      Object.assign(this.#lane(number), { priority, weight, served: this.#served });
    }
  }

  /** LANES for a lane that is not configured, and the codes of {@link ReliableMessages.push}. */
  push(lane: number, bytes: Uint8Array, now: number): void {
    const found = this.#lanes.get(lane);
    if (found === undefined) throw new ServerError('LANES', `lane ${lane} is not configured`);
    // A lane that slept has no right to all that the others sent meanwhile.
    if (!found.messages.hasNext) found.served = Math.max(found.served, this.#served);
    found.messages.push(bytes);
    this.#pump(now);
  }

  /** Sends what is due; to be called about every 100 ms. */
  tick(now: number, rtt: number): void {
    for (const { messages } of this.#lanes.values()) messages.tick(now, rtt);
    this.#pump(now);
  }

  /** False: the far side begins more messages than it finishes, which nobody may go on with. */
  segment(lane: number, control: Extract<AgentControl, { type: 'segment' }>): boolean {
    if (lane >= MAX_LANES) return false;
    this.#lane(lane).messages.segment(control);
    return this.#sum(({ messages }) => messages.incompleteBytes) <= MAX_INCOMPLETE;
  }

  acknowledged(
    lane: number,
    control: Extract<AgentControl, { type: 'acknowledge' }>,
    now: number,
  ): void {
    this.#lanes.get(lane)?.messages.acknowledged(control, now);
    this.#pump(now);
  }

  #pump(now: number): void {
    let free = WINDOW - this.#sum(({ messages }) => messages.inFlight);
    for (; free > 0; free--) {
      const lane = this.#next();
      if (lane === undefined) return;
      this.#served = lane.served;
      // An empty message is a segment too.
      lane.served += Math.max(1, lane.messages.sendNext(now)) / lane.weight;
    }
  }

  #next(): Lane | undefined {
    let next: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (!lane.messages.hasNext) continue;
      const isBefore =
        next === undefined ||
        lane.priority < next.priority ||
        (lane.priority === next.priority && lane.served < next.served);
      if (isBefore) next = lane;
    }
    return next;
  }

  #lane(number: number): Lane {
    let lane = this.#lanes.get(number);
    if (lane === undefined) {
      const messages = new ReliableMessages(
        (control) => this.send(number === 0 ? control : inLane(number, control)),
        (bytes) => this.onMessage(bytes, number),
      );
      lane = { messages, priority: 0, weight: 1, served: 0 };
      this.#lanes.set(number, lane);
    }
    return lane;
  }

  #sum(of: (lane: Lane) => number): number {
    let sum = 0;
    for (const lane of this.#lanes.values()) sum += of(lane);
    return sum;
  }
}

/** Segments and acknowledgements of other lanes than the first name theirs. */
const inLane = (lane: number, control: AgentControl): AgentControl =>
  control.type === 'segment' || control.type === 'acknowledge'
    ? { type: 'lane', lane, control }
    : control;
