import { type Clock, DecodeError, type PeerAddress } from 'beaconry';
import { encodeSignedCertificate } from '../../coordinator/sdr/certificate-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { CONTROL, DATA, isHopPacket, readWord, sessionIdOf } from '../data-codec.js';
import * as codec from '../relay-codec.js';
import { Lead, NO_BYTES, Refusal } from '../relay-codec.js';
import { joinedHopKeys, sameBytes, seal, serverJoinKeys, unseal } from '../relay-keys.js';
import type { AgentSocket, OpenAgentSocket } from './agent-socket.js';
import type { Connection } from './connection.js';
import { DirectServer } from './direct-server.js';
import { answerEndPart, servedTable } from './end-answer.js';
import { Hop } from './hop.js';
import { refusalOf } from './join-check.js';
import { OwnRegistrations } from './own-registrations.js';
import type { TrustedNetwork } from './relay-access.js';
import { RelayedConnection } from './relayed-connection.js';
import { type ServedClient, ServedClients } from './served-clients.js';

/** What the agent of a hosted server needs. */
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

const TICK = 100;
const MAX_ANSWERS = 1024;

/**
 * A hosted server's side: registers at the relays of the network, joins clients that relays bring, and answers
 * nobody else.
 */
export class ServerAgent {
  readonly #registrations: OwnRegistrations;
  #socket: AgentSocket | undefined;
  #direct: DirectServer | undefined;
  readonly #clients = new ServedClients();
  /** JOIN_OK by the hop secret of the JOIN, for repeated ones. */
  readonly #answers = new Map<string, Uint8Array>();
  #stopTimer: (() => void) | undefined;
  readonly counters = { joined: 0, refused: 0, strange: 0 };

  constructor(private readonly options: ServerAgentOptions) {
    const send = (bytes: Uint8Array, to: PeerAddress) => this.#socket?.send(bytes, to);
    this.#registrations = new OwnRegistrations(options, send);
  }

  get port(): number {
    return this.#socket?.port ?? 0;
  }

  get connections(): readonly Connection[] {
    return [...this.#clients.connections, ...(this.#direct?.connections ?? [])];
  }

  /** Relays that hold a registration of this server. */
  get registeredAt(): readonly string[] {
    return this.#registrations.relays;
  }

  async start(): Promise<this> {
    const { openSocket, clock, listen, credentials } = this.options;
    const socket = await openSocket((bytes, from) => this.#receive(bytes, from), listen);
    this.#socket = socket;
    if (credentials !== undefined) {
      const options = { ...this.options, credentials };
      this.#direct = await new DirectServer(options, socket, () => this.#hasRoom()).start();
    }
    this.#stopTimer = clock.every(TICK, () => this.#tick());
    this.#tick();
    return this;
  }

  async close(): Promise<void> {
    this.#stopTimer?.();
    for (const connection of this.#clients.connections) connection.close(1000, 'server ends');
    await this.#direct?.close();
    await this.#socket?.close();
    this.#socket = undefined;
  }

  #tick(): void {
    const { clock, network } = this.options;
    this.#registrations.tick(network()?.config);
    this.#clients.tick(clock.monotonic());
    this.#direct?.tick();
  }

  #receive(bytes: Uint8Array, from: PeerAddress): void {
    const first = bytes[0] ?? 0;
    try {
      if (first === Lead.probeOk) this.#registrations.prober.answered(bytes, from);
      else if (first === Lead.registerOk) this.#registrations.accepted(bytes, from);
      else if (first === Lead.join) this.#join(bytes, from);
      else if ((first & DATA) !== 0 || first === CONTROL) this.#packet(bytes, from);
      else if (this.#direct?.receive(bytes, from) !== true) this.counters.strange++;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.strange++;
    }
  }

  #join(bytes: Uint8Array, from: PeerAddress): void {
    const registering =
      bytes.length < 34 ? undefined : this.#registrations.find(readWord(bytes, 2), from);
    if (registering === undefined) {
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
    const { clock, ports } = this.options;
    const refusal = refusalOf(join, part, this.options);
    if (refusal !== undefined) return refused(refusal);
    const table = servedTable(part.ports, ports);
    if (table === undefined) return refused(Refusal.mismatch);
    const served = this.#serve(join, part, table);
    if (served === undefined) return refused(Refusal.server);
    const now = clock.monotonic();
    const id = this.#clients.newId();
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
    this.#clients.addPath(served, hop, now);
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
  #serve(
    join: codec.Join,
    part: codec.EndPart,
    table: readonly number[],
  ): ServedClient | undefined {
    const { clock, accept } = this.options;
    const connectionId = Buffer.from(part.connection).toString('hex');
    const name = `${part.client} ${connectionId}`;
    const known = this.#clients.find(name);
    // Only who holds the keys of the first path can add another one.
    if (known !== undefined) return sameBytes(known.endPart, join.endPart) ? known : undefined;
    if (!this.#hasRoom()) return undefined;
    const now = clock.monotonic();
    const answer = answerEndPart(join.endPart, part, table, this.options, now);
    const { serverPart, signature, ports } = answer;
    const connection = new RelayedConnection(
      { remote: part.client, name: connectionId, isClient: false, ports },
      clock,
    );
    connection.begin(answer.ends, ports);
    if (!accept(connection)) return undefined;
    return this.#clients.add(name, { connection, endPart: join.endPart, serverPart, signature });
  }

  #hasRoom(): boolean {
    const { maxConnections = 1024 } = this.options;
    return this.#clients.size + (this.#direct?.connections.length ?? 0) < maxConnections;
  }

  #packet(bytes: Uint8Array, from: PeerAddress): void {
    const id = isHopPacket(bytes) ? sessionIdOf(bytes) : 0;
    const served = this.#clients.byId(id);
    const path = served?.paths.get(id);
    if (served === undefined || path === undefined || !path.hop.address.equals(from)) {
      const isDirect = served === undefined && this.#direct?.receive(bytes, from) === true;
      if (!isDirect) this.counters.strange++;
      return;
    }
    if (bytes[0] !== CONTROL) {
      served.connection.receive(path, bytes);
      return;
    }
    const control = path.hop.verifyControl(bytes, this.options.clock.monotonic());
    if (control?.type === 'close') this.#clients.removePath(served, path);
  }
}

const refused = (code: number): codec.JoinOk => ({
  code,
  ownId: 0,
  serverPart: NO_BYTES,
  certificate: NO_BYTES,
  signature: new Uint8Array(64),
});
