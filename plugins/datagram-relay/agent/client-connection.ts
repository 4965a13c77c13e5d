import { randomBytes } from 'node:crypto';
import { DecodeError, ServerError } from 'beaconry';
import { checkCertificate } from '../../coordinator/sdr/certificate-check.js';
import {
  decodeSignedCertificate,
  encodeSignedCertificate,
} from '../../coordinator/sdr/certificate-codec.js';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import type { HopControl } from '../control-codec.js';
import * as codec from '../relay-codec.js';
import { ExchangeKey, endKeys, sameBytes } from '../relay-keys.js';
import { Connection, ConnectionState, EndReason, Path } from './connection.js';
import { EndToEnd } from './end-to-end.js';
import { PathOpening } from './path-opening.js';
import type { ProbedRelay } from './relay-prober.js';
import { isClearlyBetter, type Route, routeName, routesTo } from './route-choice.js';

export interface ClientConnectionOptions {
  readonly appId: number;
  readonly client: string;
  readonly server: string;
  readonly pop: string;
  readonly ports: readonly number[];
  readonly ticket: Uint8Array;
  readonly credentials: Credentials;
  /** POP `dev`: the server may come without a certificate. */
  readonly dev: boolean;
  now(): number;
  unix(): number;
  network(): { readonly config: NetworkConfig; readonly certificates: CertificateStore };
  relays(): readonly ProbedRelay[];
  cookie(relay: ProbedRelay): Uint8Array | undefined;
  send(bytes: Uint8Array, to: import('beaconry').PeerAddress): void;
  /** A session id that reaches this connection. */
  newId(connection: ClientConnection): number;
  dropId(id: number): void;
}

const HOLD = 15_000;
const MAX_REFUSALS = 3;
const REFUSED_PAUSE = 10_000;

/** A client's connection to a hosted server: opens paths, keeps a warm one, and moves between them. */
export class ClientConnection {
  readonly connection: Connection;
  readonly #endPart: Uint8Array;
  readonly #key = ExchangeKey.generate();
  readonly #openings = new Map<
    number,
    { readonly opening: PathOpening; readonly primary: boolean }
  >();
  readonly #pathsById = new Map<number, Path>();
  /** Relays that refused or did not answer, until when they are left alone. */
  readonly #avoid = new Map<string, number>();
  #serverPart: Uint8Array | undefined;
  #better: { readonly name: string; readonly since: number } | undefined;
  #refusals = 0;
  #refusal = '';
  #refusalCode = 0;
  readonly #startedAt: number;
  /** Switches made, for people. */
  readonly moves: string[] = [];

