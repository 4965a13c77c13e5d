import { type Clock, GlobalLimit } from 'beaconry';
import type { LobbyUser } from './lobby-user.js';
import type { NamePolicy } from './name-policy.js';
import { OutgoingMessage } from './outgoing-message.js';
import type { VcmiRoom } from './public.js';
import type { Room } from './room.js';
import type { ServerMessage } from './server-message.js';

/** The uuids of a game that begins: one for the host's game server, one for each player. */
export interface StartedGame {
  readonly hostUuid: string;
  readonly clientUuids: readonly string[];
}

/** Who relays the games that begin here. */
export interface GameStarter {
  /** Opens a game, or undefined when there are too many. */
  open(players: number, hostAddress: string): StartedGame | undefined;
  /** Game connections that are open now. */
  readonly openPipes: number;
}

/** Told after the fact; must not call back into the lobby. */
export interface LobbyListener {
  playerJoined(user: LobbyUser): void;
  playerLeft(user: LobbyUser): void;
  roomOpened(room: VcmiRoom): void;
  roomClosed(name: string, started: boolean): void;
  gameStarted(room: string, players: readonly string[]): void;
  said(user: LobbyUser, text: string): void;
}

/** Lists are pushed at once while they cost little; beyond this many bytes a second only by `flushLists`. */
const LIST_BYTES_PER_SECOND = 4 * 1024 * 1024;

/** Who is here and which rooms there are, and everything that is told to all. */
export class Lobby {
  /** Logged-in users in order of their login. */
  readonly users = new Set<LobbyUser>();
  readonly rooms = new Map<string, Room>();
  readonly #budget: GlobalLimit;
  #roomsChanged = false;
  #usersChanged = false;

  constructor(
    readonly clock: Pick<Clock, 'monotonic'>,
    readonly names: NamePolicy,
    readonly games: GameStarter,
    readonly listener: LobbyListener,
  ) {
    this.#budget = new GlobalLimit(clock, { perSecond: LIST_BYTES_PER_SECOND });
  }

  addUser(user: LobbyUser, name: string): void {
    user.name = name;
    this.names.take(name);
    this.users.add(user);
    this.listener.playerJoined(user);
  }

  removeUser(user: LobbyUser): void {
    if (!this.users.delete(user)) return;
    this.names.release(user.name, user.address.party, this.clock.monotonic());
    this.listener.playerLeft(user);
  }

  findUser(name: string): LobbyUser | undefined {
    for (const user of this.users) if (user.name === name) return user;
    return undefined;
  }

  sendToAll(message: ServerMessage): void {
    const outgoing = new OutgoingMessage(message);
    for (const user of this.users) user.send(outgoing);
  }

  usersMessage(): ServerMessage {
    return { type: 'USERS', users: Array.from(this.users, ({ name }) => name) };
  }

  /** Rooms are listed from COUNT on. */
  roomsMessage(): ServerMessage {
    const rooms = [];
    for (const room of this.rooms.values()) if (room.isOpen) rooms.push(room.line());
    return { type: 'SESSIONS', rooms };
  }

  usersHaveChanged(): void {
    this.#usersChanged = !this.#push(this.usersMessage(), 4);
  }

  roomsHaveChanged(): void {
    this.#roomsChanged = !this.#push(this.roomsMessage(), 1);
  }

  /** Sends the lists that were held back; call it a few times a second. */
  flushLists(): void {
    if (this.#roomsChanged) this.roomsHaveChanged();
    if (this.#usersChanged) this.usersHaveChanged();
  }

  /** To all of that protocol version or later; false when the budget is spent. */
  #push(message: ServerMessage, fromVersion: number): boolean {
    const outgoing = new OutgoingMessage(message);
    const [first] = this.users;
    if (first === undefined) return true;
    const bytes = outgoing.bytes(first.encoding).length * this.users.size;
    if (!this.#budget.take(Math.min(bytes, LIST_BYTES_PER_SECOND))) return false;
    for (const user of this.users) if (user.version >= fromVersion) user.send(outgoing);
    return true;
  }

  /** The room goes: every player hears it with the own name. */
  destroyRoom(room: Room): void {
    this.rooms.delete(room.name);
    for (const player of [...room.players]) {
      player.send({ type: 'KICK', room: room.name, user: player.name });
      room.remove(player);
    }
    if (room.isOpen) this.listener.roomClosed(room.name, false);
  }

  /**
   * Starts the game of a room: HOST to the host, then START to every player, host first; the players are off
   * the user list at once and their connections are closed after flushing. False when there are too many games.
   */
  startGame(room: Room): boolean {
    const game = this.games.open(room.players.length, room.host.address.party);
    if (game === undefined) {
      room.host.sendError('Too many games are running, try again later');
      return false;
    }
    room.host.send({ type: 'HOST', uuid: game.hostUuid, connections: room.players.length - 1 });
    const players = [...room.players];
    players.forEach((player, i) => {
      player.send({ type: 'START', uuid: game.clientUuids[i] ?? '' });
    });
    this.rooms.delete(room.name);
    for (const player of players) {
      room.remove(player);
      this.removeUser(player);
      player.close();
    }
    this.listener.roomClosed(room.name, true);
    this.listener.gameStarted(
      room.name,
      players.map(({ name }) => name),
    );
    this.roomsHaveChanged();
    this.usersHaveChanged();
    return true;
  }
}
