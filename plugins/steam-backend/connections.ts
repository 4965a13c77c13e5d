import type { Bus, Clock } from 'beaconry';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables, ConnectionRecord } from './backend-tables.js';
import { decodeEvent, deliver, encodeEvent, type LinkEvent } from './link-event.js';
import type { LinkEvents, Resume, ServerEvents } from './public.js';
import { hashSecret, matchesHash, newConnectionId, newSecret } from './secrets.js';

const RETRY_INTERVAL = 10_000;

/** A connection that is attached to this process. */
export interface HeldConnection {
  readonly connection: string;
  readonly steamId: bigint;
  readonly events: LinkEvents & Partial<ServerEvents>;
  /** Invalidates the link when its place is taken. */
  detach(): void;
}

/**
 * Who is connected. Connections live in the store, so that a restart of the backend is for everybody
 * a short loss of the line; which of them are attached to this node is known here only.
 */
export class Connections {
  readonly #held = new Map<string, HeldConnection>();
  readonly #bySteamId = new Map<bigint, HeldConnection>();
  readonly #graces = new Map<string, () => void>();
  readonly #endSubscription: () => void;
  #closed = false;

  constructor(
    private readonly tables: BackendTables,
    private readonly options: Pick<BackendOptions, 'offlineGrace' | 'serverTimeout'>,
    private readonly clock: Clock,
    private readonly bus: Bus,
    private readonly node: string,
    /** The connection is gone for good: after the grace time, or because somebody took its place. */
    private readonly onGone: (connection: string, record: ConnectionRecord) => Promise<void>,
  ) {
    this.#endSubscription = bus.subscribe('link', (message) => {
      const { to, said } = message as { to: string; said: { [key: string]: string } };
      const held = this.#bySteamId.get(BigInt(to));
      if (held !== undefined) this.#deliver(held, decodeEvent(said));
    });
  }

  get held(): number {
    return this.#held.size;
  }

  /** Makes a connection the current one of its SteamID; answers the one that it replaces. */
  async open(
    record: Omit<ConnectionRecord, 'secretHash' | 'node' | 'since'>,
  ): Promise<{ resume: Resume; record: ConnectionRecord; replaced: string | undefined }> {
    const connection = newConnectionId();
    const secret = newSecret();
    const since = this.clock.now();
    const whole = { ...record, secretHash: hashSecret(secret), node: this.node, since };
    let replaced: string | undefined;
    await this.tables.connections.set(connection, whole);
    await this.tables.online.update(record.steamId, (current) => {
      replaced = current;
      return connection;
    });
    return { resume: { connection, secret }, record: whole, replaced };
  }

  /** Continues a connection; undefined when there is none or the secret is wrong. */
  async resume(resume: Resume): Promise<ConnectionRecord | 'wrong' | undefined> {
    const record = await this.tables.connections.get(resume.connection);
    if (record === undefined) return undefined;
    if (!matchesHash(resume.secret, record.secretHash)) return 'wrong';
    if (record.node !== this.node) {
      await this.tables.connections.set(resume.connection, { ...record, node: this.node });
    }
    return { ...record, node: this.node };
  }

  /** Attaches a link; a link that held the connection before is told that it was replaced. */
  attach(held: HeldConnection): void {
    this.#cancelGrace(held.connection);
    this.#held.get(held.connection)?.detach();
    this.#held.set(held.connection, held);
    this.#bySteamId.set(held.steamId, held);
  }

  /** The link was cut: the connection lives on for its grace time. */
  release(held: HeldConnection, record: ConnectionRecord): void {
    if (this.#held.get(held.connection) !== held) return;
    this.#forget(held);
    this.#startGrace(held.connection, record);
  }

  /** Ends a connection at once: logged off, or replaced. */
  async close(connection: string): Promise<ConnectionRecord | undefined> {
    this.#cancelGrace(connection);
    const held = this.#held.get(connection);
    if (held !== undefined) {
      held.detach();
      this.#forget(held);
    }
    const record = await this.tables.connections.take(connection);
    if (record === undefined) return undefined;
    await this.tables.online.update(record.steamId, (current) =>
      current === connection ? undefined : current,
    );
    return record;
  }

  async exists(connection: string): Promise<boolean> {
    return (await this.tables.connections.get(connection)) !== undefined;
  }

  /** The current connection of a SteamID: whoever is attached here holds it, for others the store knows. */
  current(steamId: bigint): string | Promise<string | undefined> {
    return this.#bySteamId.get(steamId)?.connection ?? this.tables.online.get(steamId.toString());
  }

  heldBy(connection: string): HeldConnection | undefined {
    return this.#held.get(connection);
  }

  /** Tells whoever is logged on with that id, on whichever node; nobody there is not an error. */
  say(to: bigint, said: LinkEvent): void {
    const held = this.#bySteamId.get(to);
    if (held !== undefined) this.#deliver(held, said);
    else this.bus.publish('link', { to: to.toString(), said: encodeEvent(said) });
  }

  /** Tells every attached game server of an app. */
  sayToServers(said: LinkEvent, matches: (held: HeldConnection) => boolean): void {
    for (const held of this.#held.values()) if (matches(held)) this.#deliver(held, said);
  }

  /** After a start: connections of this node wait for their owners, who get the usual grace time. */
  async recover(): Promise<void> {
    for await (const [connection, record] of this.tables.connections.entries()) {
      const mine = record.node === this.node;
      const orphaned = !mine && (await this.tables.nodes.get(record.node)) === undefined;
      if (mine || orphaned) this.#startGrace(connection, record);
    }
  }

  /** Connections of nodes that died are waited for here. */
  async adoptOrphans(): Promise<void> {
    for await (const [connection, record] of this.tables.connections.entries()) {
      if (record.node === this.node || this.#graces.has(connection)) continue;
      if ((await this.tables.nodes.get(record.node)) === undefined) {
        this.#startGrace(connection, record);
      }
    }
  }

  shutDown(): void {
    this.#closed = true;
    this.#endSubscription();
    for (const cancel of this.#graces.values()) cancel();
    this.#graces.clear();
    for (const held of [...this.#held.values()]) held.detach();
    this.#held.clear();
    this.#bySteamId.clear();
  }

  #startGrace(connection: string, record: ConnectionRecord): void {
    if (this.#closed || this.#held.has(connection) || this.#graces.has(connection)) return;
    const { offlineGrace, serverTimeout } = this.options;
    const grace = record.kind === 'server' ? serverTimeout : offlineGrace;
    this.#after(grace, connection, () => this.#expire(connection));
  }

  /** While the store has an outage it is tried again. */
  #after(ms: number, connection: string, task: () => Promise<void>): void {
    const cancel = this.clock.after(ms, () => {
      this.#graces.delete(connection);
      task().catch(() => {
        if (!this.#closed) this.#after(RETRY_INTERVAL, connection, task);
      });
    });
    this.#graces.set(connection, cancel);
  }

  async #expire(connection: string): Promise<void> {
    const current = await this.tables.connections.get(connection);
    // Resumed meanwhile: here, or on another node.
    if (current === undefined || this.#held.has(connection)) return;
    if (current.node !== this.node && (await this.tables.nodes.get(current.node)) !== undefined)
      return;
    const record = await this.close(connection);
    if (record === undefined) return;
    await this.onGone(connection, record).catch(() => {
      this.#after(RETRY_INTERVAL, connection, () => this.onGone(connection, record));
    });
  }

  #deliver(held: HeldConnection, said: LinkEvent): void {
    deliver(said, held.events);
  }

  #cancelGrace(connection: string): void {
    this.#graces.get(connection)?.();
    this.#graces.delete(connection);
  }

  #forget(held: HeldConnection): void {
    this.#held.delete(held.connection);
    if (this.#bySteamId.get(held.steamId) === held) this.#bySteamId.delete(held.steamId);
  }
}
