import { DecodeError, type PeerAddress } from 'beaconry';
import type { Rendezvous } from '../../coordinator/sdr/sdr_pb.js';
import type { HopKeys } from '../relay-keys.js';
import { ConnectionState, EndReason } from './connection-state.js';
import { meetingRelays, offeredRoutes } from './meeting-relays.js';
import type { Path } from './path.js';
import { PeerLegs } from './peer-legs.js';
import {
  decodeCandidate,
  decodeRoutes,
  encodeCandidate,
  encodeRoutes,
  type PeerRoute,
  type SignalFields,
} from './peer-signal-codec.js';
import { Punch } from './punch.js';
import type { RelayAccess, SessionOwner } from './relay-access.js';
import type { ProbedRelay } from './relay-prober.js';
import type { RelayedConnection } from './relayed-connection.js';

export interface PeerSessionOptions {
  readonly access: RelayAccess;
  readonly connection: RelayedConnection;
  /** Connection ids in signals. */
  readonly ownId: number;
  readonly farId: number;
  /** What the own legs at relays are opened with. */
  readonly endPart: Uint8Array;
  readonly certificate: Uint8Array;
  /** Whether this side shows the peer its address when the peer does too. */
  readonly allowDirect: boolean;
  now(): number;
  sign(bytes: Uint8Array): Uint8Array;
  signal(fields: SignalFields): void;
  /** Connect request of the client, connect OK of the server: what every signal says until it was answered. */
  readonly greeting: SignalFields;
  readonly onEnded: () => void;
}

const RETRY = 500;
const ROUTES_EVERY = 1000;
const GIVE_UP = 10_000;
const WANTED_PATHS = 2;

/** One connection to a peer: what is said in signals, legs at relays, and the way without relays. */
export class PeerSession implements SessionOwner {
  readonly connection: RelayedConnection;
  readonly #legs: PeerLegs;
  #punch: Punch | undefined;
  #farId: number;
  #peerRoutes: readonly PeerRoute[] = [];
  #peerAllowsDirect = false;
  #greeted: boolean;
  #signaledAt = Number.NEGATIVE_INFINITY;
  readonly #startedAt: number;

