import type { PeerAddress } from 'beaconry';
import type { Crew } from './crew.js';
import type { Stage } from './itinerary.js';
import { believedSpeed, METRES_MARGIN, Motion } from './motion.js';
import type { Position } from './rally-messages.js';

/** How far from its road and beyond its end a car may be. */
const ROADSIDE = 200;
/** Clocks, passages and goodbyes of a driver in a second, and at once: several times what he needs. */
const WORDS_PER_SECOND = 20;
const WORD_BURST = 40;
/** Refused positions a second that a driver hears of. */
const MOST_COMPLAINTS = 10;

export type PositionRefusal =
  | 'position-too-often'
  | 'position-reordered'
  | 'position-duplicate'
  | 'position-off-stage'
  | 'position-implausible';

/** One connected driver: where he was last, and what he may have moved since. */
export class DriverSession {
  sequence = -1;
  speed = 0;
  /** Monotonic milliseconds of the last datagram. */
  heard: number;
  passageSequence = -1;
  passageReply: Uint8Array | undefined;
  passagePending = false;
  refusals = 0;
  readonly motion: Motion;
  #stage = 0;
  #words = WORD_BURST;
  #wordsAt: number;
  #complaints = 0;
  #complaintSecond = 0;

  constructor(
    readonly id: number,
    readonly crew: Crew,
    readonly steamId: bigint,
    /** With which the driver joined. */
    readonly ticket: Uint8Array,
    readonly address: PeerAddress,
    readonly joinedAt: number,
    readonly timeScale: number,
    now: number,
  ) {
    this.heard = now;
    this.#wordsAt = now;
    this.motion = new Motion(believedSpeed(crew.entry.maximumSpeed, timeScale), now);
  }

  /** Whether one more message of his, other than a position, is looked at. */
  maySay(now: number): boolean {
    const earned = ((now - this.#wordsAt) * WORDS_PER_SECOND) / 1000;
    this.#words = Math.min(WORD_BURST, this.#words + earned);
    this.#wordsAt = now;
    if (this.#words < 1) return false;
    this.#words--;
    return true;
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
    stage: Stage | undefined,
    /** Seconds since the start of the stage, in rally time. */
    elapsed: number,
    now: number,
  ): PositionRefusal | undefined {
    const { sequence, metres, x, y, speed } = position;
    const { motion } = this;
    if (!motion.mayCome(now)) return 'position-too-often';
    if (sequence === this.sequence) return 'position-duplicate';
    if (sequence < this.sequence) return 'position-reordered';
    if (stage === undefined || isOff(stage, position)) return 'position-off-stage';
    if (stage.number !== this.#stage) {
      this.#stage = stage.number;
      // A stage begins at its start line; who joins on the way may be as far as the time since allows.
      const reach = believedSpeed(this.crew.entry.maximumSpeed, 1) * Math.max(0, elapsed);
      motion.begin(0, x, y, reach, now);
    }
    if (!motion.move(metres, x, y, now)) return 'position-implausible';
    this.sequence = sequence;
    this.speed = speed;
    return undefined;
  }

  onStage(stage: number): boolean {
    return this.#stage === stage;
  }
}

/** Not on the stage, nor beside its road. */
const isOff = ({ metres: length, area }: Stage, { metres, x, y }: Position): boolean =>
  metres < -METRES_MARGIN ||
  metres > length + ROADSIDE ||
  x < area.west - ROADSIDE ||
  x > area.east + ROADSIDE ||
  y < area.south - ROADSIDE ||
  y > area.north + ROADSIDE;
