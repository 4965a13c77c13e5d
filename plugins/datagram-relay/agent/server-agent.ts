import { randomBytes } from 'node:crypto';
import { type Clock, DecodeError, type PeerAddress, ServerError } from 'beaconry';
import { checkCertificate } from '../../coordinator/sdr/certificate-check.js';
import {
  decodeSignedCertificate,
  encodeSignedCertificate,
} from '../../coordinator/sdr/certificate-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { encodePopCode } from '../../coordinator/sdr/pop-code-codec.js';
import { CONTROL, DATA, isHopPacket, readWord, sessionIdOf } from '../data-codec.js';
import * as codec from '../relay-codec.js';
import { Lead, Refusal } from '../relay-codec.js';
import {
  ExchangeKey,
  endKeys,
  hmac,
  joinedHopKeys,
  registrationKeys,
  sameBytes,
  seal,
  serverJoinKeys,
  unseal,
} from '../relay-keys.js';
import type { AgentSocket, OpenAgentSocket } from './agent-socket.js';
import type { TrustedNetwork } from './client-agent.js';
import { Connection, Path } from './connection.js';
import { EndToEnd } from './end-to-end.js';
import { Hop, newSessionId } from './hop.js';
import { type ProbedRelay, RelayProber } from './relay-prober.js';

export interface ServerAgentOptions {
  readonly clock: Clock;
  readonly openSocket: OpenAgentSocket;
  readonly listen: { readonly host?: string; readonly port: number };
  readonly identity: string;
  readonly appId: number;
  readonly pop: string;
  /** Absent in POP `dev` only. */
  readonly credentials?: Credentials;
  /** Sealed into tickets by the coordinator, so that only its relays reach this server. */
  readonly routingSecret: bigint;
  /** Virtual ports that are served; a client gets no others. */
  readonly ports: readonly number[];
  network(): TrustedNetwork | undefined;
  /** A new connection; false refuses it. */
  accept(connection: Connection): boolean;
  readonly maxConnections?: number;
}

interface Registering {
  readonly relay: ProbedRelay;
  readonly id: number;
  readonly key: ExchangeKey;
  hash: Uint8Array;
  /** From REGISTER_OK; absent until then. */
  secret: Uint8Array | undefined;
  sentAt: number;
  acceptedAt: number;
}

interface Served {
  readonly connection: Connection;
  readonly endPart: Uint8Array;
  readonly serverPart: Uint8Array;
  readonly signature: Uint8Array;
  readonly paths: Map<number, Path>;
}

const TICK = 100;
const REGISTER_EVERY = 30_000;
const RETRY = 500;
const MAX_PATHS = 4;
const MAX_ANSWERS = 1024;
const NO_BYTES = new Uint8Array();

/**
 * A hosted server's side: registers at the relays of the network, joins clients that relays bring, and answers
 * nobody else.
 */
export class ServerAgent {
  readonly prober: RelayProber;
  #socket: AgentSocket | undefined;
  readonly #registering = new Map<string, Registering>();
  readonly #byRegistration = new Map<number, Registering>();
  readonly #served = new Map<string, Served>();
  readonly #byId = new Map<number, Served>();
  /** JOIN_OK by the hop secret of the JOIN, for repeated ones. */
  readonly #answers = new Map<string, Uint8Array>();
  #config: TrustedNetwork['config'] | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;
  readonly counters = { joined: 0, refused: 0, strange: 0 };