  constructor(private readonly options: ClientConnectionOptions) {
    const { appId, client, server, ports } = options;
    const name = randomBytes(8);
    this.#endPart = codec.encodeEndPart({
      appId,
      connection: name,
      key: this.#key.publicKey,
      random: randomBytes(16),
      client,
      server,
      ports,
    });
    this.#startedAt = options.now();
    this.connection = new Connection(
      { remote: server, name: name.toString('hex'), isClient: true, ports },
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
  answer(id: number, bytes: Uint8Array, from: import('beaconry').PeerAddress): void {
    const found = this.#openings.get(id);
    if (found === undefined) return;
    const now = this.options.now();
    const { opening } = found;
    if (bytes[0] === codec.Lead.refused) {
      const refused = codec.decodeRefused(bytes);
      if (!opening.isRefusedBy(refused, from)) return;
      this.#refusals++;
      this.#refusal = refused.text;
      this.#refusalCode = refused.code;
      this.#giveUp(id, opening, now);
      return;
    }
    const answered = opening.answered(bytes, from, now);
    if (answered === undefined) return;
    const { ok, hop } = answered;
    try {
      this.#meet(ok);
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
    for (const id of [...this.#openings.keys(), ...this.#pathsById.keys()]) this.options.dropId(id);
    this.#openings.clear();
    this.#pathsById.clear();
  }

  #meet(ok: codec.OpenOk): void {
    if (this.#serverPart !== undefined) {
      if (!sameBytes(this.#serverPart, ok.serverPart)) {
        throw new ServerError('SERVER_CHANGED', 'another server answered on the second path');
      }
      return;
    }
    const { server, appId, pop, dev, unix, network } = this.options;
    const part = codec.decodeServerPart(ok.serverPart);
    if (part.server !== server) {
      throw new ServerError('SERVER_CHANGED', `${part.server} answered in place of ${server}`);
    }
    if (ok.certificate.length > 0 || !dev) {
      const { key } = checkCertificate(
        decodeSignedCertificate(ok.certificate),
        network().certificates,
        { now: unix(), identity: server, appId, pop },
      );
      if (!key.verifies(codec.joinSigned(this.#endPart, ok.serverPart), ok.signature)) {
        throw new ServerError('SERVER_SIGNATURE', 'the answer is not signed by the server');
      }
    }
    const salt = Buffer.concat([codec.sha256(this.#endPart), codec.sha256(ok.serverPart)]);
    const { toServer, toClient } = endKeys(this.#key.secretWith(part.key), salt);
    const served = part.ports.map((port) => (port === codec.NO_PORT ? undefined : port));
    this.#serverPart = ok.serverPart;
    this.connection.begin(new EndToEnd(toServer, toClient, this.options.now()), served);
  }

  #routes(now: number): readonly Route[] {
    const { pop, relays, network } = this.options;
    return routesTo(pop, relays(), network().config).filter(
      (route) => (this.#avoid.get(routeName(route)) ?? 0) <= now,
    );
  }

  #findRoute(now: number): void {
    const { connection } = this;
    if (this.#refusals >= MAX_REFUSALS || (this.#refusals > 0 && this.#routes(now).length === 0)) {
      if (this.#openings.size > 0) return;
      const expired = this.#refusalCode === codec.Refusal.ticketExpired;
      const reason =
        expired || this.#refusalCode <= codec.Refusal.mismatch
          ? EndReason.noRights
          : EndReason.noRelaySession;
      connection.fail(reason, `relays refused: ${this.#refusal}`);
      return;
    }
    if (now - this.#startedAt > 15_000) {
      connection.fail(EndReason.manyRelaysUnreachable, 'no relay opened a way to the server');
      return;
    }
    if (this.#openings.size > 0) return;
    // A moment for all relays to answer their first probe, so that the best one is tried first.
    const unknown = this.options.relays().some(({ pings }) => pings.length === 0);
    if (unknown && now - this.#startedAt < 300) return;
    const [best] = this.#routes(now);
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
    this.options.dropId(id);
    this.#avoid.set(routeName(opening.options.route), now + REFUSED_PAUSE);
  }

  #open(route: Route, primary: boolean, now: number): void {
    const { credentials, ticket, send, cookie, newId } = this.options;
    const opening = new PathOpening(
      {
        id: newId(this),
        route,
        endPart: this.#endPart,
        certificate: encodeSignedCertificate(credentials.certificate),
        ticket,
        peerToPeer: false,
        sign: (bytes) => credentials.key.sign(bytes),
        send,
        cookie: () => cookie(route.first),
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
    const routes = this.#routes(now).filter(({ first }) => !used.has(first.name));
    const shared = new Set(usable.flatMap(({ relays }) => relays));
    const apart = routes.find(({ second }) => second === undefined || !shared.has(second.name));
    const route = apart ?? routes[0];
    if (route !== undefined) this.#open(route, usable.length === 0, now);
  }

  #lookForBetter(now: number): void {
    const { connection } = this;
    const current = connection.primary;
    const routes = this.#routes(now);
    const [best] = routes;
    if (current === undefined || best === undefined) return;
    const currentName = current.relays.join(' > ');
    const own = routes.find((route) => routeName(route) === currentName);
    const score = own?.score ?? Number.POSITIVE_INFINITY;
    const name = routeName(best);
    if (name === currentName || !isClearlyBetter(best.score, score)) {
      this.#better = undefined;
      return;
    }
    if (this.#better?.name !== name) this.#better = { name, since: now };
    if (now - this.#better.since < HOLD || this.#openings.size > 0) return;
    this.#better = undefined;
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
    if (why === 'silent') this.#avoid.set(path.relays.join(' > '), now + 5000);
    this.#pathsById.delete(path.hop.id);
    this.options.dropId(path.hop.id);
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
