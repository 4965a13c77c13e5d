import { GlobalLimit, ServerError } from 'beaconry';
import {
  encodeSignedCertificate,
  fromEnvelope,
  toEnvelope,
} from '../../coordinator/sdr/certificate-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import type { Rendezvous } from '../../coordinator/sdr/sdr_pb.js';
import { answerConnect } from './connect-answer.js';
import { judgeConnectRequest } from './connect-request-check.js';
import type { Connection } from './connection.js';
import { EndReason } from './connection-state.js';
import { servedTable } from './end-answer.js';
import { newSessionId } from './hop.js';
import type { NetworkMeasurement } from './network-measurement.js';
import { PeerSession } from './peer-session.js';
import { encodeSignal, peerSigned, readSignal, type SignalFields } from './peer-signal-codec.js';
import {
  RelayAccess,
  type RelayAccessOptions,
  requireNetwork,
  type TrustedNetwork,
} from './relay-access.js';
import { RelayedConnection } from './relayed-connection.js';
import { isJudgement, ServerMeeting } from './server-meeting.js';

/** What an agent needs that connects players with each other. */
export interface PeerAgentOptions extends RelayAccessOptions {
  readonly identity: string;
  readonly appId: number;
  credentials(): Promise<Credentials>;
  /** Hands a signal to the signaling service: best effort, to whoever proves that identity. */
  signal(to: string, payload: Uint8Array): void;
  /** A peer wants to connect; false: it gets no answer. Absent: nobody may. */
  accept?(connection: RelayedConnection): boolean;
  /** Virtual ports that peers may use. */
  readonly ports?: readonly number[];
  /** Whether peers may learn this host's address where the network config says `punch`; default true. */
  readonly allowDirect?: boolean;
}

/** What is particular to one connection. */
export interface PeerConnectOptions {
  /** Carries the signals of this connection in place of the agent's own. */
  readonly signal?: PeerAgentOptions['signal'];
}

const MAX_SESSIONS = 256;
const REQUESTS_PER_SECOND = 50;

/** Connections between players over relays, set up by signals; without relays where both sides and the config allow it. */
export class PeerAgent {
  readonly #access: RelayAccess;
  /** By the own connection id. */
  readonly #sessions = new Map<number, PeerSession>();
  readonly #meetings = new Map<number, ServerMeeting>();
  /** Own connection id by the peer's identity and connection id. */
  readonly #byPeer = new Map<string, number>();
  readonly #work: GlobalLimit;
  #credentials: Credentials | undefined;

  constructor(private readonly options: PeerAgentOptions) {
    this.#access = new RelayAccess(options);
    this.#work = new GlobalLimit(options.clock, { perSecond: REQUESTS_PER_SECOND });
  }

  get measurement(): NetworkMeasurement {
    return this.#access.measurement;
  }