  constructor(private readonly options: ServerAgentOptions) {
    this.prober = new RelayProber(options.clock, (bytes, to) => this.#socket?.send(bytes, to));
  }

  get port(): number {
    return this.#socket?.port ?? 0;
  }

  get connections(): readonly Connection[] {
    return [...this.#served.values()].map(({ connection }) => connection);
  }

  /** Relays that hold a registration of this server. */
  get registeredAt(): readonly string[] {
    const now = this.options.clock.monotonic();
    return [...this.#registering.values()]
      .filter(({ acceptedAt }) => now - acceptedAt < 90_000)
      .map(({ relay }) => relay.name);
  }

  async start(): Promise<this> {
    const { openSocket, clock, listen } = this.options;
    this.#socket = await openSocket((bytes, from) => this.#receive(bytes, from), listen);
    this.#stopTimer = clock.every(TICK, () => this.#tick());
    this.#tick();
    return this;
  }

  async close(): Promise<void> {
    this.#stopTimer?.();
    for (const { connection } of [...this.#served.values()]) {
      connection.close(1000, 'server ends');
    }
    await this.#socket?.close();
    this.#socket = undefined;
  }

  #tick(): void {
    const { clock, network } = this.options;
    const now = clock.monotonic();
    const config = network()?.config;
    if (config !== undefined && config !== this.#config) {
      this.#config = config;
      this.prober.update(config, true);
    }
    // Cookies live half a minute, and registrations are renewed with fresh ones.
    const missing = this.prober.relays.some((relay) => this.#isDue(relay, now));
    if (now - this.#probedAt >= (missing ? RETRY : REGISTER_EVERY / 2)) {
      this.#probedAt = now;
      this.prober.probe();
    }
    for (const relay of this.prober.relays) if (this.#isDue(relay, now)) this.#register(relay, now);
    for (const served of [...this.#served.values()]) this.#tickServed(served, now);
  }

  #tickServed({ connection, paths }: Served, now: number): void {
    connection.tick();
    for (const [id, path] of paths) {
      if (connection.paths.length > 1 && now - path.hop.lastReceived > 60_000) {
        connection.removePath(path);
        paths.delete(id);
        this.#byId.delete(id);
      }
    }
  }

  #isDue({ name }: ProbedRelay, now: number): boolean {
    const known = this.#registering.get(name);
    return known === undefined || now - known.acceptedAt >= REGISTER_EVERY;
  }

  #register(relay: ProbedRelay, now: number): void {
    const cookie = this.prober.cookie(relay);
    const known = this.#registering.get(relay.name);
    if (cookie === undefined || (known !== undefined && now - known.sentAt < RETRY)) return;
    const { clock, identity, appId, pop, credentials } = this.options;
    const id = known?.id ?? newSessionId((taken) => this.#byRegistration.has(taken));
    const key = ExchangeKey.generate();
    const certificate =
      credentials === undefined ? NO_BYTES : encodeSignedCertificate(credentials.certificate);
    const bytes = codec.encodeRegister(
      {
        cookie,
        id: id >>> 0,
        key: key.publicKey,
        time: Math.floor(clock.now() / 1000),
        relayKey: relay.key,
        appId,
        pop: encodePopCode(pop),
        identity,
        certificate,
      },
      (signed) => credentials?.key.sign(signed) ?? new Uint8Array(64),
    );
    const { hash } = codec.decodeRegister(bytes);
    const registering: Registering = {
      relay,
      id,
      key,
      hash,
      secret: known?.secret,
      sentAt: now,
      acceptedAt: known?.acceptedAt ?? Number.NEGATIVE_INFINITY,
    };
    this.#registering.set(relay.name, registering);
    this.#byRegistration.set(id, registering);
    this.#socket?.send(bytes, relay.address);
  }

  #receive(bytes: Uint8Array, from: PeerAddress): void {
    const first = bytes[0] ?? 0;
    try {
      if (first === Lead.probeOk) this.prober.answered(bytes, from);
      else if (first === Lead.registerOk) this.#registered(bytes, from);
      else if (first === Lead.join) this.#join(bytes, from);
      else if ((first & DATA) !== 0 || first === CONTROL) this.#packet(bytes, from);
      else this.counters.strange++;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.strange++;
    }
  }

  #registered(bytes: Uint8Array, from: PeerAddress): void {
    const { message, covered, hmac: received } = codec.decodeRegisterOk(bytes);
    const registering = this.#byRegistration.get(message.id | 0);
    if (registering === undefined || !registering.relay.address.equals(from)) return;
    const { key, relay, hash } = registering;
    const secrets = Buffer.concat([
      key.secretWith(relay.key),
      key.secretWith(message.relayEphemeral),
    ]);
    const keys = registrationKeys(secrets, hash);
    if (!sameBytes(hmac(keys.answer, covered).subarray(0, 16), received)) return;
    registering.secret = keys.secret;
    registering.acceptedAt = this.options.clock.monotonic();
  }

  #join(bytes: Uint8Array, from: PeerAddress): void {
    const registering =
      bytes.length < 34 ? undefined : this.#byRegistration.get(readWord(bytes, 2));
    if (registering?.secret === undefined || !registering.relay.address.equals(from)) {
      this.counters.strange++;
      return;
    }
    const keys = serverJoinKeys(registering.secret, this.options.routingSecret);
    const join = codec.decodeJoin(unseal(bytes, Lead.join, keys.join));
    const name = Buffer.from(join.hopSecret).toString('base64');
    const known = this.#answers.get(name);
    if (known !== undefined) {
      this.#socket?.send(known, from);
      return;
    }
    const ok = this.#judge(join, from);
    if (ok.code === 0) this.counters.joined++;
    else this.counters.refused++;
    const answer = seal(Lead.joinOk, join.senderId, keys.ok, codec.encodeJoinOk(ok));
    if (this.#answers.size >= MAX_ANSWERS) {
      this.#answers.delete(this.#answers.keys().next().value as string);
    }
    this.#answers.set(name, answer);
    this.#socket?.send(answer, from);
  }

  #judge(join: codec.Join, from: PeerAddress): codec.JoinOk {
    const part = codec.decodeEndPart(join.endPart);
    const { identity, appId, network, clock, ports } = this.options;
    const unix = Math.floor(clock.now() / 1000);
    if (part.server !== identity || part.appId !== appId) return refused(Refusal.mismatch);
    const trusted = network();
    if (trusted === undefined) return refused(Refusal.server);
    try {
      const { key } = checkCertificate(
        decodeSignedCertificate(join.certificate),
        trusted.certificates,
        { now: unix, identity: part.client, appId },
      );
      if (!key.verifies(codec.openSigned(join.frontHash, join.endPart), join.signature)) {
        return refused(Refusal.signature);
      }
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof DecodeError)) throw error;
      return refused(Refusal.certificate);
    }
    const table = part.ports.map((port) => (ports.includes(port) ? port : codec.NO_PORT));
    if (table.every((port) => port === codec.NO_PORT)) return refused(Refusal.mismatch);
    const served = this.#serve(join, part, table);
    if (served === undefined) return refused(Refusal.server);
    const now = clock.monotonic();
    const id = newSessionId((taken) => this.#byId.has(taken));
    const hopKeys = joinedHopKeys(join.hopSecret);
    const hop = new Hop(
      id,
      join.senderId | 0,
      from.copy(),
      hopKeys.forward,
      hopKeys.back,
      (data, to) => this.#socket?.send(data, to),
      now,
    );
    this.#limitPaths(served);
    const path = new Path(hop, [from.toString()], now);
    served.paths.set(id, path);
    this.#byId.set(id, served);
    served.connection.addPath(path);
    const { credentials } = this.options;
    return {
      code: 0,
      ownId: id >>> 0,
      serverPart: served.serverPart,
      certificate:
        credentials === undefined ? NO_BYTES : encodeSignedCertificate(credentials.certificate),
      signature: served.signature,
    };
  }

