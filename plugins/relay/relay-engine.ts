import type { Clock, Connection, Logger } from 'beaconry';
import { AddressLedger } from './address-ledger.js';
import { Admission, BANNED } from './admission.js';
import { FrameIntake } from './frame-intake.js';
import { encodeFrame } from './frame-writer.js';
import type { QueueBudget } from './outbox.js';
import { PeerDeadlines } from './peer-deadlines.js';
import type { RelayStatus } from './public.js';
import { RateControl } from './rate-control.js';
import type { EndCause, ErrorCause, RelayCounters } from './relay-counters.js';
import { DISCARD_BYTES, FLUSH_GRACE, REFUSAL_GRACE, type RelayOptions } from './relay-options.js';
import { RelayPeer } from './relay-peer.js';
import { RelayRouter } from './relay-router.js';
import { TurnWrites } from './turn-writes.js';

export interface RelayParts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Pick<Logger, 'debug' | 'info'>;
  readonly counters: RelayCounters;
  /** Runs a task when this turn of the event loop has read what there was to read; default at once. */
  readonly afterTurn?: (task: () => void) => void;
  /** May nobody have that id? */
  readonly isBanned?: (id: string) => boolean;
}

/**
 * The relay of the SixtyNine protocol, sections 3 to 6, over any `Connection`. It has no timer of its own: whoever
 * runs it calls `sweep` about once a second.
 */
export class RelayEngine {
  readonly #peers = new Set<RelayPeer>();
  readonly #ledger: AddressLedger;
  readonly #admission: Admission;
  readonly #router: RelayRouter;
  readonly #budget: QueueBudget;
  readonly #rates: RateControl;
  readonly #deadlines: PeerDeadlines;
  readonly #intake: FrameIntake;
  readonly #writes: TurnWrites;
  readonly #isBanned: (id: string) => boolean;
  #stopping = false;

