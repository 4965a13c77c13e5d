import { createHash, timingSafeEqual } from 'node:crypto';
import { DecodeError } from 'beaconry';
import { BOOTSTRAP, Groups } from './bootstrap.js';
import type { Envelope, TextSpan } from './envelope.js';
import {
  CANONICAL_END,
  canonicalStart,
  EnvelopeDecoder,
  encodeFrame,
  encodeFrameStart,
  idBytes,
} from './envelope-codec.js';
import { Identities } from './identities.js';
import type { EndCause, ErrorCause, RelayCounters } from './relay-counters.js';
import type { RelayOptions } from './relay-options.js';
import type { RelayPeer } from './relay-peer.js';

/** What the router asks of the engine. */
export interface PeerActions {
  markDirty(peer: RelayPeer): void;
  send(peer: RelayPeer, frame: Buffer): boolean;
  error(peer: RelayPeer, cause: ErrorCause, text: string): void;
  refuse(peer: RelayPeer, cause: ErrorCause, text: string): void;
  end(peer: RelayPeer, cause: EndCause): void;
}

/** Longest text of a member that is compared with something short, escapes included. */
const LONGEST_TEXT = 1024;
/** What of an unknown id is repeated in the ERROR. */
const LONGEST_ECHO = 128;

/** What each frame does (specification section 3). */
export class RelayRouter {
  readonly #decoder = new EnvelopeDecoder();
  readonly #identities: Identities<RelayPeer>;
  readonly #groups = new Groups();
  readonly #bootstrapBytes = idBytes(BOOTSTRAP);
  readonly #bootstrapStart = canonicalStart('MESSAGE', this.#bootstrapBytes);
  #peers = 0;

  constructor(
    private readonly options: RelayOptions,
    private readonly parts: {
      readonly clock: { monotonic(): number };
      readonly counters: RelayCounters;
    },
    private readonly actions: PeerActions,
  ) {
    this.#identities = new Identities(options);
  }

  /** Peers that have an id. */
  get peers(): number {
    return this.#peers;
  }

  route(peer: RelayPeer, bytes: Buffer, start: number, end: number): void {
    let envelope: Envelope;
    try {
      const expected = peer.id === undefined ? undefined : peer.messageStart;
      envelope = this.#decoder.decode(bytes, start, end, expected);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const reason = error.message.replace(/ at byte \d+$/, '');
      const text = `malformed frame: ${reason} at byte ${error.offset - start}`;
      this.actions.refuse(peer, 'malformed_frame', text);
      return;
    }
    switch (envelope.type) {
      case 'MESSAGE':
      case 'ERROR':
        this.#forward(peer, envelope, bytes, start, end);
        return;
      case 'INIT':
        this.#initialize(peer, envelope, bytes);
        return;
      case 'CLOSE':
        this.actions.end(peer, 'closed');
        return;
    }
  }

  /** The same for a frame in parts; it is joined only when it cannot go out as it came. */
  routeParts(
    peer: RelayPeer,
    parts: readonly Buffer[],
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
  ): void {
    const receiver = this.#partsReceiver(peer, parts, bytes, start, end);
    if (receiver === undefined) {
      const whole = Buffer.concat([...parts, bytes.subarray(start, end)], size);
      this.route(peer, whole, 4, size);
    } else if (!receiver.outbox.fits(size)) {
      this.#full(peer, receiver);
    } else {
      for (const part of parts) receiver.outbox.add(part, 0, part.length);
      receiver.outbox.add(bytes, start, end);
      this.#delivered(receiver);
    }
  }

