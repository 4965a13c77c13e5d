import { createHash, timingSafeEqual } from 'node:crypto';
import type { Lobby } from './lobby.js';
import type { LobbyUser } from './lobby-user.js';
import type { Outcome } from './outcome.js';
import { isRoomName, MAX_MODS, MAX_ROOM_NAME, Room } from './room.js';
import type { ModLine } from './server-message.js';
import { cleanText } from './shown-text.js';

const NOT_HOST = 'Insuficcient permissions';
const MAX_PASSWORD = 256;
const MAX_MOD_TEXT = 100;

/** What players do with rooms, VCMI proxy lobby, sections 4 and 5. Each command says whether the rest of the frame goes on. */
export class RoomCommands {
  constructor(private readonly lobby: Lobby) {}

  create(user: LobbyUser, name: string): Outcome {
    if (user.room !== undefined) return 'go on';
    user.pendingRoom = undefined;
    const shown = cleanText(name, MAX_ROOM_NAME);
    if (this.lobby.rooms.has(name)) {
      user.sendError(
        `Cannot create session with name ${shown}, session with this name already exists`,
      );
      return 'stop';
    }
    if (!isRoomName(name)) {
      user.sendError(`Cannot create session with invalid name ${shown}`);
      return 'stop';
    }
    this.lobby.rooms.set(name, new Room(name, user));
    return 'go on';
  }

  /** The host's password for the room, or what completes a JOIN. */
  password(user: LobbyUser, password: string): Outcome {
    const { room } = user;
    if (room === undefined) return this.#completeJoin(user, password);
    if (room.host !== user) return 'go on';
    if (password.length > MAX_PASSWORD) {
      user.sendError(`A password has at most ${MAX_PASSWORD} characters`);
      return 'stop';
    }
    const wasProtected = room.isProtected;
    room.password = password;
    if (room.isOpen && room.isProtected !== wasProtected) this.lobby.roomsHaveChanged();
    return 'go on';
  }

  count(user: LobbyUser, text: string): Outcome {
    const { room } = user;
    if (room === undefined || room.host !== user) return 'go on';
    if (room.isOpen) {
      user.sendError('Changing amount of players is not possible for existing session');
      return 'stop';
    }
    const total = wholeNumber(text);
    if (total === undefined || total < 2 || total > 8) {
      // What is no number at all is a slip of the client; the room stays for another try.
      if (total !== undefined) this.lobby.destroyRoom(room);
      user.sendError('Cannot create room with invalid amount of players');
      return 'stop';
    }
    room.total = total;
    user.send({ type: 'CREATED', room: room.name });
    user.send({ type: 'JOIN', room: room.name, user: user.name });
    room.sendStatus();
    this.lobby.roomsHaveChanged();
    user.notify('You are in the room chat.');
    this.lobby.listener.roomOpened(room.summary());
    return 'go on';
  }

  /** Remembers the room; PSWD completes the join and checks everything again. */
  join(user: LobbyUser, name: string): Outcome {
    if (user.room !== undefined) return 'go on';
    user.pendingRoom = undefined;
    if (this.#refuse(user, name)) return 'stop';
    user.pendingRoom = name;
    return 'go on';
  }

  #completeJoin(user: LobbyUser, password: string): Outcome {
    const name = user.pendingRoom;
    if (name === undefined) return 'go on';
    user.pendingRoom = undefined;
    if (this.#refuse(user, name)) return 'stop';
    const room = this.lobby.rooms.get(name);
    if (room === undefined) return 'stop';
    if (room.isProtected && !sameSecret(room.password, password)) {
      user.sendError('Incorrect password');
      return 'wrong password';
    }
    room.add(user);
    room.send({ type: 'JOIN', room: name, user: user.name });
    room.sendStatus();
    this.lobby.roomsHaveChanged();
    if (user.version >= 4) user.send({ type: 'GAMEMODE', mode: room.gameMode });
    if (user.version <= 4) user.notify('You are in the room chat.');
    if (user.clientVersion !== room.host.clientVersion) {
      user.notify(
        `Your VCMI version ${user.clientVersion} differs from host version ` +
          `${room.host.clientVersion}, which may cause problems`,
      );
    }
    return 'go on';
  }

  #refuse(user: LobbyUser, name: string): boolean {
    const room = this.lobby.rooms.get(name);
    if (room !== undefined && !room.isFull) return false;
    const shown = cleanText(name, MAX_ROOM_NAME);
    user.sendError(
      room === undefined ? `Room with name ${shown} doesn't exist` : `Room ${shown} is full`,
    );
    return true;
  }

