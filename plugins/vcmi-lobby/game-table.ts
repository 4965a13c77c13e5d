import { randomUUID } from 'node:crypto';
import type { Clock } from 'beaconry';
import type { GameStarter, StartedGame } from './lobby.js';
import type { PipeHandshake, PipeRole } from './pipe-codec.js';

export interface GameTableOptions {
  /** How long uuids stay good while no connection of the game is open, in milliseconds. */
  readonly lifetime: number;
  /** Games remembered at once; the oldest without a connection makes room. */
  readonly maxGames: number;
  /** Games without a connection that were started from one address; the oldest makes room. */
  readonly maxIdlePerAddress: number;
}

/** A place of one game connection; given back with `leave`. */
export interface Seat<End> {
  readonly game: Game<End>;
  readonly role: PipeRole;
  readonly uuid: string;
  readonly end: End;
}

interface Game<End> {
  readonly hostUuid: string;
  readonly hostAddress: string;
  readonly clientUuids: readonly string[];
  /** Client uuids that are connected now. */
  readonly connected: Set<string>;
  /** In order of arrival. */
  readonly waiting: Record<PipeRole, Seat<End>[]>;
  servers: number;
  open: number;
  /** Monotonic; counts while nothing is open. */
  until: number;
}

export type Arrival<End> =
  | { readonly seat: Seat<End>; readonly partner: Seat<End> | undefined }
  | undefined;

/**
 * The games that have started and who of them is connected: pairs game servers with game clients by uuid.
 * `End` is whatever stands for a connection; nothing here sends or receives.
 */
export class GameTable<End> implements GameStarter {
  /** By host uuid, the oldest first. */
  readonly #games = new Map<string, Game<End>>();
  readonly #byClient = new Map<string, Game<End>>();
  openPipes = 0;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly options: GameTableOptions,
    private readonly newUuid: () => string = randomUUID,
  ) {}

  get size(): number {
    return this.#games.size;
  }

  open(players: number, hostAddress: string): StartedGame | undefined {
    if (!this.#makeRoom(hostAddress)) return undefined;
    const game: Game<End> = {
      hostUuid: this.newUuid(),
      hostAddress,
      clientUuids: Array.from({ length: players }, () => this.newUuid()),
      connected: new Set(),
      waiting: { server: [], client: [] },
      servers: 0,
      open: 0,
      until: this.clock.monotonic() + this.options.lifetime,
    };
    this.#games.set(game.hostUuid, game);
    for (const uuid of game.clientUuids) this.#byClient.set(uuid, game);
    return game;
  }

  /** Is there a place for a connection of that kind? */
  admits(handshake: Pick<PipeHandshake, 'role' | 'uuid'>): boolean {
    return this.#gameFor(handshake) !== undefined;
  }

  /** Finds a place, and the partner if one waits; undefined when uuid and role fit no open game. */
  arrive({ role, uuid }: Pick<PipeHandshake, 'role' | 'uuid'>, end: End): Arrival<End> {
    const game = this.#gameFor({ role, uuid });
    if (game === undefined) return undefined;
    if (role === 'client') game.connected.add(uuid);
    else game.servers++;
    const seat: Seat<End> = { game, role, uuid, end };
    game.open++;
    this.openPipes++;
    const partner = game.waiting[role === 'server' ? 'client' : 'server'].shift();
    if (partner === undefined) game.waiting[role].push(seat);
    return { seat, partner };
  }

  /** The connection has gone, paired or not. */
  leave({ game, role, uuid, end }: Seat<End>): void {
    const waiting = game.waiting[role];
    const index = waiting.findIndex((seat) => seat.end === end);
    if (index >= 0) waiting.splice(index, 1);
    if (role === 'client') game.connected.delete(uuid);
    else game.servers--;
    this.openPipes--;
    if (--game.open === 0) game.until = this.clock.monotonic() + this.options.lifetime;
  }

  /** Forgets games that nobody came back to; call it now and then. */
  sweep(): void {
    for (const game of this.#games.values()) if (this.#isOver(game)) this.#forget(game);
  }

  #gameFor({ role, uuid }: Pick<PipeHandshake, 'role' | 'uuid'>): Game<End> | undefined {
    const game = (role === 'server' ? this.#games : this.#byClient).get(uuid);
    if (game === undefined || this.#isOver(game)) return undefined;
    const isTaken =
      role === 'client'
        ? // A second use would starve the rightful player.
          game.connected.has(uuid)
        : // COMPAT: 1.4.0 and 1.4.1 reopen a connection before the old one has gone, hence twice the players.
          game.servers >= 2 * game.clientUuids.length;
    return isTaken ? undefined : game;
  }

  #isOver(game: Game<End>): boolean {
    return game.open === 0 && game.until <= this.clock.monotonic();
  }

  #forget(game: Game<End>): void {
    this.#games.delete(game.hostUuid);
    for (const uuid of game.clientUuids) this.#byClient.delete(uuid);
  }

  #makeRoom(hostAddress: string): boolean {
    let oldest: Game<End> | undefined;
    let oldestOfAddress: Game<End> | undefined;
    let idleOfAddress = 0;
    for (const game of this.#games.values()) {
      if (game.open > 0) continue;
      oldest ??= game;
      if (game.hostAddress !== hostAddress) continue;
      oldestOfAddress ??= game;
      idleOfAddress++;
    }
    if (oldestOfAddress !== undefined && idleOfAddress >= this.options.maxIdlePerAddress) {
      this.#forget(oldestOfAddress);
    }
    if (this.#games.size < this.options.maxGames) return true;
    if (oldest === undefined) return false;
    this.#forget(oldest);
    return true;
  }
}
