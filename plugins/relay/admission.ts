import { createHash, timingSafeEqual } from 'node:crypto';
import { AddressLimit } from 'beaconry';
import { BOOTSTRAP, Groups } from './bootstrap.js';
import type { Envelope, TextSpan } from './envelope.js';
import {
  CANONICAL_END,
  canonicalStart,
  encodeFrame,
  encodeFrameStart,
  idBytes,
} from './frame-writer.js';
import { Identities } from './identities.js';
import type { PeerActions } from './peer-actions.js';
import type { RelayOptions } from './relay-options.js';
import type { RelayPeer } from './relay-peer.js';
import { LONGEST_TEXT, shortText } from './short-text.js';

/** What a peer hears whose id is banned. */
export const BANNED = 'banned from this relay';

/** Who is who: INIT, ids, groups, and the built-in peer that tells them. */
export class Admission {
  readonly #identities: Identities<RelayPeer>;
  readonly #groups = new Groups();
  /** A list of thousands is dear to write, and a frame that asks for it is small. */
  readonly #questions: AddressLimit;
  readonly #bootstrapStart = canonicalStart('MESSAGE', idBytes(BOOTSTRAP));
  #peers = 0;

  constructor(
    private readonly options: RelayOptions,
    private readonly clock: { monotonic(): number },
    private readonly actions: PeerActions,
    private readonly isBanned: (id: string) => boolean,
  ) {
    this.#identities = new Identities(options);
    this.#questions = new AddressLimit(clock, { perSecond: 5, burst: 50, size: 16384 });
  }

  /** Peers that have an id. */
  get peers(): number {
    return this.#peers;
  }

  /** The live peer of an id. */
  find(id: string): RelayPeer | undefined {
    return this.#identities.find(id);
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

  initialize(peer: RelayPeer, envelope: Envelope, bytes: Buffer): void {
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
    if (id !== undefined && this.isBanned(id)) {
      this.actions.refuse(peer, 'banned', BANNED);
      return;
    }
    const secret = shortText(span, bytes);
    const grant = this.#identities.claim({ id, secret }, peer, this.clock.monotonic());
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
  tellGroup(peer: RelayPeer, envelope: Envelope, bytes: Buffer): void {
    const { actions } = this;
    // An ERROR to the built-in peer needs no answer.
    if (envelope.type === 'ERROR' || peer.id === undefined) return;
    if (!this.#questions.take(peer.connection.from)) {
      actions.error(peer, 'rate_limit', 'rate limit: too many questions to bootstrap');
      return;
    }
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

const sameText = (expected: string, text: string): boolean =>
  timingSafeEqual(digest(expected), digest(text));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