  get connections(): readonly RelayedConnection[] {
    return [...this.#sessions.values()].map(({ connection }) => connection);
  }

  async start(): Promise<this> {
    this.#credentials = await this.options.credentials();
    await this.#access.start(() => {
      for (const session of [...this.#sessions.values()]) session.tick();
      return this.#sessions.size > 0;
    });
    return this;
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.close();
    await this.#access.close();
  }

  /** `direct`, or the relays by which packets of a connection travel now. */
  wayOf(connection: Connection): readonly string[] {
    for (const session of this.#sessions.values()) {
      if (session.connection === connection) return session.way;
    }
    return [];
  }

  /** NO_NETWORK_CONFIG, TOO_MANY_CONNECTIONS, codes of `credentials`. The promise gives the connection before it is connected. */
  async connect(
    peer: string,
    ports: readonly number[] = [0],
    { signal = this.options.signal }: PeerConnectOptions = {},
  ): Promise<RelayedConnection> {
    const { credentials, identity, appId, clock } = this.options;
    this.#trusted();
    if (this.#sessions.size >= MAX_SESSIONS) {
      throw new ServerError('TOO_MANY_CONNECTIONS', `${MAX_SESSIONS} connections are open`);
    }
    const own = await credentials();
    this.#credentials = own;
    const now = () => clock.monotonic();
    const meeting = new ServerMeeting({
      ...{ appId, ports, now, network: this.#trusted, dev: false, client: identity, server: peer },
      unix: () => Math.floor(clock.now() / 1000),
    });
    const { endPart, name } = meeting;
    const facts = { remote: peer, name, isClient: true, ports };
    const connection = new RelayedConnection(facts, clock);
    const ownId = newSessionId((taken) => this.#sessions.has(taken));
    const crypt = { info: endPart, signature: own.key.sign(peerSigned(endPart)) };
    const cert = toEnvelope(own.certificate);
    const connectRequest = { crypt, cert, toVirtualPort: (ports[0] ?? 0) >>> 0 };
    const request = { signal, greeting: { connectRequest } };
    const session = this.#open(connection, own, ownId, 0, endPart, request);
    this.#meetings.set(ownId, meeting);
    session.tick();
    return connection;
  }

  /**
   * A signal that the service brought, stamped with its sender. Whatever is wrong with it is met with silence. A
   * connection that it asks for is answered by `signal`.
   */
  signaled(from: string, payload: Uint8Array, signal = this.options.signal): void {
    try {
      const said = readSignal(payload, from, this.options.identity);
      if (said === undefined) return;
      if (said.connectRequest !== undefined) this.#requested(from, said, signal);
      else this.#heard(from, said);
    } catch (error) {
      if (!isJudgement(error)) throw error;
    }
  }

  #trusted = (): TrustedNetwork => requireNetwork(this.options.network());

  #heard(from: string, signal: Rendezvous): void {
    const ownId = signal.toConnectionId | 0;
    const session = this.#sessions.get(ownId);
    if (session === undefined || session.connection.facts.remote !== from) return;
    const meeting = this.#meetings.get(ownId);
    if (meeting === undefined) {
      session.heard(signal);
      return;
    }
    const { connectOk } = signal;
    if (connectOk === undefined) {
      if (signal.connectionClosed !== undefined) session.heard(signal);
      return;
    }
    const { crypt, cert } = connectOk;
    if (crypt === undefined || cert === undefined) return;
    try {
      const met = meeting.meet({
        serverPart: crypt.info,
        certificate: encodeSignedCertificate(fromEnvelope(cert)),
        signature: crypt.signature,
      });
      if (met === undefined) return;
      session.connection.begin(met.ends, met.ports);
      this.#meetings.delete(ownId);
      session.begin(met.direct, signal.fromConnectionId | 0, signal);
    } catch (error) {
      if (!isJudgement(error)) throw error;
      session.connection.fail(EndReason.badCertificate, error.message);
    }
  }

  #requested(from: string, signal: Rendezvous, back: PeerAgentOptions['signal']): void {
    const { accept, identity, appId, clock, ports = [0] } = this.options;
    const own = this.#credentials;
    const request = signal.connectRequest;
    const farId = signal.fromConnectionId | 0;
    const name = `${from} ${farId}`;
    const known = this.#byPeer.get(name);
    if (known !== undefined) {
      this.#sessions.get(known)?.repeat();
      return;
    }
    const isRoom = this.#sessions.size < MAX_SESSIONS;
    if (accept === undefined || own === undefined || farId === 0 || !isRoom) return;
    const { crypt, cert } = request ?? {};
    if (crypt === undefined || cert === undefined || !this.#work.take()) return;
    const unix = Math.floor(clock.now() / 1000);
    const { certificates } = this.#trusted();
    const expected = { from, identity, appId, certificates, unix };
    const part = judgeConnectRequest(cert, crypt, expected);
    const table = part === undefined ? undefined : servedTable(part.ports, ports);
    if (part === undefined || table === undefined) return;
    const answer = answerConnect(crypt.info, part, table, own, clock);
    const { connection, legPart, greeting } = answer;
    if (!accept(connection)) return;
    const ownId = newSessionId((taken) => this.#sessions.has(taken));
    const answered = { signal: back, greeting };
    const session = this.#open(connection, own, ownId, farId, legPart, answered);
    this.#byPeer.set(name, ownId);
    session.begin(answer.direct, farId, signal);
  }

  #open(
    connection: RelayedConnection,
    own: Credentials,
    ownId: number,
    farId: number,
    endPart: Uint8Array,
    { signal, greeting }: Required<PeerConnectOptions> & { readonly greeting: SignalFields },
  ): PeerSession {
    const { clock, identity, allowDirect = true } = this.options;
    const { remote } = connection.facts;
    const session = new PeerSession({
      ...{ access: this.#access, connection, ownId, farId, endPart, greeting },
      certificate: encodeSignedCertificate(own.certificate),
      allowDirect: allowDirect && this.#trusted().config.directMode === 'punch',
      now: () => clock.monotonic(),
      sign: (bytes) => own.key.sign(bytes),
      signal: (fields) =>
        signal(remote, encodeSignal({ ...fields, fromIdentity: identity, toIdentity: remote })),
      onEnded: () => {
        this.#sessions.delete(ownId);
        this.#meetings.delete(ownId);
        for (const [name, id] of this.#byPeer) if (id === ownId) this.#byPeer.delete(name);
      },
    });
    this.#sessions.set(ownId, session);
    return session;
  }
}
