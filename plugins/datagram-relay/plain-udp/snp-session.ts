import { DecodeError, ServerError } from 'beaconry';
import {
  encodeReliableMessage,
  MAX_MESSAGE,
  MAX_UNRELIABLE,
  ReliableStream,
  UnreliableMessages,
} from './message-assembly.js';
import { ReceivedPackets } from './received-packets.js';
import { decodeFrames, encodeFrames, type Frame } from './snp-codec.js';

/** Bytes of a message in one packet: 1300 less header, tag and the frames before the segment. */
const SEGMENT = 1150;
const WINDOW = 64;
const MAX_QUEUED = 4 * 1024 * 1024;
const FIRST_PACKET = 2;
const ACKNOWLEDGE_AFTER = 20;

type Segment = { readonly position: number; readonly data: Uint8Array };
interface Sent {
  readonly at: number;
  readonly segment: Segment | undefined;
}

/** Messages of one connection in packets of plain UDP: segments, acknowledgements, sending again. */
export class SnpSession {
  #number = FIRST_PACKET;
  #messageNumber = 0;
  #reliableNumber = 0;
  /** Of the next reliable byte that is handed in. */
  #position = 1;
  #queue: Segment[] = [];
  #queuedBytes = 0;
  readonly #sent = new Map<number, Sent>();
  readonly #received = new ReceivedPackets();
  readonly #stream = new ReliableStream();
  readonly #unreliable = new UnreliableMessages();
  #takesUnreliable = true;
  #owesSince: number | undefined;
  /** Milliseconds round trip. */
  rtt = 0;

  constructor(
    /** Encrypts and sends the payload of the packet with this number. */
    private readonly transmit: (number: number, plain: Uint8Array) => void,
    private readonly onMessage: (bytes: Uint8Array, reliable: boolean) => void,
  ) {}

  /** Bytes of reliable messages that wait, and those on their way. */
  get pendingReliable(): number {
    return this.#queue.reduce((sum, { data }) => sum + data.length, 0);
  }
  get unacknowledgedReliable(): number {
    return this.#queuedBytes - this.pendingReliable;
  }

  /** Takes reliable messages up to that length alone, and none that are unreliable; undefined: what the wire allows. */
  limitReceived(bytes: number | undefined): void {
    this.#stream.limit = bytes ?? MAX_MESSAGE;
    this.#takesUnreliable = bytes === undefined;
  }

  /** Newest packet of the far side. */
  get newestReceived(): number {
    return this.#received.newest;
  }

  /** False for one that is too long. */
  sendUnreliable(bytes: Uint8Array, now: number): boolean {
    if (bytes.length > MAX_UNRELIABLE) return false;
    const messageNumber = ++this.#messageNumber;
    for (let offset = 0; offset === 0 || offset < bytes.length; offset += SEGMENT) {
      const data = bytes.subarray(offset, offset + SEGMENT);
      const last = offset + SEGMENT >= bytes.length;
      this.#send({ type: 'unreliable', messageNumber, offset, last, data }, undefined, now);
    }
    return true;
  }