  constructor(private readonly options: PeerSessionOptions) {
    const { access, endPart, certificate, now, sign, connection } = options;
    this.connection = connection;
    this.#farId = options.farId;
    this.#greeted = !connection.facts.isClient;
    this.#startedAt = now();
    this.#legs = new PeerLegs({
      ...{ access, endPart, certificate, now, sign, owner: this },
      onPath: (path) => this.#opened(path),
      onToken: () => this.#signal(),
      onLost: (path) => connection.removePath(path),
    });
    connection.onEnded = () => {
      this.#legs.release();
      this.#punch?.release();
      const { endReason, endText } = connection;
      if (connection.state === ConnectionState.problemDetected) {
        this.#send({ connectionClosed: { reasonCode: endReason, debug: endText } });
      }
      options.onEnded();
    };
  }

  /** How packets travel now: by a relay, or directly. */
  get way(): readonly string[] {
    return this.connection.primary?.relays ?? [];
  }

  /** The keys are agreed; the peer said where it can be met. */
  begin(keys: HopKeys, farId: number, signal: Rendezvous): void {
    const { access, connection, now, allowDirect } = this.options;
    this.#farId = farId;
    this.#greeted = true;
    if (allowDirect) {
      const onOpen = (path: Path) => this.#opened(path);
      this.#punch = new Punch({ access, owner: this, connection, keys, now, onOpen });
    }
    this.heard(signal);
  }

  /** Any signal of the peer for this connection. */
  heard(signal: Rendezvous): void {
    const { isClient } = this.connection.facts;
    try {
      if (signal.connectionClosed !== undefined) {
        const { reasonCode, debug } = signal.connectionClosed;
        const text = debug.slice(0, 127);
        this.connection.fail(reasonCode, text, ConnectionState.closedByPeer);
        return;
      }
      if (signal.iceEnabled) this.#peerAllowsDirect = true;
      if (signal.sdrRoutes.length > 0) {
        const routes = decodeRoutes(signal.sdrRoutes);
        // Pings come with the greeting; later signals bring tokens.
        if (this.#peerRoutes.length === 0) this.#peerRoutes = routes;
        this.#legs.heard(routes, isClient);
      }
      const [candidate] = signal.reliableMessages;
      if (candidate !== undefined && this.#mayPunch()) {
        this.#punch?.heard(decodeCandidate(candidate.ice));
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    if (!isClient) this.#choose();
  }

  /** The peer did not hear the last signal. */
  repeat(): void {
    this.#signal();
  }

  answer(id: number, bytes: Uint8Array, from: PeerAddress): void {
    this.#legs.answer(id, bytes, from);
  }

  receive(id: number, bytes: Uint8Array, from: PeerAddress): void {
    if (id === this.#punch?.id) {
      this.#punch.receive(bytes, from);
      return;
    }
    const path = this.#legs.pathOf(id);
    if (path?.hop.address.equals(from) === true) this.connection.receive(path, bytes);
  }

  control(id: number, bytes: Uint8Array): void {
    this.#legs.control(id, bytes);
  }

  /** To be called about every 100 ms. */
  tick(): void {
    const { connection } = this;
    const now = this.options.now();
    if (!connection.isOpen) return;
    if (connection.state !== ConnectionState.connected && now - this.#startedAt > GIVE_UP) {
      const text = this.#greeted ? 'no relay joined both sides' : 'the peer does not answer';
      connection.fail(EndReason.rendezvous, text);
      return;
    }
    this.#legs.tick();
    this.#punch?.tick();
    this.#watch(now);
    if (!connection.facts.isClient) this.#choose();
    const pause = this.#greeted ? ROUTES_EVERY : RETRY;
    const isDone = this.#greeted && this.#legs.isSettled && this.#legs.count > 0;
    if (!isDone && now - this.#signaledAt >= pause) this.#signal();
    if (connection.hasKeys) connection.tick();
  }

  #mayPunch(): boolean {
    return this.#punch !== undefined && this.#peerAllowsDirect;
  }

  #opened(path: Path): void {
    const { connection } = this;
    const isDirect = path.relays[0] === 'direct';
    if (!connection.isOpen || !connection.hasKeys) return;
    if (!connection.paths.includes(path)) connection.addPath(path);
    if (!connection.facts.isClient) return;
    const current = connection.primary;
    const slower = current !== undefined && path.rtt > current.rtt * 1.1 + 10;
    if (isDirect && !slower) connection.usePath(path);
    else connection.ping1(path);
  }

  /** The server side picks relays. */
  #choose(): void {
    const { access, now } = this.options;
    const usable = this.#legs.count - this.connection.paths.filter((path) => path.draining).length;
    if (usable >= WANTED_PATHS) return;
    const isFree = (near: ProbedRelay, relay: ProbedRelay) =>
      !this.#legs.isAvoided(near, now()) && !this.#legs.has(relay);
    const relays = meetingRelays(this.#peerRoutes, access.prober, isFree);
    for (const relay of relays.slice(0, WANTED_PATHS - usable)) this.#legs.open(relay);
  }

  /** The client notices unanswered pings, the server that none come. */
  #watch(now: number): void {
    const { connection } = this;
    const { isClient } = connection.facts;
    for (const path of [...connection.paths]) {
      const silence = now - path.hop.lastReceived;
      const isLost = isClient
        ? path.unanswered > 3 && silence > (path === connection.primary ? 1200 : 4000)
        : silence > 5000;
      const leave = path.draining && connection.paths.some((other) => !other.draining);
      if (!isLost && !(leave && isClient && path === connection.primary)) continue;
      if (leave && !isLost) {
        const other = connection.paths.find(({ draining }) => !draining);
        if (other !== undefined) connection.usePath(other);
      } else if (connection.paths.length > 1 || silence > 9000) {
        if (this.#punch?.lost(path) === true) connection.removePath(path);
        else this.#legs.drop(path);
      }
    }
  }

  #signal(): void {
    const { connection } = this;
    const { access } = this.options;
    this.#signaledAt = this.options.now();
    const routes =
      connection.facts.isClient && !this.#greeted
        ? offeredRoutes(access.prober.relays)
        : this.#legs.routes;
    const candidate = this.#mayPunch() ? this.#punch?.candidate() : undefined;
    this.#send({
      ...(this.#greeted && connection.facts.isClient ? {} : this.options.greeting),
      sdrRoutes: encodeRoutes(routes),
      iceEnabled: this.options.allowDirect,
      ...(candidate === undefined
        ? {}
        : { firstReliableMsg: 1, reliableMessages: [{ ice: encodeCandidate(candidate) }] }),
    });
  }

  #send(fields: SignalFields): void {
    const { ownId } = this.options;
    this.options.signal({
      ...fields,
      fromConnectionId: ownId >>> 0,
      ...(this.#farId === 0 ? {} : { toConnectionId: this.#farId >>> 0 }),
    });
  }
}
