import type { Clock } from 'beaconry';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables, ConnectionRecord } from './backend-tables.js';
import { Graces } from './graces.js';
import { deliver, type LinkEvent } from './link-event.js';
import type { NodeWords } from './node-words.js';
import type { LinkEvents, Resume, ServerEvents } from './public.js';
import { hashSecret, matchesHash, newConnectionId, newSecret } from './secrets.js';

/** A connection that is attached to this process. */
export interface HeldConnection {
  readonly connection: string;
  readonly steamId: bigint;
  readonly events: LinkEvents & Partial<ServerEvents>;
  /** Of a server: what it was told of its policy. */
  readonly secure?: boolean;
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
  readonly #graces: Graces;

  constructor(
    private readonly tables: BackendTables,
    private readonly options: Pick<
      BackendOptions,
      'offlineGrace' | 'serverTimeout' | 'tokenConflict'
    >,
    private readonly clock: Clock,
    private readonly words: () => Pick<NodeWords, 'link' | 'shared'>,
    private readonly node: string,
    /** The connection is gone for good: after the grace time, or because somebody took its place. */
    private readonly onGone: (connection: string, record: ConnectionRecord) => Promise<void>,
    /** The connection is no business of this node any more. */
    private readonly onElsewhere: (connection: string) => void,
  ) {
    this.#graces = new Graces(clock);
  }

  get held(): number {
    return this.#held.size;
  }

  get all(): Iterable<HeldConnection> {
    return this.#held.values();
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
    if (record.node === this.node && !this.#tellsCuts(record)) return record;
    return this.tables.connections.update(resume.connection, (current) =>
      current === undefined ? undefined : { ...current, node: this.node, cut: false },
    );
  }

  /** Whether nobody logged on in its place, on whichever node, while it was being attached. */
  async isCurrent(held: HeldConnection): Promise<boolean> {
    if (!this.words().shared) return true;
    const online = await this.tables.online.get(held.steamId.toString());
    return online === held.connection;
  }

  /** Whether a living node other than this one holds the link of that connection. */
  async isHeldElsewhere(connection: string): Promise<boolean> {
    const record = await this.tables.connections.get(connection);
    if (record === undefined || record.node === this.node || record.cut === true) return false;
    return (await this.tables.nodes.get(record.node)) !== undefined;
  }

  /** Attaches a link; a link that held the connection before is told that it was replaced. */
  attach(held: HeldConnection): void {
    this.#graces.cancel(held.connection);
    this.#held.get(held.connection)?.detach();
    this.#held.set(held.connection, held);
    this.#bySteamId.set(held.steamId, held);
  }

  /** The link was cut: the connection lives on for its grace time. */
  release(held: HeldConnection, record: ConnectionRecord): void {
    if (this.#held.get(held.connection) !== held) return;
    this.#forget(held);
    this.#startGrace(held.connection, record);
    if (this.#tellsCuts(record)) this.#tellCut(held.connection);
  }

  /** Ends a link whose connection was ended elsewhere. */
  end(held: HeldConnection, lost: LinkEvent & { readonly event: 'lost' }): void {
    if (this.#held.get(held.connection) !== held) return;
    held.detach();
    this.#forget(held);
    this.onElsewhere(held.connection);
    deliver(lost, held.events);
  }

  /** Ends a connection at once: logged off, or replaced. */
  async close(connection: string): Promise<ConnectionRecord | undefined> {
    this.#graces.cancel(connection);
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

  /**
   * Tells whoever is logged on with that id, on whichever node; with a connection, only who holds that one. Nobody
   * there is not an error.
   */
  say(to: bigint, said: LinkEvent, connection?: string): void {
    const held = this.#bySteamId.get(to);
    const isHere = held !== undefined && (connection ?? held.connection) === held.connection;
    if (isHere) deliver(said, held.events);
    else this.words().link(to, said, connection);
  }

  /** Another node tells somebody who may be attached here. */
  hear(to: bigint, said: LinkEvent, connection: string | undefined): void {
    const held = this.#bySteamId.get(to);
    if (held === undefined || (connection ?? held.connection) !== held.connection) return;
    if (said.event === 'lost') this.end(held, said);
    else deliver(said, held.events);
  }

  /** After a start: connections of this node wait for their owners, who get the usual grace time. */
  async recover(): Promise<void> {
    for await (const [connection, record] of this.tables.connections.entries()) {
      const mine = record.node === this.node;
      const orphaned = !mine && (await this.tables.nodes.get(record.node)) === undefined;
      if (mine || orphaned) this.#startGrace(connection, record);
      if (mine && this.#tellsCuts(record)) this.#tellCut(connection);
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
    this.#graces.close();
    for (const held of [...this.#held.values()]) held.detach();
    this.#held.clear();
    this.#bySteamId.clear();
  }

  #startGrace(connection: string, record: ConnectionRecord): void {
    if (this.#graces.closed || this.#held.has(connection) || this.#graces.has(connection)) return;
    const { offlineGrace, serverTimeout } = this.options;
    const grace = record.kind === 'server' ? serverTimeout : offlineGrace;
    this.#graces.start(connection, grace, () => this.#expire(connection));
  }

  async #expire(connection: string): Promise<void> {
    const current = await this.tables.connections.get(connection);
    // Resumed meanwhile: here, or on another node.
    if (this.#held.has(connection)) return;
    const isElsewhere =
      current === undefined ||
      (current.node !== this.node && (await this.tables.nodes.get(current.node)) !== undefined);
    const record = isElsewhere ? undefined : await this.close(connection);
    if (record === undefined) {
      this.onElsewhere(connection);
      return;
    }
    await this.onGone(connection, record).catch(() => {
      this.#graces.retry(connection, () => this.onGone(connection, record));
    });
  }

  /** Whether other nodes must know that a link is cut. */
  #tellsCuts(record: ConnectionRecord): boolean {
    const { tokenConflict } = this.options;
    return record.kind === 'server' && tokenConflict === 'newer-refused' && this.words().shared;
  }

  /** Not heard, others refuse the server until its connection is over. */
  #tellCut(connection: string): void {
    const cut = (record: ConnectionRecord | undefined): ConnectionRecord | undefined =>
      record?.node === this.node && !this.#held.has(connection) ? { ...record, cut: true } : record;
    this.tables.connections.update(connection, cut).catch(() => {});
  }

  #forget(held: HeldConnection): void {
    this.#held.delete(held.connection);
    if (this.#bySteamId.get(held.steamId) === held) this.#bySteamId.delete(held.steamId);
  }
}