  /** MESSAGE_TOO_LARGE past 512 KiB; QUEUE_FULL when the far side does not keep up. */
  sendReliable(bytes: Uint8Array, now: number): void {
    if (bytes.length > MAX_MESSAGE) {
      throw new ServerError('MESSAGE_TOO_LARGE', `message of ${bytes.length} bytes`);
    }
    if (this.#queuedBytes + bytes.length > MAX_QUEUED) {
      throw new ServerError('QUEUE_FULL', 'the far side does not keep up with reliable messages');
    }
    const number = ++this.#messageNumber;
    const stream = encodeReliableMessage(bytes, number - this.#reliableNumber);
    this.#reliableNumber = number;
    for (let at = 0; at < stream.length; at += SEGMENT) {
      const data = stream.slice(at, at + SEGMENT);
      this.#queue.push({ position: this.#position, data });
      this.#position += data.length;
      this.#queuedBytes += data.length;
    }
    this.#pump(now);
  }

  /** Whether a packet with this number has not come yet. */
  isFresh(number: number): boolean {
    return this.#received.isFresh(number);
  }

  /** The payload of a genuine packet. */
  receive(number: number, plain: Uint8Array, wantsAnswer: boolean, now: number): void {
    this.#received.note(number, now);
    let frames: readonly Frame[];
    try {
      frames = decodeFrames(plain, {
        messageNumber: this.#unreliable.newest,
        position: this.#stream.expected,
        sent: this.#number - 1,
      });
    } catch (error) {
      if (error instanceof DecodeError) return;
      throw error;
    }
    let owes = wantsAnswer;
    for (const frame of frames) {
      if (frame.type === 'stopWaiting') this.#received.stopWaiting(number - frame.offset - 1);
      else if (frame.type === 'ack') this.#acknowledged(frame, now);
      else {
        owes = true;
        this.#take(frame);
      }
    }
    if (owes) this.#owesSince ??= now;
    this.#pump(now);
  }

  /** Sends again what nobody acknowledged, and what is owed; to be called about every 20 ms to 100 ms. */
  tick(now: number): void {
    const pause = Math.max(200, this.rtt * 3);
    for (const [number, { at, segment }] of this.#sent) {
      if (now - at < pause) break;
      this.#sent.delete(number);
      if (segment !== undefined) this.#queue.unshift(segment);
    }
    this.#pump(now);
    if (this.#owesSince !== undefined && now - this.#owesSince >= ACKNOWLEDGE_AFTER)
      this.alive(now);
  }

  /** A packet with nothing but acknowledgements. */
  alive(now: number): void {
    this.#send(undefined, undefined, now);
  }

  #take(frame: Extract<Frame, { type: 'unreliable' | 'reliable' }>): void {
    if (frame.type === 'unreliable') {
      if (!this.#takesUnreliable) return;
      const whole = this.#unreliable.add(frame);
      if (whole !== undefined) this.onMessage(new Uint8Array(whole), false);
      return;
    }
    for (const message of this.#stream.add(frame)) this.onMessage(message, true);
  }

  #pump(now: number): void {
    while (this.#queue.length > 0 && this.#sent.size < WINDOW) {
      const segment = this.#queue.shift() as Segment;
      this.#send({ type: 'reliable', ...segment }, segment, now);
    }
  }

  #send(frame: Frame | undefined, segment: Segment | undefined, now: number): void {
    const number = this.#number++;
    const [oldest = number] = this.#sent.keys();
    const frames: Frame[] = [
      { type: 'stopWaiting', offset: Math.max(0, number - oldest - 1) },
      this.#received.acknowledgement(now),
    ];
    this.#owesSince = undefined;
    if (segment !== undefined) this.#sent.set(number, { at: now, segment });
    this.transmit(number, encodeFrames(frame === undefined ? frames : [...frames, frame]));
  }

  #acknowledged({ latest, delay, blocks }: Extract<Frame, { type: 'ack' }>, now: number): void {
    const sent = this.#sent.get(latest);
    if (sent !== undefined && delay !== 65_535) {
      const rtt = Math.max(0, now - sent.at - (delay * 32) / 1000);
      this.rtt = this.rtt === 0 ? rtt : this.rtt * 0.75 + rtt * 0.25;
    }
    let edge = latest;
    const missing: { readonly from: number; readonly to: number }[] = [];
    for (const block of blocks) {
      edge -= block.came;
      missing.push({ from: edge - block.missing + 1, to: edge });
      edge -= block.missing;
    }
    for (const [number, { segment }] of this.#sent) {
      if (number > latest) continue;
      this.#sent.delete(number);
      if (missing.some(({ from, to }) => number >= from && number <= to)) {
        if (segment !== undefined) this.#queue.unshift(segment);
      } else {
        this.#queuedBytes -= segment?.data.length ?? 0;
      }
    }
  }
}
