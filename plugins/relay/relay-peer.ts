import { type Connection, type FrameListener, type GlobalLimit, LengthFraming } from 'beaconry';
import type { AddressRecord } from './address-ledger.js';
import { canonicalStart, idBytes } from './frame-writer.js';
import { Outbox, type OutboxLimits, type QueueBudget } from './outbox.js';
import { FRAME_BEFORE_INIT } from './relay-options.js';

/** Who hears what one peer sends. */
export interface PeerListener {
  onFrame(peer: RelayPeer, bytes: Buffer, start: number, end: number): void;
  /** A frame in parts, the last of them `bytes[start, end)`. */
  onFrameParts(
    peer: RelayPeer,
    parts: readonly Buffer[],
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  onOversize(peer: RelayPeer, length: number): void;
}

const NO_BYTES = Buffer.alloc(0);

/** One connection: its framing, its queue and who it is. */
export class RelayPeer implements FrameListener {
  /** Set by INIT. */
  id: string | undefined;
  /** The id as it stands between quotes. */
  idBytes: Buffer = NO_BYTES;
  /** What every MESSAGE and ERROR of this peer begins with when it goes out. */
  messageStart: Buffer = NO_BYTES;
  errorStart: Buffer = NO_BYTES;
  group = '';
  /** Refused, replaced or left: nothing more is read or delivered. */
  closing = false;
  /** Bytes thrown away since then. */
  discarded = 0;
  /** Holds frames that have not been flushed. */
  dirty = false;
  /** The turn of the event loop in which it was written to last. */
  writtenIn = -1;
  /** Whom the last MESSAGE went to; most peers speak to one. */
  lastDestination: RelayPeer | undefined;
  lastDataAt: number;
  /** Bytes of a begun frame, as counted for all. */
  held = 0;
  /** When the frame that is held began; -1 between frames. */
  frameBegunAt = -1;
  /** Reading rests until then; 0 when it does not. */
  pausedUntil = 0;
  /** Times over the rate, forgotten one a minute. */
  strikes = 0;
  strikeAt = 0;
  /** Own buckets, made when the operator limits rates. */
  frameRate: GlobalLimit | undefined;
  byteRate: GlobalLimit | undefined;
  readonly framing: LengthFraming;
  readonly outbox: Outbox;

  constructor(
    readonly connection: Connection,
    readonly record: AddressRecord,
    readonly acceptedAt: number,
    limits: OutboxLimits,
    budget: QueueBudget,
    private readonly listener: PeerListener,
  ) {
    this.framing = new LengthFraming({ limit: FRAME_BEFORE_INIT }, this);
    this.outbox = new Outbox(connection, limits, budget);
    this.lastDataAt = acceptedAt;
  }

  initialize(id: string, maxFrame: number): void {
    this.id = id;
    this.idBytes = idBytes(id);
    this.messageStart = canonicalStart('MESSAGE', this.idBytes);
    this.errorStart = canonicalStart('ERROR', this.idBytes);
    this.framing.limit = maxFrame;
  }

  /** Do these bytes spell this peer's id? */
  isNamed(bytes: Buffer, start: number, end: number): boolean {
    const { idBytes } = this;
    if (end - start !== idBytes.length) return false;
    for (let i = 0; i < idBytes.length; i++) if (bytes[start + i] !== idBytes[i]) return false;
    return true;
  }

  onFrame(bytes: Buffer, start: number, end: number): void {
    this.frameBegunAt = -1;
    this.listener.onFrame(this, bytes, start, end);
  }

  onFrameParts(parts: readonly Buffer[], bytes: Buffer, start: number, end: number): void {
    this.frameBegunAt = -1;
    this.listener.onFrameParts(this, parts, bytes, start, end);
  }

  onOversize(length: number): void {
    this.listener.onOversize(this, length);
  }
}
