import { randomBytes } from 'node:crypto';
import type { PeerAddress } from 'beaconry';
import { decodeControl, encodeControl, type HopControl } from '../control-codec.js';
import {
  fullNumber,
  highHalf,
  numberOf,
  verifyHopTag,
  writeHopTag,
  writeWord,
} from '../data-codec.js';
import { ReplayWindows } from '../replay-windows.js';

/** A session id to receive with: random, never 0. */
export const newSessionId = (taken: (id: number) => boolean): number => {
  for (;;) {
    const id = randomBytes(4).readInt32LE();
    if (id !== 0 && !taken(id)) return id;
  }
};

/** An agent's side of the hop to a relay. */
export class Hop {
  readonly #window = new ReplayWindows(1);
  #controlIn = 0;
  #controlOut = 0;
  /** Milliseconds of the monotonic clock. */
  lastReceived: number;

  constructor(
    readonly id: number,
    readonly peerId: number,
    readonly address: PeerAddress,
    private readonly keysIn: Int32Array,
    private readonly keysOut: Int32Array,
    private readonly transmit: (bytes: Uint8Array, to: PeerAddress) => void,
    now: number,
  ) {
    this.lastReceived = now;
  }

  /** The packet number of a data packet of this hop; undefined: forged or repeated. */
  verify(bytes: Uint8Array, now: number): number | undefined {
    const number = fullNumber(numberOf(bytes), this.#window.newest(0));
    if (!verifyHopTag(bytes, this.keysIn, 0, highHalf(number))) return undefined;
    if (!this.#window.isFresh(0, number)) return undefined;
    this.#window.note(0, number);
    this.lastReceived = now;
    return number;
  }

  /** Control of this hop; undefined: forged or repeated. DecodeError for an unknown one. */
  verifyControl(bytes: Uint8Array, now: number): HopControl | undefined {
    if (!verifyHopTag(bytes, this.keysIn, 0, 0)) return undefined;
    const counter = numberOf(bytes);
    if (counter <= this.#controlIn) return undefined;
    this.#controlIn = counter;
    this.lastReceived = now;
    return decodeControl(bytes);
  }

  /** Sends a sealed data packet; its session id and hop tag are written here. */
  send(bytes: Uint8Array, number: number): void {
    writeWord(bytes, 1, this.peerId);
    writeHopTag(bytes, this.keysOut, 0, highHalf(number));
    this.transmit(bytes, this.address);
  }

  sendControl(control: HopControl): void {
    const bytes = encodeControl(this.peerId, ++this.#controlOut, control);
    writeHopTag(bytes, this.keysOut, 0, 0);
    this.transmit(bytes, this.address);
  }
}
