import type { PeerAddress } from 'beaconry';
import type { HopControl } from '../control-codec.js';
import { decodeRefused, Lead, NO_BYTES } from '../relay-codec.js';
import type { Hop } from './hop.js';
import { Path } from './path.js';
import { PathOpening } from './path-opening.js';
import type { PeerRoute } from './peer-signal-codec.js';
import type { RelayAccess, SessionOwner } from './relay-access.js';
import { type ProbedRelay, pingOf } from './relay-prober.js';

export interface PeerLegsOptions {
  readonly access: RelayAccess;
  readonly owner: SessionOwner;
  readonly endPart: Uint8Array;
  readonly certificate: Uint8Array;
  now(): number;
  sign(bytes: Uint8Array): Uint8Array;
  /** Both legs at a relay are joined. */
  onPath(path: Path): void;
  /** The peer has to hear of a new token. */
  onToken(): void;
  /** A path is over: closed by its relay, or silent. */
  onLost(path: Path): void;
}

interface Leg {
  readonly relay: ProbedRelay;
  readonly opening: PathOpening;
  hop: Hop | undefined;
  token: Uint8Array | undefined;
  peerToken: Uint8Array | undefined;
  path: Path | undefined;
  linkedAt: number;
}

const MAX_LEGS = 4;
const LINK_EVERY = 300;
const LINK_TIME = 10_000;
const AVOID = 30_000;

const nameOf = ({ name, address }: Pick<ProbedRelay, 'name' | 'address'>): string =>
  `${name}:${address.port}`;

/** Legs of one peer-to-peer connection at relays: opened with tokens, joined when both sides named each other's. */
export class PeerLegs {
  readonly #legs = new Map<number, Leg>();
  /** Relays that refused, fell silent or drain, until when they are left alone. */
  readonly #avoid = new Map<string, number>();

  constructor(private readonly options: PeerLegsOptions) {}

  /** Legs that lead somewhere or still may. */
  get count(): number {
    return this.#legs.size;
  }
  get isSettled(): boolean {
    return [...this.#legs.values()].every(({ path }) => path !== undefined);
  }

  has(relay: ProbedRelay): boolean {
    return [...this.#legs.values()].some((leg) => leg.relay === relay);
  }

  isAvoided({ name }: Pick<ProbedRelay, 'name'>, now: number): boolean {
    return (this.#avoid.get(name) ?? 0) > now;
  }

  /** What the peer needs to know. */
  get routes(): readonly PeerRoute[] {
    return [...this.#legs.values()]
      .filter(({ token }) => token !== undefined)
      .map(({ relay, token }) => ({
        relay: relay.name,
        port: relay.address.port,
        ping: pingOf(relay) ?? 0,
        token,
      }));
  }

  open(relay: ProbedRelay): void {
    if (this.#legs.size >= MAX_LEGS || this.has(relay)) return;
    const { access, owner, endPart, certificate, sign, now } = this.options;
    const id = access.newId(owner);
    const opening = new PathOpening(
      {
        id,
        route: { first: relay, second: undefined, score: 0 },
        endPart,
        certificate,
        ticket: NO_BYTES,
        peerToPeer: true,
        sign,
        send: (bytes, to) => access.send(bytes, to),
        cookie: () => access.cookie(relay),
      },
      now(),
    );
    const leg = { relay, opening, hop: undefined, token: undefined, path: undefined };
    const never = Number.NEGATIVE_INFINITY;
    this.#legs.set(id, { ...leg, peerToken: undefined, linkedAt: never });
    opening.tick(now());
  }

  /** Tokens of the peer; `follow` opens legs at relays where there is none yet. */
  heard(routes: readonly PeerRoute[], follow: boolean): void {
    for (const { relay: name, port, token } of routes) {
      const relay = token === undefined ? undefined : this.options.access.prober.at(name, port);
      if (relay === undefined) continue;
      if (follow) this.open(relay);
      for (const leg of this.#legs.values()) {
        if (nameOf(leg.relay) === nameOf(relay)) leg.peerToken = token;
      }
    }
    this.tick();
  }

  answer(id: number, bytes: Uint8Array, from: PeerAddress): void {
    const leg = this.#legs.get(id);
    if (leg === undefined || leg.hop !== undefined) return;
    if (bytes[0] === Lead.refused) {
      if (leg.opening.isRefusedBy(decodeRefused(bytes), from)) this.#drop(id, leg);
      return;
    }
    const answered = leg.opening.answered(bytes, from, this.options.now());
    if (answered === undefined) return;
    leg.hop = answered.hop;
    leg.token = answered.ok.token;
    this.options.onToken();
    this.tick();
  }

  /** The path that packets with this id belong to. What comes through shows that the legs are joined. */
  pathOf(id: number): Path | undefined {
    const leg = this.#legs.get(id);
    return leg === undefined ? undefined : this.#joined(leg);
  }

  control(id: number, bytes: Uint8Array): void {
    const leg = this.#legs.get(id);
    const control = leg?.hop?.verifyControl(bytes, this.options.now());
    if (leg !== undefined && control !== undefined) this.#onControl(id, leg, control);
  }

  /** To be called about every 100 ms. */
  tick(): void {
    const now = this.options.now();
    for (const [id, leg] of this.#legs) {
      const { hop, opening, peerToken, path } = leg;
      if (path !== undefined) continue;
      if (now - opening.startedAt > LINK_TIME || (hop === undefined && !opening.tick(now))) {
        this.#drop(id, leg);
      } else if (hop !== undefined && peerToken !== undefined && now - leg.linkedAt >= LINK_EVERY) {
        leg.linkedAt = now;
        hop.sendControl({ type: 'link', token: peerToken });
      }
    }
  }

  /** A path is not used any more. */
  drop(path: Path): void {
    for (const [id, leg] of this.#legs) if (leg.path === path) this.#drop(id, leg);
  }

  release(): void {
    for (const id of this.#legs.keys()) this.options.access.dropId(id);
    this.#legs.clear();
  }

  #joined(leg: Leg): Path | undefined {
    if (leg.hop !== undefined && leg.path === undefined) {
      leg.path = new Path(leg.hop, [leg.relay.name], this.options.now());
      this.options.onPath(leg.path);
    }
    return leg.path;
  }

  #onControl(id: number, leg: Leg, control: HopControl): void {
    if (control.type === 'linked') this.#joined(leg);
    else if (control.type === 'pathChallenge') {
      leg.hop?.sendControl({ type: 'pathResponse', value: control.value });
    } else if (control.type === 'drain') {
      this.#avoid.set(leg.relay.name, this.options.now() + control.seconds * 1000 + AVOID);
      if (leg.path !== undefined) leg.path.draining = true;
    } else if (control.type === 'close') this.#drop(id, leg);
  }

  #drop(id: number, leg: Leg): void {
    this.#legs.delete(id);
    this.options.access.dropId(id);
    this.#avoid.set(leg.relay.name, this.options.now() + AVOID);
    leg.hop?.sendControl({ type: 'close', code: 0 });
    if (leg.path !== undefined) this.options.onLost(leg.path);
  }
}
