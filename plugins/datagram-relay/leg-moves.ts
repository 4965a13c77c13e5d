import { randomBytes } from 'node:crypto';
import type { PeerAddress } from 'beaconry';
import type { HopControl } from './control-codec.js';
import { sameBytes } from './relay-keys.js';

interface Moving {
  readonly address: PeerAddress;
  readonly value: Uint8Array;
  readonly until: number;
  /** Bytes that came from the new address, and went there. */
  received: number;
  sent: number;
  askedAt: number;
}

const CHALLENGE_TIME = 3000;
const CHALLENGE_PAUSE = 250;
const CHALLENGE_LENGTH = 26;
const MAX_MOVING = 4096;
/** An address that has proven nothing gets at most so many times what came from it. */
const MOST_TIMES = 3;

/**
 * Clients whose valid packets come from another address: each is asked there whether it really is. Until it answers,
 * what is for it goes to both addresses, to the new one within its bound, so that nothing is lost while it moves.
 */
export class LegMoves {
  readonly #moving = new Map<number, Moving>();

  constructor(
    private readonly send: (bytes: Uint8Array, to: PeerAddress) => void,
    /** Sends control of a leg to another address of it; tells how many bytes. */
    private readonly sendControl: (row: number, control: HopControl, to: PeerAddress) => number,
  ) {}

  /** A packet with a right tag came from elsewhere. */
  heard(row: number, length: number, from: PeerAddress, isNewest: boolean, now: number): void {
    let moving = this.#live(row, now);
    if (moving === undefined || (isNewest && !moving.address.equals(from))) {
      if (!isNewest || (moving === undefined && this.#moving.size >= MAX_MOVING)) return;
      moving = {
        address: from.copy(),
        value: randomBytes(8),
        until: now + CHALLENGE_TIME,
        received: 0,
        sent: 0,
        askedAt: Number.NEGATIVE_INFINITY,
      };
      this.#moving.set(row, moving);
    }
    if (!moving.address.equals(from)) return;
    moving.received += length;
    if (now - moving.askedAt < CHALLENGE_PAUSE || !maySend(moving, CHALLENGE_LENGTH)) return;
    moving.askedAt = now;
    const challenge = { type: 'pathChallenge', value: moving.value } as const;
    moving.sent += this.sendControl(row, challenge, moving.address);
  }

  /** A packet for a client went to its old address: to the new one goes a copy, while the next challenge stays paid. */
  sendAlong(row: number, bytes: Uint8Array, now: number): void {
    if (this.#moving.size === 0) return;
    const moving = this.#live(row, now);
    if (moving === undefined || !maySend(moving, bytes.length + CHALLENGE_LENGTH)) return;
    moving.sent += bytes.length;
    this.send(bytes, moving.address);
  }

  /** Whether this is the answer from the new address: then the move is over. */
  isArrival(row: number, value: Uint8Array, from: PeerAddress, now: number): boolean {
    const moving = this.#live(row, now);
    if (moving === undefined || !moving.address.equals(from)) return false;
    return sameBytes(moving.value, value) && this.#moving.delete(row);
  }

  forget(row: number): void {
    this.#moving.delete(row);
  }

  /** Drops challenges that nobody answered. */
  sweep(now: number): void {
    for (const [row, { until }] of this.#moving) if (until <= now) this.#moving.delete(row);
  }

  #live(row: number, now: number): Moving | undefined {
    const moving = this.#moving.get(row);
    if (moving === undefined || moving.until > now) return moving;
    this.#moving.delete(row);
    return undefined;
  }
}

const maySend = ({ received, sent }: Moving, length: number): boolean =>
  sent + length <= received * MOST_TIMES;
