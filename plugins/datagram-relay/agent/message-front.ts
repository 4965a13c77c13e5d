import { type Clock, messageOf } from 'beaconry';
import type { Connection } from './connection.js';
import { ConnectionState } from './connection-state.js';

/** Virtual port of sessions that are named by identity alone (sdr section 11). */
export const MESSAGES_PORT = 0x7fffffff;

/** What sessions of messages by identity need. */
export interface MessageFrontOptions {
  readonly clock: Clock;
  /** `connect` of a client agent or a peer agent. */
  connect(identity: string, ports: readonly number[]): Promise<Connection>;
  onMessage(from: string, bytes: Uint8Array, channel: number): void;
  /** Somebody opens a session; false: it gets no answer. Absent: only those to whom something was sent first. */
  onRequest?(from: string): boolean;
  /** A session could not be opened or broke. */
  onFailed?(identity: string, reason: number, text: string): void;
}

interface Session {
  readonly connections: Set<Connection>;
  opening: boolean;
  readonly waiting: { readonly bytes: Uint8Array; readonly reliable: boolean }[];
  usedAt: number;
}

const MAX_SESSIONS = 256;
const MAX_WAITING = 64;
const IDLE = 180_000;
const CHANNEL = 4;
const INTERNAL = 5002;

/** Messages to an identity: sessions open with the first one, and close by themselves. */
export class MessageFront {
  readonly #sessions = new Map<string, Session>();
  readonly #stopTimer: () => void;

  constructor(private readonly options: MessageFrontOptions) {
    this.#stopTimer = options.clock.every(1000, () => this.#sweep());
  }

  /** Identities with an open session. */
  get sessions(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  /** False: too many sessions, or 64 messages wait for this one to open. */
  send(
    identity: string,
    bytes: Uint8Array,
    {
      channel = 0,
      reliable = true,
    }: { readonly channel?: number; readonly reliable?: boolean } = {},
  ): boolean {
    const framed = new Uint8Array(CHANNEL + bytes.length);
    new DataView(framed.buffer).setUint32(0, channel, true);
    framed.set(bytes, CHANNEL);
    const session = this.#session(identity);
    if (session === undefined) return false;
    session.usedAt = this.options.clock.monotonic();
    const open = [...session.connections].find(({ state }) => state === ConnectionState.connected);
    if (open !== undefined) return open.sendMessage(framed, { reliable });
    if (session.waiting.length >= MAX_WAITING) return false;
    session.waiting.push({ bytes: framed, reliable });
    if (session.connections.size === 0 && !session.opening) void this.#open(identity, session);
    return true;
  }

  /** For `accept` of an agent: takes connections to {@link MESSAGES_PORT}; undefined: it is not one. */
  accept(connection: Connection): boolean | undefined {
    if (!connection.facts.ports.includes(MESSAGES_PORT)) return undefined;
    const { remote } = connection.facts;
    const isKnown = this.#sessions.has(remote);
    if (!isKnown && this.options.onRequest?.(remote) !== true) return false;
    const session = this.#session(remote);
    if (session === undefined) return false;
    this.#adopt(remote, session, connection);
    return true;
  }

  closeSession(identity: string): void {
    const session = this.#sessions.get(identity);
    this.#sessions.delete(identity);
    for (const connection of session?.connections ?? []) connection.close();
  }

  close(): void {
    this.#stopTimer();
    for (const identity of this.sessions) this.closeSession(identity);
  }

  #session(identity: string): Session | undefined {
    let session = this.#sessions.get(identity);
    if (session === undefined && this.#sessions.size < MAX_SESSIONS) {
      const usedAt = this.options.clock.monotonic();
      session = { connections: new Set(), opening: false, waiting: [], usedAt };
      this.#sessions.set(identity, session);
    }
    return session;
  }

  async #open(identity: string, session: Session): Promise<void> {
    session.opening = true;
    try {
      const connection = await this.options.connect(identity, [MESSAGES_PORT]);
      if (this.#sessions.get(identity) === session) this.#adopt(identity, session, connection);
      else connection.close();
    } catch (error) {
      if (this.#sessions.get(identity) === session) this.#sessions.delete(identity);
      this.options.onFailed?.(identity, INTERNAL, messageOf(error));
    } finally {
      session.opening = false;
    }
  }

  #adopt(identity: string, session: Session, connection: Connection): void {
    session.connections.add(connection);
    connection.listener = {
      onMessage: (bytes) => {
        if (bytes.length < CHANNEL) return;
        session.usedAt = this.options.clock.monotonic();
        const channel = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
        this.options.onMessage(identity, new Uint8Array(bytes.subarray(CHANNEL)), channel);
      },
      onState: (state) => {
        if (state === ConnectionState.connected) this.#flush(session, connection);
        else if (state > ConnectionState.connected) this.#ended(identity, session, connection);
      },
    };
    if (connection.state === ConnectionState.connected) this.#flush(session, connection);
  }

  #flush(session: Session, connection: Connection): void {
    for (const { bytes, reliable } of session.waiting.splice(0)) {
      connection.sendMessage(bytes, { reliable });
    }
  }

  #ended(identity: string, session: Session, connection: Connection): void {
    session.connections.delete(connection);
    if (session.connections.size > 0 || this.#sessions.get(identity) !== session) return;
    this.#sessions.delete(identity);
    const { endReason, endText, state } = connection;
    if (state === ConnectionState.problemDetected && endReason >= 3000) {
      this.options.onFailed?.(identity, endReason, endText);
    }
  }

  #sweep(): void {
    const now = this.options.clock.monotonic();
    for (const [identity, { usedAt }] of this.#sessions) {
      if (now - usedAt > IDLE) this.closeSession(identity);
    }
  }
}
