import type { PeerAddress } from 'beaconry';
import type { Crew } from './crew.js';
import type { Position } from './rally-messages.js';

/** Positions a second that are taken, and how many may come at once. */
const POSITION_RATE = 22;
const POSITION_BURST = 30;
/** A wheel that spins and a road that is wider than its middle line. */
const SPEED_MARGIN = 1.15;
/** Refused positions a second that a driver hears of. */
const MOST_COMPLAINTS = 10;
/** Metres by which a position may be off. */
const METRES_MARGIN = 20;

export type PositionRefusal =
  | 'position-too-often'
  | 'position-reordered'
  | 'position-duplicate'
  | 'position-off-stage'
  | 'position-implausible';

/** One connected driver: where he was last, and what he may have moved since. */
export class DriverSession {
  sequence = -1;
  metres = 0;
  x = 0;
  y = 0;
  speed = 0;
  /** Monotonic milliseconds of the last datagram. */
  heard: number;
  passageSequence = -1;
  passageReply: Uint8Array | undefined;
  passagePending = false;
  refusals = 0;
  #stage = 0;
  #moved: number;
  #budget = 0;
  /** Metres that the first position of a stage may lie behind its start. */
  #allowance: number | undefined;
  #tokens = POSITION_BURST;
  #refilled: number;
  #complaints = 0;
  #complaintSecond = 0;

  constructor(
    readonly id: number,
    readonly crew: Crew,
    readonly steamId: bigint,
    readonly address: PeerAddress,
    readonly joinedAt: number,
    readonly timeScale: number,
    now: number,
  ) {
    this.heard = now;
    this.#moved = now;
    this.#refilled = now;
  }

  /** Metres per second of real time. */
  get maximumSpeed(): number {
    return this.crew.entry.maximumSpeed * SPEED_MARGIN * this.timeScale;
  }

  /** Whether this driver is told of one more refused position: some in each second are. */
  mayHear(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#complaintSecond) {
      this.#complaintSecond = second;
      this.#complaints = 0;
    }
    return this.#complaints++ < MOST_COMPLAINTS;
  }

  /** Takes a position if it can be true; `now` is monotonic, so that no client's clock is believed. */
  move(
    position: Position,
    stage: number,
    length: number,
    /** Seconds since the start of the stage, in rally time. */
    elapsed: number,
    now: number,
  ): PositionRefusal | undefined {
    this.#tokens = Math.min(
      POSITION_BURST,
      this.#tokens + ((now - this.#refilled) * POSITION_RATE) / 1000,
    );
    this.#refilled = now;
    if (this.#tokens < 1) return 'position-too-often';
    this.#tokens--;
    if (position.sequence === this.sequence) return 'position-duplicate';
    if (position.sequence < this.sequence) return 'position-reordered';
    if (stage === 0 || position.metres < -METRES_MARGIN || position.metres > length + 200) {
      return 'position-off-stage';
    }
    if (stage !== this.#stage) this.#begin(stage, position, elapsed, now);
    const possible = this.maximumSpeed;
    const kept = this.#allowance ?? Math.min(this.#budget, possible);
    const budget = kept + (possible * Math.max(0, now - this.#moved)) / 1000;
    const way = Math.max(
      Math.abs(position.metres - this.metres),
      Math.hypot(position.x - this.x, position.y - this.y) - METRES_MARGIN,
    );
    if (way > budget + METRES_MARGIN) return 'position-implausible';
    this.#allowance = undefined;
    this.#budget = budget - Math.min(way, budget);
    this.#moved = now;
    this.sequence = position.sequence;
    this.metres = position.metres;
    this.x = position.x;
    this.y = position.y;
    this.speed = position.speed;
    return undefined;
  }

  /** A stage begins at its start line; who joins on the way may be as far as the time since allows. */
  #begin(stage: number, { x, y }: Position, elapsed: number, now: number): void {
    this.#stage = stage;
    this.metres = 0;
    this.x = x;
    this.y = y;
    this.#moved = now;
    this.#allowance = this.crew.entry.maximumSpeed * SPEED_MARGIN * Math.max(0, elapsed);
  }

  onStage(stage: number): boolean {
    return this.#stage === stage;
  }
}
