import { randomBytes } from 'node:crypto';
import { type Clock, PeerAddress } from 'beaconry';
import { decodeControl, encodeControl, type HopControl } from './control-codec.js';
import {
  CONTROL,
  fullNumber,
  highHalf,
  isHopPacket,
  numberOf,
  sessionIdOf,
  verifyHopTag,
  writeHopTag,
  writeWord,
} from './data-codec.js';
import { LegKind, type LegTable } from './leg-table.js';
import { sameBytes } from './relay-keys.js';

/** Why packets of sessions were not forwarded. */
export interface ForwardCounters {
  forwarded: number;
  forwardedBytes: number;
  unknown: number;
  badTag: number;
  replayed: number;
  limited: number;
  notJoined: number;
  wrongAddress: number;
  migrations: number;
}

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
const MAX_MOVING = 4096;

/** Data and control of established legs: check, look up, write the neighbour's id and tag, send. */
export class LegForwarder {
  readonly counters: ForwardCounters = {
    forwarded: 0,
    forwardedBytes: 0,
    unknown: 0,
    badTag: 0,
    replayed: 0,
    limited: 0,
    notJoined: 0,
    wrongAddress: 0,
    migrations: 0,
  };
  readonly #to = new PeerAddress();
  readonly #moving = new Map<number, Moving>();

  constructor(
    private readonly legs: LegTable,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly send: (bytes: Uint8Array, to: PeerAddress) => void,
    /** Gets control that is not answered here. */
    private readonly onControl: (row: number, control: HopControl) => void,
  ) {}

  /** Cheap: a known session id from the address of its leg. */
  isKnown(bytes: Uint8Array, from: PeerAddress): boolean {
    const row = this.legs.find(sessionIdOf(bytes));
    return row >= 0 && this.legs.isAt(row, from);
  }

  /** Takes a packet with first byte 0x40 or 0x80 to 0x87; changes its bytes in place. */
  receive(bytes: Uint8Array, from: PeerAddress): void {
    const { legs, counters } = this;
    if (!isHopPacket(bytes)) {
      counters.unknown++;
      return;
    }
    const row = legs.find(sessionIdOf(bytes));
    if (row < 0) {
      counters.unknown++;
      return;
    }
    if (bytes[0] === CONTROL) {
      this.#control(row, bytes, from);
      return;
    }
    const number = fullNumber(numberOf(bytes), legs.windows.newest(row));
    const high = highHalf(number);
    if (!verifyHopTag(bytes, legs.keysIn, row * 4, high)) {
      counters.badTag++;
      return;
    }
    if (!legs.windows.isFresh(row, number)) {
      counters.replayed++;
      return;
    }
    const now = this.clock.monotonic();
    const isHere = legs.isAt(row, from);
    if (!isHere && legs.kind[row] !== LegKind.client) {
      counters.wrongAddress++;
      return;
    }
    const isNewest = legs.windows.note(row, number);
    if (!isHere) this.#moved(row, bytes.length, from, isNewest, now);
    legs.lastSeen[row] = now;
    const out = legs.others[row] as number;
    if (out < 0) {
      counters.notJoined++;
      return;
    }
    if (!legs.take(row, bytes.length, now)) {
      counters.limited++;
      return;
    }
    writeWord(bytes, 1, legs.peerIds[out] as number);
    writeHopTag(bytes, legs.keysOut, out * 4, high);
    counters.forwarded++;
    counters.forwardedBytes += bytes.length;
    this.send(bytes, legs.address(out, this.#to));
  }

  /** Sends control to the neighbour of a leg, or to another address of it. */
  sendControl(row: number, control: HopControl, to?: PeerAddress): number {
    const { legs } = this;
    const counter = (legs.controlOut[row] as number) + 1;
    legs.controlOut[row] = counter;
    const bytes = encodeControl(legs.peerIds[row] as number, counter, control);
    writeHopTag(bytes, legs.keysOut, row * 4, 0);
    this.send(bytes, to ?? legs.address(row, this.#to));
    return bytes.length;
  }

  /** Forgets a removed leg. */
  removed(row: number): void {
    this.#moving.delete(row);
  }

  #control(row: number, bytes: Uint8Array, from: PeerAddress): void {
    const { legs, counters } = this;
    if (!verifyHopTag(bytes, legs.keysIn, row * 4, 0)) {
      counters.badTag++;
      return;
    }
    const counter = numberOf(bytes);
    if (counter <= (legs.controlIn[row] as number)) {
      counters.replayed++;
      return;
    }
    const isHere = legs.isAt(row, from);
    if (!isHere && legs.kind[row] !== LegKind.client) {
      counters.wrongAddress++;
      return;
    }
    const now = this.clock.monotonic();
    legs.controlIn[row] = counter;
    if (!legs.take(row, bytes.length, now)) {
      counters.limited++;
      return;
    }
    const control = decodeControl(bytes);
    legs.lastSeen[row] = now;
    if (control.type === 'pathResponse') {
      this.#arrived(row, control.value, from, now);
      return;
    }
    if (!isHere) {
      this.#moved(row, bytes.length, from, true, now);
      return;
    }
    if (control.type === 'keepAlive') {
      const dropped = legs.dropped[row] as number;
      this.sendControl(row, { type: 'keepAliveOk', time: control.time, dropped });
      return;
    }
    this.onControl(row, control);
  }

  /** A valid packet came from elsewhere: ask there whether the client really is. */
  #moved(row: number, length: number, from: PeerAddress, isNewest: boolean, now: number): void {
    let moving = this.#moving.get(row);
    if (moving !== undefined && moving.until <= now) {
      this.#moving.delete(row);
      moving = undefined;
    }
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
    if (now - moving.askedAt < CHALLENGE_PAUSE || moving.sent + 26 > moving.received * 3) return;
    moving.askedAt = now;
    moving.sent += this.sendControl(
      row,
      { type: 'pathChallenge', value: moving.value },
      moving.address,
    );
  }

  #arrived(row: number, value: Uint8Array, from: PeerAddress, now: number): void {
    const moving = this.#moving.get(row);
    if (moving === undefined || moving.until <= now) return;
    if (!moving.address.equals(from) || !sameBytes(moving.value, value)) return;
    this.legs.setAddress(row, from);
    this.#moving.delete(row);
    this.counters.migrations++;
  }

  /** Drops challenges that nobody answered. */
  sweep(now: number): void {
    for (const [row, { until }] of this.#moving) if (until <= now) this.#moving.delete(row);
  }
}
