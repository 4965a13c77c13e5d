import { ChatCommands } from './chat-commands.js';
import type { Lobby } from './lobby.js';
import type { Greeting, LobbyCommand } from './lobby-codec.js';
import type { LobbyStatistics } from './lobby-statistics.js';
import { LobbyUser, type Outlet, type UserAddress } from './lobby-user.js';
import { isWellFormedName, type NameRefusal } from './name-policy.js';
import type { Outcome } from './outcome.js';
import { RoomCommands } from './room-commands.js';
import { cleanText } from './shown-text.js';
import { findTextEncoding } from './text-encoding.js';

const BANNED = 'You are banned from this server';
const MAX_NAME = 24;
const MAX_CLIENT_VERSION = 100;

export interface LobbyEngineOptions {
  /** Users logged in at once. */
  readonly capacity: number;
  /** Who may ask for numbers with ROOT. */
  readonly root: 'off' | 'loopback' | 'all';
}

/** The lobby's behaviour without I/O: greetings, commands and departures in, messages to outlets out. */
export class LobbyEngine {
  readonly #rooms: RoomCommands;
  readonly #chat: ChatCommands;

  constructor(
    private readonly lobby: Lobby,
    private readonly statistics: LobbyStatistics,
    private readonly options: LobbyEngineOptions,
    private readonly isBanned: (name: string) => boolean = () => false,
  ) {
    this.#rooms = new RoomCommands(lobby);
    this.#chat = new ChatCommands(lobby);
  }

  /** Looks at the head of the first frame; a text in place of a user is the error to send before closing. */
  greet(greeting: Greeting, address: UserAddress, outlet: Outlet): LobbyUser | string {
    if (greeting.version < 1 || greeting.version > 5) {
      return 'Cannot connect to remote server due to protocol incompatibility';
    }
    const encoding = findTextEncoding(greeting.encoding);
    if (encoding === undefined) {
      return `Unknown text encoding ${cleanText(greeting.encoding, 32)}, use utf8`;
    }
    return new LobbyUser(greeting.version, encoding, address, outlet);
  }

  /** Handles one command; anything but `go on` ends the frame it was in. */
  handle(user: LobbyUser, { tag, value }: LobbyCommand): Outcome {
    if (tag !== 'GREETINGS' && !this.lobby.users.has(user)) return 'go on';
    switch (tag) {
      case 'GREETINGS':
        return this.#login(user, value);
      case 'VER':
        user.clientVersion = cleanText(value, MAX_CLIENT_VERSION);
        return 'go on';
      case 'MSG':
        return this.#chat.say(user, value);
      case 'HERE':
        return this.#chat.here(user);
      case 'CHANNEL':
        return this.#chat.channel(user, value);
      case 'NEW':
        return this.#create(user, value);
      case 'PSWD':
        return this.#rooms.password(user, value);
      case 'COUNT':
        return this.#rooms.count(user, value);
      case 'JOIN':
        return this.#rooms.join(user, value);
      case 'MODS':
        return this.#rooms.mods(user, value);
      case 'READY':
        return this.#rooms.ready(user, value);
      case 'LEAVE':
        return this.#rooms.leave(user, value);
      case 'KICK':
        return this.#rooms.kick(user, value);
      case 'FORCESTART':
        return this.#rooms.forceStart(user, value);
      case 'HOSTMODE':
        return this.#rooms.hostMode(user, value);
      case 'ROOT':
        return this.#root(user, value);
      case 'ALIVE':
        return 'go on';
    }
  }

  /** The connection has gone. */
  disconnect(user: LobbyUser): void {
    if (!this.lobby.users.has(user)) return;
    this.lobby.removeUser(user);
    this.#rooms.depart(user);
    this.lobby.usersHaveChanged();
  }

  /** Lets nobody stay who is banned by now. */
  dropBanned(): void {
    for (const user of [...this.lobby.users]) {
      if (!this.isBanned(user.name)) continue;
      user.sendError(BANNED);
      user.close();
    }
  }

  /** Anything that came from the user proves that he lives. */
  heard(user: LobbyUser): void {
    user.silentPeriods = 0;
  }

  /** One period of the health check is over: asks who was silent, closes who did not answer the last question. */
  checkHealth(): void {
    for (const user of [...this.lobby.users]) {
      // COMPAT: clients before version 4 do not know HEALTH.
      if (user.version < 4) continue;
      user.silentPeriods++;
      if (user.silentPeriods === 1) user.send({ type: 'HEALTH' });
      else user.close();
    }
  }

  #login(user: LobbyUser, name: string): Outcome {
    if (user.isLoggedIn) {
      user.sendError('User already authorized');
      return 'stop';
    }
    const { lobby } = this;
    if (this.isBanned(name)) {
      user.sendError(BANNED);
      return 'close';
    }
    const refusal = this.#refusal(user, name);
    if (refusal !== undefined) {
      user.sendError(refusal);
      return 'stop';
    }
    if (lobby.users.size >= this.options.capacity) {
      user.sendError('The server is full, try again later');
      return 'close';
    }
    for (const other of lobby.users) if (other.version < 4) other.notify(`${name} is here`);
    lobby.addUser(user, name);
    this.statistics.loggedIn(name);
    lobby.usersHaveChanged();
    user.send(lobby.roomsMessage());
    if (user.version >= 4) user.send(lobby.usersMessage());
    const hint = user.version < 4 ? '\n Send <HERE> to see people names in the chat' : '';
    const others = lobby.users.size - 1;
    user.notify(
      `Here available ${others} users, currently playing ${lobby.games.openPipes}${hint}`,
    );
    return 'go on';
  }

  #refusal(user: LobbyUser, name: string): string | undefined {
    const shown = cleanText(name, MAX_NAME);
    if ([...name].length < 3) return `Too short username ${shown}`;
    const { names, clock } = this.lobby;
    if (names.isReserved(name)) return `Username ${shown} is reserved by system`;
    if (!isWellFormedName(name, MAX_NAME)) return 'Invalid username';
    const refusal = names.refusal(name, user.address.party, clock.monotonic());
    return refusal === undefined ? undefined : refusalText(refusal, shown);
  }

  #create(user: LobbyUser, name: string): Outcome {
    const before = this.lobby.rooms.size;
    const outcome = this.#rooms.create(user, name);
    if (this.lobby.rooms.size > before) this.statistics.rooms++;
    return outcome;
  }

  #root(user: LobbyUser, field: string): Outcome {
    const { root } = this.options;
    if (root === 'off' || (root === 'loopback' && !user.address.isLoopback)) return 'go on';
    const number = this.statistics.read(field);
    if (number !== undefined) user.notify(String(number));
    return 'go on';
  }
}

function refusalText(refusal: NameRefusal, name: string): string {
  switch (refusal) {
    case 'reserved':
      return `Username ${name} is reserved by system`;
    case 'taken':
      return `Can't connect with the name ${name}. This login is already occpupied`;
    case 'held':
      return `Can't connect with the name ${name}. It was in use a moment ago, try again later`;
    case 'owned':
      return `Can't connect with the name ${name}. It belongs to a registered account`;
    case 'look-alike':
      return `Can't connect with the name ${name}. It looks like the name of another user`;
  }
}
