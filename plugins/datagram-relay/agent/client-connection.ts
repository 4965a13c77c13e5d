import { DecodeError, type PeerAddress, ServerError } from 'beaconry';
import { encodeSignedCertificate } from '../../coordinator/sdr/certificate-codec.js';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import type { HopControl } from '../control-codec.js';
import * as codec from '../relay-codec.js';
import { Connection } from './connection.js';
import { ConnectionState, EndReason } from './connection-state.js';
import { Path } from './path.js';
import { PathOpening } from './path-opening.js';
import type { RelayAccess, SessionOwner } from './relay-access.js';
import { type Route, routeName } from './route-choice.js';
import { RouteSearch } from './route-search.js';
import { type MeetingOptions, ServerMeeting } from './server-meeting.js';

export interface ClientConnectionOptions extends MeetingOptions {
  readonly pop: string;
  readonly ticket: Uint8Array;
  readonly credentials: Credentials;
  network(): { readonly config: NetworkConfig; readonly certificates: CertificateStore };
  readonly access: RelayAccess;
}

/** A client's connection to a hosted server: opens paths, keeps a warm one, and moves between them. */
export class ClientConnection implements SessionOwner {
  readonly connection: Connection;
  readonly #meeting: ServerMeeting;
  readonly #openings = new Map<
    number,
    { readonly opening: PathOpening; readonly primary: boolean }
  >();
  readonly #pathsById = new Map<number, Path>();
  readonly #search: RouteSearch;
  readonly #startedAt: number;
  /** Switches made, for people. */
  readonly moves: string[] = [];