  mods(user: LobbyUser, text: string): Outcome {
    const { room } = user;
    if (room === undefined) return 'go on';
    const mods = parseMods(text);
    if (room.host === user) room.addMods(mods);
    if (user.version >= 2) user.send({ type: 'MODS', mods: room.mods });
    if (room.host.version >= 3) room.host.send({ type: 'MODSOTHER', user: user.name, mods });
    return 'go on';
  }

  ready(user: LobbyUser, name: string): Outcome {
    const { room } = user;
    if (room === undefined || room.name !== name) return 'go on';
    user.ready = !user.ready;
    room.sendStatus();
    // COMPAT: launchers of version 1 and 2 know no FORCESTART; their host's READY is the order to start.
    const orderedByHost = room.host === user && user.version < 3;
    if (room.isOpen && (orderedByHost || room.everybodyReady)) this.lobby.startGame(room);
    return 'go on';
  }

  leave(user: LobbyUser, name: string): Outcome {
    const { room } = user;
    if (room === undefined || room.name !== name) return 'go on';
    this.depart(user);
    return 'go on';
  }

  /** Takes a user out of the room, by LEAVE or because the connection has gone. */
  depart(user: LobbyUser): void {
    const { room } = user;
    if (room === undefined) return;
    if (room.host === user) {
      this.lobby.destroyRoom(room);
    } else {
      room.send({ type: 'KICK', room: room.name, user: user.name });
      room.remove(user);
      room.resetReady();
      room.sendStatus();
    }
    this.lobby.roomsHaveChanged();
  }

  kick(user: LobbyUser, name: string): Outcome {
    const { room } = user;
    if (room === undefined) return 'go on';
    if (room.host !== user) return this.#notHost(user);
    const target = room.players.find((player) => player.name === name);
    if (target === undefined || target === user) return 'go on';
    room.send({ type: 'KICK', room: room.name, user: target.name });
    room.remove(target);
    room.sendStatus();
    if (!room.everybodyReady || !this.lobby.startGame(room)) this.lobby.roomsHaveChanged();
    return 'go on';
  }

  forceStart(user: LobbyUser, name: string): Outcome {
    const { room } = user;
    if (room === undefined || room.name !== name) return 'go on';
    if (room.host !== user) return this.#notHost(user);
    if (room.isOpen) this.lobby.startGame(room);
    return 'go on';
  }

  hostMode(user: LobbyUser, text: string): Outcome {
    const { room } = user;
    if (room === undefined) return 'go on';
    if (room.host !== user) return this.#notHost(user);
    const mode = wholeNumber(text);
    if (mode !== 0 && mode !== 1) {
      user.sendError('The game mode is 0 for a new game or 1 for a saved one');
      return 'stop';
    }
    room.gameMode = mode;
    for (const player of room.players) {
      if (player.version >= 4) player.send({ type: 'GAMEMODE', mode });
    }
    return 'go on';
  }

  #notHost(user: LobbyUser): Outcome {
    user.sendError(NOT_HOST);
    return 'stop';
  }
}

/** Surrounding spaces are accepted, as the original does. */
const wholeNumber = (text: string): number | undefined =>
  /^\s*[+-]?\d{1,9}\s*$/.test(text) ? Number(text) : undefined;

/** `name&version;name&version`; empty entries are skipped, a missing version is empty. */
function parseMods(text: string): ModLine[] {
  const mods: ModLine[] = [];
  for (const entry of text.split(';')) {
    const [name = '', ...version] = entry.split('&').map((part) => cleanMod(part));
    if (name !== '') mods.push({ name, version: version.join('&') });
    if (mods.length === MAX_MODS) break;
  }
  return mods;
}
const cleanMod = (text: string): string => cleanText(text.replaceAll(':', ''), MAX_MOD_TEXT);

/** Compares without telling by its time how much was right. */
const sameSecret = (one: string, other: string): boolean => timingSafeEqual(hash(one), hash(other));
const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
