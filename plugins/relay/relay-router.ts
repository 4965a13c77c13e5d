import { DecodeError } from 'beaconry';
import type { Admission } from './admission.js';
import { BOOTSTRAP } from './bootstrap.js';
import type { Envelope, TextSpan } from './envelope.js';
import { EnvelopeDecoder } from './envelope-codec.js';
import { CANONICAL_END, encodeFrameStart } from './frame-writer.js';
import type { PeerActions } from './peer-actions.js';
import type { RelayCounters } from './relay-counters.js';
import type { RelayOptions } from './relay-options.js';
import type { RelayPeer } from './relay-peer.js';
import { shortText } from './short-text.js';

/** What of an unknown id is repeated in the ERROR. */
const LONGEST_ECHO = 128;

/** What each frame does (SixtyNine protocol, section 3). */
export class RelayRouter {
  readonly #decoder = new EnvelopeDecoder();

  constructor(
    private readonly options: RelayOptions,
    private readonly counters: RelayCounters,
    private readonly admission: Admission,
    private readonly actions: PeerActions,
  ) {}

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
        this.admission.initialize(peer, envelope, bytes);
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
    const receiver = id === undefined ? undefined : this.admission.find(id);
    return receiver?.isNamed(first, destination.start, destination.end) ? receiver : undefined;
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
    const receiver = id === undefined ? undefined : this.admission.find(id);
    if (receiver !== undefined) {
      peer.lastDestination = receiver;
      return receiver;
    }
    if (this.options.bootstrap && id === BOOTSTRAP)
      this.admission.tellGroup(peer, this.#decoder.envelope, bytes);
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
      this.counters.stamped.value++;
    }
    outbox.add(head, 0, head.length);
    if (length > 0) outbox.add(bytes, payload.start, payload.end);
    outbox.add(CANONICAL_END, 0, CANONICAL_END.length);
    this.#delivered(receiver);
  }

  #delivered(receiver: RelayPeer): void {
    receiver.outbox.endFrame();
    this.counters.delivered.value++;
    if (!receiver.dirty) this.actions.markDirty(receiver);
  }

  #full(peer: RelayPeer, receiver: RelayPeer): void {
    const text = `destination queue full: ${receiver.id}`;
    this.actions.error(peer, 'destination_queue_full', text);
  }
}