  constructor(private readonly options: ClientConnectionOptions) {
    const { server, ports } = options;
    this.#meeting = new ServerMeeting(options);
    this.#search = new RouteSearch({ ...options, relays: () => options.access.prober.relays });
    this.#startedAt = options.now();
    this.connection = new Connection(
      { remote: server, name: this.#meeting.name, isClient: true, ports },
      options.now,
    );
    this.connection.setState(ConnectionState.findingRoute);
  }

  /** To be called about every 100 ms. */
  tick(): void {
    const { connection } = this;
    const now = this.options.now();
    this.#tickOpenings(now);
    if (connection.isOpen) {
      if (connection.hasKeys) {
        this.#watchPaths(now);
        this.#keepWarm(now);
        this.#lookForBetter(now);
      } else {
        this.#findRoute(now);
      }
    }
    if (connection.hasKeys) connection.tick();
  }

  receive(id: number, bytes: Uint8Array): void {
    const path = this.#pathsById.get(id);
    if (path !== undefined) this.connection.receive(path, bytes);
  }

  control(id: number, bytes: Uint8Array): void {
    const path = this.#pathsById.get(id);
    const control = path?.hop.verifyControl(bytes, this.options.now());
    if (path !== undefined && control !== undefined) this.#onControl(path, control);
  }

  /** OPEN_OK or REFUSED for one of the attempts. */
  answer(id: number, bytes: Uint8Array, from: PeerAddress): void {
    const found = this.#openings.get(id);
    if (found === undefined) return;
    const now = this.options.now();
    const { opening } = found;
    if (bytes[0] === codec.Lead.refused) {
      const refused = codec.decodeRefused(bytes);
      if (!opening.isRefusedBy(refused, from)) return;
      this.#search.refused(refused.code, refused.text);
      this.#giveUp(id, opening, now);
      return;
    }
    const answered = opening.answered(bytes, from, now);
    if (answered === undefined) return;
    const { ok, hop } = answered;
    try {
      const met = this.#meeting.meet(ok);
      if (met !== undefined) this.connection.begin(met.ends, met.ports);
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof DecodeError)) throw error;
      this.#openings.delete(id);
      this.connection.fail(EndReason.badCertificate, error.message);
      return;
    }
    this.#openings.delete(id);
    const { route } = opening.options;
    const names = [route.first.name, ...(route.second === undefined ? [] : [route.second.name])];
    const path = new Path(hop, names, now);
    this.#pathsById.set(hop.id, path);
    this.connection.addPath(path);
    if (found.primary) this.#use(path);
    else this.connection.ping1(path);
  }

  /** Ends; ids are free again. */
  release(): void {
    for (const id of [...this.#openings.keys(), ...this.#pathsById.keys()])
      this.options.access.dropId(id);
    this.#openings.clear();
    this.#pathsById.clear();
  }

  #findRoute(now: number): void {
    const { connection } = this;
    const refusal = this.#search.refusal(now);
    if (refusal !== undefined) {
      if (this.#openings.size === 0) connection.fail(refusal.reason, refusal.text);
      return;
    }
    if (now - this.#startedAt > 15_000) {
      connection.fail(EndReason.manyRelaysUnreachable, 'no relay opened a way to the server');
      return;
    }
    if (this.#openings.size > 0) return;
    // A moment for all relays to answer their first probe, so that the best one is tried first.
    const unknown = this.options.access.prober.relays.some(({ pings }) => pings.length === 0);
    if (unknown && now - this.#startedAt < 300) return;
    const [best] = this.#search.routes(now);
    if (best === undefined) return;
    connection.setState(ConnectionState.connecting);
    this.#open(best, true, now);
  }

  #tickOpenings(now: number): void {
    for (const [id, { opening }] of this.#openings) {
      const unanswered = now - opening.startedAt > 1500 && !this.connection.hasKeys;
      if (!opening.tick(now) || unanswered) this.#giveUp(id, opening, now);
    }
  }

  #giveUp(id: number, opening: PathOpening, now: number): void {
    this.#openings.delete(id);
    this.options.access.dropId(id);
    this.#search.avoid(routeName(opening.options.route), now);
  }

  #open(route: Route, primary: boolean, now: number): void {
    const { credentials, ticket, access } = this.options;
    const opening = new PathOpening(
      {
        id: access.newId(this),
        route,
        endPart: this.#meeting.endPart,
        certificate: encodeSignedCertificate(credentials.certificate),
        ticket,
        peerToPeer: false,
        sign: (bytes) => credentials.key.sign(bytes),
        send: (bytes, to) => access.send(bytes, to),
        cookie: () => access.cookie(route.first),
      },
      now,
    );
    this.#openings.set(opening.options.id, { opening, primary });
    opening.tick(now);
  }

  /** Three unanswered pings and 1.2 s of silence end a path; the warm one takes over at once. */
  #watchPaths(now: number): void {
    const { connection } = this;
    for (const path of [...connection.paths]) {
      const isPrimary = path === connection.primary;
      const silence = now - path.hop.lastReceived;
      if (path.unanswered <= 3 || silence < (isPrimary ? 1200 : 4000)) continue;
      if (connection.paths.length === 1 && silence < 9000) {
        // Nothing to change to: keep it while another one is opened.
        continue;
      }
      this.#drop(path, now, 'silent');
    }
  }

  #keepWarm(now: number): void {
    const { connection } = this;
    if (this.#openings.size > 0) return;
    const usable = connection.paths.filter(({ draining }) => !draining);
    if (usable.length >= 2) return;
    const used = new Set(usable.map(({ relays }) => relays[0]));
    const routes = this.#search.routes(now).filter(({ first }) => !used.has(first.name));
    const shared = new Set(usable.flatMap(({ relays }) => relays));
    const apart = routes.find(({ second }) => second === undefined || !shared.has(second.name));
    const route = apart ?? routes[0];
    if (route !== undefined) this.#open(route, usable.length === 0, now);
  }

  #lookForBetter(now: number): void {
    const { connection } = this;
    const current = connection.primary;
    if (current === undefined) return;
    const best = this.#search.better(current.relays.join(' > '), now);
    if (best === undefined || this.#openings.size > 0) return;
    this.#search.taken();
    const name = routeName(best);
    const open = connection.paths.find(({ relays }) => relays.join(' > ') === name);
    if (open !== undefined) this.#use(open);
    else this.#open(best, true, now);
  }

  #use(path: Path): void {
    const { connection } = this;
    if (connection.primary !== path) {
      connection.usePath(path);
    }
    this.moves.push(path.relays.join(' > '));
    if (this.moves.length > 64) this.moves.shift();
    // One primary and one warm path; what is over that goes, the oldest first.
    for (const other of [...connection.paths]) {
      if (connection.paths.length <= 2) break;
      if (other !== path) this.#drop(other, this.options.now(), 'spare');
    }
  }

  #drop(path: Path, now: number, why: 'silent' | 'spare' | 'closed'): void {
    const { connection } = this;
    if (why === 'spare') path.hop.sendControl({ type: 'close', code: 0 });
    if (why === 'silent') this.#search.avoid(path.relays.join(' > '), now, 5000);
    this.#pathsById.delete(path.hop.id);
    this.options.access.dropId(path.hop.id);
    const wasPrimary = connection.primary === path;
    connection.removePath(path);
    const next = connection.primary;
    if (wasPrimary && next !== undefined) {
      connection.ping1(next);
      this.moves.push(next.relays.join(' > '));
    }
  }

  #onControl(path: Path, control: HopControl): void {
    const { connection } = this;
    if (control.type === 'pathChallenge') {
      path.hop.sendControl({ type: 'pathResponse', value: control.value });
    } else if (control.type === 'drain' && !path.draining) {
      path.draining = true;
      const other = connection.paths.find(({ draining }) => !draining);
      if (connection.primary === path && other !== undefined) this.#use(other);
    } else if (control.type === 'close' && connection.hasKeys) {
      this.#drop(path, this.options.now(), 'closed');
    }
  }
}
