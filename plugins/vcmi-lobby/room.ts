import type { LobbyUser } from './lobby-user.js';
import { OutgoingMessage } from './outgoing-message.js';
import type { VcmiRoom } from './public.js';
import type { ModLine, RoomLine, ServerMessage } from './server-message.js';
import { isShown } from './shown-text.js';

export const MAX_MODS = 256;
export const MAX_ROOM_NAME = 64;

/** A room: made by NEW, listed from COUNT on, gone with its host or at the start of its game. */
export class Room {
  /** In order of joining, the host first. */
  readonly players: LobbyUser[];
  /** 1 until COUNT, then 2 to 8. */
  total = 1;
  password = '';
  gameMode = 0;
  readonly #mods = new Map<string, string>();

  constructor(
    readonly name: string,
    readonly host: LobbyUser,
  ) {
    this.players = [host];
    host.room = this;
    host.ready = false;
    host.pendingRoom = undefined;
  }

  get isOpen(): boolean {
    return this.total > 1;
  }
  get isFull(): boolean {
    return this.players.length >= this.total;
  }
  get isProtected(): boolean {
    return this.password !== '';
  }
  get everybodyReady(): boolean {
    return this.players.length > 1 && this.players.every(({ ready }) => ready);
  }
  get mods(): ModLine[] {
    return Array.from(this.#mods, ([name, version]) => ({ name, version }));
  }

  add(user: LobbyUser): void {
    this.players.push(user);
    user.room = this;
    user.ready = false;
    user.pendingRoom = undefined;
  }

  remove(user: LobbyUser): void {
    const index = this.players.indexOf(user);
    if (index >= 0) this.players.splice(index, 1);
    user.room = undefined;
    user.ready = false;
  }

  resetReady(): void {
    for (const player of this.players) player.ready = false;
  }

  /** The host's list only ever grows, up to a limit. */
  addMods(mods: readonly ModLine[]): void {
    for (const { name, version } of mods) {
      if (this.#mods.has(name) || this.#mods.size < MAX_MODS) this.#mods.set(name, version);
    }
  }

  send(message: ServerMessage): void {
    const outgoing = new OutgoingMessage(message);
    for (const player of this.players) player.send(outgoing);
  }

  sendStatus(): void {
    this.send({
      type: 'STATUS',
      players: this.players.map(({ name, ready }) => ({ user: name, ready })),
    });
  }

  line(): RoomLine {
    const { name, total } = this;
    return { name, joined: this.players.length, total, protected: this.isProtected };
  }

  summary(): VcmiRoom {
    return {
      lobby: 'proxy',
      name: this.name,
      description: '',
      started: false,
      host: this.host.name,
      players: this.players.map(({ name }) => name),
      total: this.total,
      protected: this.isProtected,
      gameMode: this.gameMode,
      mods: this.mods,
    };
  }
}

/** Three characters at least, no space in front, and nothing that would break a client's list. */
export const isRoomName = (name: string): boolean =>
  name.length >= 3 &&
  [...name].length <= MAX_ROOM_NAME &&
  !name.startsWith(' ') &&
  !/[:<>]/.test(name) &&
  isShown(name);
