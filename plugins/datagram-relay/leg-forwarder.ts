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
import { LegMoves } from './leg-moves.js';
import { LegKind, type LegTable } from './leg-table.js';

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
  readonly #moves: LegMoves;

  constructor(
    private readonly legs: LegTable,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly send: (bytes: Uint8Array, to: PeerAddress) => void,
    /** Gets control that is not answered here. */
    private readonly onControl: (row: number, control: HopControl) => void,
  ) {
    this.#moves = new LegMoves(send, (row, control, to) => this.sendControl(row, control, to));
  }

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
    if (!isHere) this.#moves.heard(row, bytes.length, from, isNewest, now);
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
    this.#moves.sendAlong(out, bytes, now);
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
    this.#moves.forget(row);
  }

  /** Drops challenges that nobody answered. */
  sweep(now: number): void {
    this.#moves.sweep(now);
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
      if (!this.#moves.isArrival(row, control.value, from, now)) return;
      legs.setAddress(row, from);
      counters.migrations++;
      return;
    }
    if (!isHere) {
      this.#moves.heard(row, bytes.length, from, true, now);
      return;
    }
    if (control.type === 'keepAlive') {
      const dropped = legs.dropped[row] as number;
      this.sendControl(row, { type: 'keepAliveOk', time: control.time, dropped });
      return;
    }
    this.onControl(row, control);
  }
}