  /** The connection that this end part names: a known one on another path, or a new one. */
  #serve(join: codec.Join, part: codec.EndPart, table: readonly number[]): Served | undefined {
    const { clock, identity, credentials, accept, maxConnections = 1024 } = this.options;
    const connectionId = Buffer.from(part.connection).toString('hex');
    const name = `${part.client} ${connectionId}`;
    const known = this.#served.get(name);
    // Only who holds the keys of the first path can add another one.
    if (known !== undefined) return sameBytes(known.endPart, join.endPart) ? known : undefined;
    if (this.#served.size >= maxConnections) return undefined;
    const key = ExchangeKey.generate();
    const serverPart = codec.encodeServerPart({
      key: key.publicKey,
      random: randomBytes(16),
      server: identity,
      ports: table,
    });
    const signed = codec.joinSigned(join.endPart, serverPart);
    const signature = credentials?.key.sign(signed) ?? new Uint8Array(64);
    const salt = Buffer.concat([codec.sha256(join.endPart), codec.sha256(serverPart)]);
    const { toServer, toClient } = endKeys(key.secretWith(part.key), salt);
    const servedPorts = table.map((port) => (port === codec.NO_PORT ? undefined : port));
    const now = () => clock.monotonic();
    const connection = new Connection(
      { remote: part.client, name: connectionId, isClient: false, ports: servedPorts },
      now,
    );
    connection.begin(new EndToEnd(toClient, toServer, now()), servedPorts);
    if (!accept(connection)) return undefined;
    const served = { connection, endPart: join.endPart, serverPart, signature, paths: new Map() };
    this.#served.set(name, served);
    connection.onEnded = () => {
      this.#served.delete(name);
      for (const id of served.paths.keys()) this.#byId.delete(id);
    };
    return served;
  }

  #limitPaths({ connection, paths }: Served): void {
    if (paths.size < MAX_PATHS) return;
    for (const [id, path] of paths) {
      if (path === connection.primary) continue;
      connection.removePath(path);
      paths.delete(id);
      this.#byId.delete(id);
      return;
    }
  }

  #packet(bytes: Uint8Array, from: PeerAddress): void {
    const id = isHopPacket(bytes) ? sessionIdOf(bytes) : 0;
    const served = this.#byId.get(id);
    const path = served?.paths.get(id);
    if (served === undefined || path === undefined || !path.hop.address.equals(from)) {
      this.counters.strange++;
      return;
    }
    if (bytes[0] !== CONTROL) {
      served.connection.receive(path, bytes);
      return;
    }
    const control = path.hop.verifyControl(bytes, this.options.clock.monotonic());
    if (control?.type !== 'close') return;
    served.paths.delete(id);
    this.#byId.delete(id);
    served.connection.removePath(path);
  }
}

const refused = (code: number): codec.JoinOk => ({
  code,
  ownId: 0,
  serverPart: NO_BYTES,
  certificate: NO_BYTES,
  signature: new Uint8Array(64),
});