  constructor(
    private readonly options: RelayOptions,
    private readonly parts: RelayParts,
  ) {
    const { clock } = parts;
    this.#isBanned = parts.isBanned ?? (() => false);
    this.#writes = new TurnWrites(parts.afterTurn ?? ((task) => task()));
    this.#budget = { queued: 0, limit: options.totalQueueLimit, lent: undefined };
    this.#ledger = new AddressLedger(options.dailyBytes);
    this.#ledger.sweep(clock.now());
    this.#admission = new Admission(options, clock, this, this.#isBanned);
    this.#router = new RelayRouter(options, parts.counters, this.#admission, this);
    this.#rates = new RateControl(options, clock);
    this.#deadlines = new PeerDeadlines(options);
    this.#intake = new FrameIntake(
      options,
      parts.counters,
      this.#ledger,
      this.#rates,
      this.#router,
      this,
    );
  }

  get queued(): number {
    return this.#budget.queued;
  }
  get connections(): number {
    return this.#peers.size;
  }

  status(): RelayStatus {
    const { counters } = this.parts;
    const errors = Object.entries(counters.errors).filter(([, counter]) => counter.value > 0);
    return {
      peers: this.#admission.peers,
      connections: this.#peers.size,
      frames: counters.frames.value,
      bytes: counters.bytes.value,
      queuedBytes: this.#budget.queued,
      maxFrame: this.options.maxFrame,
      chosenIds: this.options.chosenIds,
      joinKey: this.options.joinKey !== null,
      bootstrap: this.options.bootstrap,
      errors: Object.fromEntries(errors.map(([cause, counter]) => [cause, counter.value])),
    };
  }

  /** Takes a new connection, or refuses it with the reason. */
  accept(connection: Connection): void {
    const now = this.parts.clock.monotonic();
    const { options } = this;
    const record = this.#ledger.enter(connection.from);
    const limits = { bytes: options.queueLimit, frames: options.queueFrames };
    const peer = new RelayPeer(connection, record, now, limits, this.#budget, this.#intake);
    this.#peers.add(peer);
    connection.onLentData((chunk) => this.#data(peer, chunk));
    connection.onDrain(() => peer.outbox.drained());
    connection.onEnd(() => this.end(peer, 'ended'));
    connection.onClose((error) => this.#closed(peer, error));
    this.#rates.equip(peer);
    this.#admit(peer);
    this.#writes.flush();
  }

  #admit(peer: RelayPeer): void {
    const { options } = this;
    const { record } = peer;
    if (this.#stopping) this.end(peer, 'stopping');
    else if (this.#peers.size > options.maxConnections) {
      this.refuse(peer, 'connections', 'too many connections');
    } else if (options.perAddressLimit > 0 && record.connections > options.perAddressLimit) {
      const text = `too many connections from your address, limit is ${options.perAddressLimit}`;
      this.refuse(peer, 'address_connections', text);
    } else if (!this.#rates.admits(peer.connection.from)) {
      this.refuse(peer, 'connect_rate', 'rate limit: too many new connections from your address');
    } else if (this.#ledger.overQuota(record)) this.#intake.refuseQuota(peer);
  }

  #data(peer: RelayPeer, chunk: Buffer): void {
    if (peer.closing) {
      peer.discarded += chunk.length;
      if (peer.discarded > DISCARD_BYTES) peer.connection.destroy();
      return;
    }
    const now = this.parts.clock.monotonic();
    peer.lastDataAt = now;
    this.#budget.lent = chunk;
    try {
      peer.framing.push(chunk);
    } finally {
      // Whatever happened: the chunk is gone after this.
      this.#writes.flush();
      this.#router.release();
      this.#budget.lent = undefined;
    }
    if (peer.framing.held > 0 && peer.frameBegunAt < 0) peer.frameBegunAt = now;
    this.#intake.countHeld(peer);
  }

  /** The peer's queue holds something new; it is flushed when the chunk is done. */
  markDirty(peer: RelayPeer): void {
    this.#writes.add(peer);
  }

  /** Sends an ERROR of the server; it is dropped when the peer's queue has no room. */
  error(peer: RelayPeer, cause: ErrorCause, text: string): void {
    const { counters } = this.parts;
    counters.errors[cause].value++;
    const frame = encodeFrame({ payloadType: 'ERROR', destination: peer.id, payload: text });
    if (!this.send(peer, frame)) counters.errorsDropped.value++;
  }

  /** Queues a whole frame; false when there is no room. */
  send(peer: RelayPeer, frame: Buffer): boolean {
    if (peer.closing || !peer.outbox.fits(frame.length)) return false;
    peer.outbox.add(frame, 0, frame.length);
    peer.outbox.endFrame();
    this.markDirty(peer);
    return true;
  }

  /** Says why, then ends the connection. */
  refuse(peer: RelayPeer, cause: ErrorCause, text: string): void {
    this.error(peer, cause, text);
    this.end(peer, cause, REFUSAL_GRACE);
  }

  /** Frees the id at once, flushes what waits for the peer, and closes. */
  end(peer: RelayPeer, cause: EndCause, graceMs = FLUSH_GRACE): void {
    if (!this.#leave(peer, cause)) return;
    peer.outbox.finish();
    peer.connection.end(graceMs);
  }

  /** Looks for peers whose time is up. */
  sweep(): void {
    const now = this.parts.clock.monotonic();
    this.#ledger.sweep(this.parts.clock.now());
    this.#admission.sweep(now);
    for (const peer of this.#peers) if (!peer.closing) this.#check(peer, now);
    this.#writes.flush();
  }

  /** Refuses peers whose ids are banned by now. */
  dropBanned(): void {
    for (const peer of this.#peers) {
      const { id, closing } = peer;
      if (!closing && id !== undefined && this.#isBanned(id)) this.refuse(peer, 'banned', BANNED);
    }
    this.#writes.flush();
  }

  /** Refuses new connections and lets the others go with what is queued for them. */
  stop(): void {
    this.#stopping = true;
    for (const peer of this.#peers) this.end(peer, 'stopping');
  }

  #check(peer: RelayPeer, now: number): void {
    this.#rates.resume(peer, now);
    if (this.#deadlines.isStalled(peer, now)) {
      // Whoever takes nothing cannot be told anything either.
      this.#leave(peer, 'stalled');
      peer.connection.destroy();
      return;
    }
    const overdue = this.#deadlines.overdue(peer, now);
    if (overdue !== undefined) this.refuse(peer, overdue.cause, overdue.text);
  }

  #leave(peer: RelayPeer, cause: EndCause): boolean {
    if (peer.closing) return false;
    peer.closing = true;
    this.#intake.forget(peer);
    peer.lastDestination = undefined;
    this.#admission.leave(peer, this.parts.clock.monotonic());
    this.parts.counters.ends[cause].value++;
    if (peer.id === undefined) this.parts.log.debug({ cause }, 'connection ended before INIT');
    else this.parts.log.info({ peer: peer.id, cause }, 'peer left');
    return true;
  }

  #closed(peer: RelayPeer, error: Error | undefined): void {
    this.#leave(peer, error === undefined && peer.discarded <= DISCARD_BYTES ? 'ended' : 'lost');
    peer.outbox.clear();
    this.#peers.delete(peer);
    this.#ledger.leave(peer.record);
  }
}