  /** Whom a frame is for that may go out in the parts it came in. */
  #partsReceiver(
    peer: RelayPeer,
    parts: readonly Buffer[],
    bytes: Buffer,
    start: number,
    end: number,
  ): RelayPeer | undefined {
    if (peer.id === undefined) return undefined;
    const expected = peer.messageStart;
    const envelope = this.#decoder.decodeParts(parts, bytes, start, end, expected);
    if (envelope === undefined || envelope.destination.length === 0) return undefined;
    const { destination } = envelope;
    const first = parts[0] as Buffer;
    const id = shortText(destination, first);
    const receiver = id === undefined ? undefined : this.#identities.find(id);
    return receiver?.isNamed(first, destination.start, destination.end) ? receiver : undefined;
  }

  /** The peer has gone: its id and its place in a group are free. */
  leave(peer: RelayPeer, now: number): void {
    if (peer.id === undefined) return;
    this.#peers--;
    this.#identities.release(peer.id, peer, now);
    this.#groups.leave(peer.group, peer.id);
  }

  sweep(now: number): void {
    this.#identities.sweep(now);
  }

  /** Lets go of the chunk read last. */
  release(): void {
    this.#decoder.release();
  }

  #forward(peer: RelayPeer, envelope: Envelope, bytes: Buffer, start: number, end: number): void {
    if (peer.id === undefined) {
      this.actions.error(peer, 'init_first', 'INIT first');
      return;
    }
    const { destination } = envelope;
    if (destination.length <= 0) {
      this.actions.error(peer, 'destination_missing', 'destination missing');
      return;
    }
    if (envelope.refusal !== undefined) {
      this.actions.error(peer, 'payload', envelope.refusal);
      return;
    }
    const receiver = this.#receiver(peer, destination, bytes);
    if (receiver === undefined) return;
    const { canonical } = envelope;
    if (canonical && receiver.isNamed(bytes, destination.start, destination.end)) {
      this.#pass(peer, receiver, bytes, start - 4, end);
    } else {
      this.#rewrite(peer, receiver, envelope, bytes);
    }
  }

  /** Whom a frame is for; undefined when it was answered here. */
  #receiver(peer: RelayPeer, destination: TextSpan, bytes: Buffer): RelayPeer | undefined {
    const last = peer.lastDestination;
    if (last !== undefined && !last.closing) {
      if (last.isNamed(bytes, destination.start, destination.end)) return last;
    }
    const id = shortText(destination, bytes);
    const receiver = id === undefined ? undefined : this.#identities.find(id);
    if (receiver !== undefined) {
      peer.lastDestination = receiver;
      return receiver;
    }
    if (this.options.bootstrap && id === BOOTSTRAP) this.#tellGroup(peer, bytes);
    else {
      const named = id === undefined ? '' : Array.from(id).slice(0, LONGEST_ECHO).join('');
      this.actions.error(peer, 'unknown_destination', `unknown destination: ${named}`);
    }
    return undefined;
  }

  /** The frame goes out exactly as it came. */
  #pass(peer: RelayPeer, receiver: RelayPeer, bytes: Buffer, start: number, end: number): void {
    const { outbox } = receiver;
    if (!outbox.fits(end - start)) {
      this.#full(peer, receiver);
      return;
    }
    outbox.add(bytes, start, end);
    this.#delivered(receiver);
  }

  /** A new start with the true source, then the payload's bytes as they came. */
  #rewrite(peer: RelayPeer, receiver: RelayPeer, envelope: Envelope, bytes: Buffer): void {
    const { payload, source, type } = envelope;
    const { outbox } = receiver;
    const start = type === 'ERROR' ? peer.errorStart : peer.messageStart;
    const length = Math.max(0, payload.length);
    const head = encodeFrameStart(start, receiver.idBytes, length);
    if (!outbox.fits(head.length + length + CANONICAL_END.length)) {
      this.#full(peer, receiver);
      return;
    }
    if (!envelope.canonical && !peer.isNamed(bytes, source.start, source.end)) {
      this.parts.counters.stamped.value++;
    }
    outbox.add(head, 0, head.length);
    if (length > 0) outbox.add(bytes, payload.start, payload.end);
    outbox.add(CANONICAL_END, 0, CANONICAL_END.length);
    this.#delivered(receiver);
  }

  #delivered(receiver: RelayPeer): void {
    receiver.outbox.endFrame();
    this.parts.counters.delivered.value++;
    if (!receiver.dirty) this.actions.markDirty(receiver);
  }

  #full(peer: RelayPeer, receiver: RelayPeer): void {
    const text = `destination queue full: ${receiver.id}`;
    this.actions.error(peer, 'destination_queue_full', text);
  }

  #initialize(peer: RelayPeer, envelope: Envelope, bytes: Buffer): void {
    const { actions, options } = this;
    if (options.joinKey !== null && peer.id === undefined) {
      const key = shortText(envelope.key, bytes);
      if (key === undefined || !sameText(options.joinKey, key)) {
        const text = envelope.key.present ? 'join key is wrong' : 'join key is missing';
        actions.refuse(peer, 'join_key', text);
        return;
      }
    }
    const { source } = envelope;
    const id = source.length > 0 ? (shortText(source, bytes) ?? TOO_LONG) : undefined;
    if (peer.id !== undefined) {
      if (id === undefined || id === peer.id) this.#answer(peer, undefined);
      else actions.error(peer, 'second_id', `ClientId: ${peer.id} is already initialized`);
      return;
    }
    const group = envelope.group.present ? shortText(envelope.group, bytes) : '';
    if (group === undefined || !Groups.accepts(group)) {
      actions.error(peer, 'group', 'group: at most 128 bytes of text');
      return;
    }
    this.#claim(peer, id, envelope.secret, bytes, group);
  }

  #claim(
    peer: RelayPeer,
    id: string | undefined,
    span: TextSpan,
    bytes: Buffer,
    group: string,
  ): void {
    if (this.options.bootstrap && id === BOOTSTRAP) {
      this.actions.error(peer, 'id_taken', `ClientId: ${BOOTSTRAP} is already initialized`);
      return;
    }
    const secret = shortText(span, bytes);
    const grant = this.#identities.claim({ id, secret }, peer, this.parts.clock.monotonic());
    if (!grant.granted) {
      this.actions.error(peer, grant.cause, grant.refusal);
      return;
    }
    if (grant.replaced !== undefined) this.actions.refuse(grant.replaced, 'replaced', 'replaced');
    peer.initialize(grant.id, this.options.maxFrame);
    peer.group = group;
    this.#groups.join(group, grant.id);
    this.#peers++;
    this.#answer(peer, grant.secret);
  }

  #answer(peer: RelayPeer, secret: string | undefined): void {
    this.actions.send(peer, encodeFrame({ payloadType: 'INIT', destination: peer.id, secret }));
  }

  /** The built-in peer: a payload names the group to join, and the ids of the sender's group come back. */
  #tellGroup(peer: RelayPeer, bytes: Buffer): void {
    const { actions } = this;
    const { envelope } = this.#decoder;
    // An ERROR to the built-in peer needs no answer.
    if (envelope.type === 'ERROR' || peer.id === undefined) return;
    const group = envelope.payload.length > 0 ? shortText(envelope.payload, bytes) : peer.group;
    if (group === undefined || !Groups.accepts(group)) {
      actions.error(peer, 'group', 'group: at most 128 bytes of text');
      return;
    }
    if (group !== peer.group) {
      this.#groups.leave(peer.group, peer.id);
      peer.group = group;
      this.#groups.join(group, peer.id);
    }
    const list = this.#groups.list(group);
    const head = encodeFrameStart(this.#bootstrapStart, peer.idBytes, list.length);
    const size = head.length + list.length + CANONICAL_END.length;
    if (size - 4 > this.options.maxFrame || !peer.outbox.fits(size)) {
      actions.error(peer, 'destination_queue_full', `destination queue full: ${peer.id}`);
      return;
    }
    peer.outbox.add(head, 0, head.length);
    peer.outbox.add(list, 0, list.length);
    peer.outbox.add(CANONICAL_END, 0, CANONICAL_END.length);
    peer.outbox.endFrame();
    actions.markDirty(peer);
  }
}

/** Stands for a text that is longer than any we keep. */
const TOO_LONG = 'x'.repeat(LONGEST_TEXT);

/** The text of a member, or undefined when it is left out or longer than anything it could equal. */
const shortText = (span: TextSpan, bytes: Buffer): string | undefined =>
  span.length > LONGEST_TEXT ? undefined : span.text(bytes);

const sameText = (expected: string, text: string): boolean =>
  timingSafeEqual(digest(expected), digest(text));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
