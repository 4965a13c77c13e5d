import type { Clock, PeerAddress } from 'beaconry';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import type { HopControl } from '../control-codec.js';
import { ConnectionState, EndReason } from './connection-state.js';
import { Path } from './path.js';
import { PathOpenings } from './path-openings.js';
import type { RelayAccess, SessionOwner } from './relay-access.js';
import { RelayedConnection } from './relayed-connection.js';
import { routeName } from './route-choice.js';
import { RouteSearch } from './route-search.js';
import { isJudgement, type MeetingOptions, ServerMeeting } from './server-meeting.js';

export interface ClientConnectionOptions extends MeetingOptions {
  readonly clock: Clock;
  readonly pop: string;
  readonly ticket: Uint8Array;
  readonly credentials: Credentials;
  network(): { readonly config: NetworkConfig; readonly certificates: CertificateStore };
  readonly access: RelayAccess;
}

/** A client's connection to a hosted server: opens paths, keeps a warm one, and moves between them. */
export class ClientConnection implements SessionOwner {
  readonly connection: RelayedConnection;
  readonly #meeting: ServerMeeting;
  readonly #openings: PathOpenings;
  readonly #pathsById = new Map<number, Path>();
  readonly #search: RouteSearch;
  readonly #startedAt: number;
  /** Switches made, for people. */
  readonly moves: string[] = [];

  constructor(private readonly options: ClientConnectionOptions) {
    const { server, ports, access, credentials, ticket } = options;
    this.#meeting = new ServerMeeting(options);
    this.#search = new RouteSearch({ ...options, relays: () => access.prober.relays });
    const own = { endPart: this.#meeting.endPart, search: this.#search, owner: this };
    this.#openings = new PathOpenings({ access, credentials, ticket, ...own });
    this.#startedAt = options.now();
    this.connection = new RelayedConnection(
      { remote: server, name: this.#meeting.name, isClient: true, ports },
      options.clock,
    );
    this.connection.setState(ConnectionState.findingRoute);
  }

  /** To be called about every 100 ms. */
  tick(): void {
    const { connection } = this;
    const now = this.options.now();
    this.#openings.tick(now, connection.hasKeys);
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
    const now = this.options.now();
    const opened = this.#openings.answer(id, bytes, from, now);
    if (opened === undefined) return;
    const { ok, hop, route } = opened;
    try {
      const met = this.#meeting.meet(ok);
      if (met !== undefined) this.connection.begin(met.ends, met.ports);
    } catch (error) {
      if (!isJudgement(error)) throw error;
      this.options.access.dropId(id);
      this.connection.fail(EndReason.badCertificate, error.message);
      return;
    }
    const names = [route.first.name, ...(route.second === undefined ? [] : [route.second.name])];
    const path = new Path(hop, names, now);
    this.#pathsById.set(hop.id, path);
    this.connection.addPath(path);
    if (opened.primary) this.#use(path);
    else this.connection.ping1(path);
  }

  /** Ends; ids are free again. */
  release(): void {
    this.#openings.release();
    for (const id of this.#pathsById.keys()) this.options.access.dropId(id);
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
    this.#openings.open(best, true, now);
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
    if (route !== undefined) this.#openings.open(route, usable.length === 0, now);
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
    else this.#openings.open(best, true, now);
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
