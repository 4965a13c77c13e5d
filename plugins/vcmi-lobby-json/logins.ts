import { cleanText } from 'beaconry/plugins/vcmi-lobby';
import type { Account } from './accounts.js';
import type { ChatCommands } from './chat-commands.js';
import { channelKey } from './chat-history.js';
import { GameRoom } from './game-room.js';
import type { JsonLobby } from './json-lobby.js';
import type { ClientMessage, ModLine } from './message-schemas.js';
import { OnlineAccount } from './online-account.js';
import type { Outlet } from './outlet.js';
import { isAccountName, isUuid, LANGUAGES } from './text-rules.js';

type Message<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>;

/** One half of a game connection that the lobby has to join with the other. */
export interface ProxyHalf {
  readonly role: 'server' | 'client';
  readonly roomID: string;
  readonly guestID: string;
  /** Called when a half of a match server waits for its guest. */
  readonly announce?: () => void;
}

/** A connection that has not said yet what it is. */
export interface Stranger {
  readonly outlet: Outlet;
  /** Host part of its address. */
  readonly address: string;
  /** It has closed meanwhile. */
  readonly isGone: boolean;
  takeAccount(): boolean;
  takeRoom(): boolean;
}

const BANNED = 'You are banned from this server';
const INVALID = 'Invalid credentials';
const MAX_LANGUAGES = 8;
const MAX_VERSION = 64;
const MAX_MODS = 1000;
const MAX_MOD_TEXT = 100;
/** Characters of all mods of a room: every list of rooms has them, and everybody gets it. */
const MAX_MODS_TEXT = 32 * 1024;
/** Rooms of one host at once; a client starts one match server after the other. */
const MAX_ROOMS_OF_HOST = 4;

/** The first messages of a connection, VCMI global lobby, section 4. What is undefined has failed and was told so. */
export class Logins {
  constructor(
    private readonly lobby: JsonLobby,
    private readonly chat: ChatCommands,
  ) {}

  async register(stranger: Stranger, { displayName }: Message<'clientRegister'>): Promise<void> {
    const { parts } = this.lobby;
    const fail = (reason: string) => stranger.outlet.send({ type: 'operationFailed', reason });
    if (!isAccountName(displayName) || parts.names.isReserved(displayName)) {
      return fail('Illegal account name');
    }
    if (!stranger.takeAccount()) {
      return fail('Too many new accounts from your address, try again later');
    }
    if (parts.isBanned({ accountID: '', displayName })) return fail(BANNED);
    const made = await parts.accounts.register(displayName, stranger.address);
    if (made === 'in use') return fail('Account name already in use');
    if (made === 'full') return fail('This server takes no new accounts');
    stranger.outlet.send({ type: 'accountCreated', ...made });
  }

  async login(
    stranger: Stranger,
    message: Message<'clientLogin'>,
  ): Promise<OnlineAccount | undefined> {
    const { accounts, archive, history } = this.lobby.parts;
    const { accountCookie } = message;
    const { online, accountList, roomList } = this.lobby;
    const found = await accounts.authenticate(message.accountID, accountCookie);
    const refusal = this.#refusal(found);
    if (refusal !== undefined || typeof found === 'string') {
      stranger.outlet.send({ type: 'operationFailed', reason: refusal ?? INVALID });
      return undefined;
    }
    // Before anything is read or written for it: a full lobby is when there is no time for that.
    if (this.#isFull(found)) return this.#tellFull(stranger);
    await accounts.recordLogin(found);
    const matchesHistory = await archive.of(found.accountID);
    const channels = languagesOf(message);
    const views = await Promise.all(
      channels.map((language) => history.open(channelKey('global', language))),
    );
    if (stranger.isGone) return undefined;
    if (this.#isFull(found)) return this.#tellFull(stranger);
    const older = online.get(found.accountID);
    if (older !== undefined) {
      this.lobby.remove(older);
      older.outlet.close();
    }
    const version = cleanText(message.version, MAX_VERSION);
    const account = new OnlineAccount(found, version, stranger.address, stranger.outlet);
    this.lobby.flushBroadcast();
    this.lobby.add(account);
    account.send({ type: 'clientLoginSuccess', accountCookie, displayName: found.displayName });
    channels.forEach((channelName, i) => {
      const lines = views[i]?.() ?? [];
      account.send(this.chat.historyMessage({ channelType: 'global', channelName }, lines));
    });
    accountList.changed(online.values());
    accountList.catchUp(account);
    roomList.sendTo(account);
    account.send({ type: 'matchesHistory', matchesHistory });
    return account;
  }

  #isFull({ accountID }: Account): boolean {
    const { online, options } = this.lobby;
    return !online.has(accountID) && online.size >= options.capacity;
  }

  #tellFull({ outlet }: Stranger): undefined {
    outlet.send({ type: 'operationFailed', reason: 'The server is full, try again later' });
  }

  #refusal(found: Account | 'unknown' | 'wrong'): string | undefined {
    if (found === 'unknown') return 'Account not found';
    if (found === 'wrong') return 'Authentication failure';
    return this.lobby.parts.isBanned(found) ? BANNED : undefined;
  }

  async serverLogin(
    stranger: Stranger,
    message: Message<'serverLogin'>,
  ): Promise<GameRoom | undefined> {
    const { parts, rooms, options } = this.lobby;
    const { gameRoomID, accountCookie } = message;
    const fail = (reason: string) => {
      stranger.outlet.send({ type: 'operationFailed', reason });
      return undefined;
    };
    const host = await this.#authenticate(message.accountID, accountCookie);
    if (host === undefined || !isUuid(gameRoomID)) return fail(INVALID);
    const past = await parts.archive.find(gameRoomID);
    if (stranger.isGone) return undefined;
    // A room of that name would be mistaken for the other.
    if (past !== undefined || rooms.has(gameRoomID)) return fail(INVALID);
    let own = 0;
    for (const room of rooms.values()) if (room.host.accountID === host.accountID) own++;
    if (own >= MAX_ROOMS_OF_HOST || rooms.size >= options.maxRooms || !stranger.takeRoom()) {
      return fail('Too many rooms, try again later');
    }
    const version = cleanText(message.version, MAX_VERSION);
    const mods = cleanMods(message.mods ?? []);
    const now = parts.clock.now();
    const room = new GameRoom(gameRoomID, host, version, mods, now, stranger.outlet);
    rooms.set(gameRoomID, room);
    room.outlet.send({ type: 'serverLoginSuccess', accountCookie });
    return room;
  }

  /** A match server opens a connection for a guest that has just joined. */
  async serverProxy(
    stranger: Stranger,
    { gameRoomID: roomID, guestAccountID: guestID, accountCookie }: Message<'serverProxyLogin'>,
  ): Promise<ProxyHalf | undefined> {
    const { rooms, online, parts } = this.lobby;
    const host = rooms.get(roomID)?.host.accountID ?? '';
    const isHost = (await this.#authenticate(host, accountCookie)) !== undefined;
    const room = rooms.get(roomID);
    const until = room?.announced.get(guestID) ?? Number.NEGATIVE_INFINITY;
    const guest = online.get(guestID);
    if (!isHost || guest === undefined || until <= parts.clock.monotonic()) {
      stranger.outlet.send({ type: 'operationFailed', reason: INVALID });
      return undefined;
    }
    room?.announced.delete(guestID);
    const announce = () =>
      guest.send({ type: 'joinRoomSuccess', gameRoomID: roomID, proxyMode: true });
    return { role: 'server', roomID, guestID, announce };
  }

  async clientProxy(
    stranger: Stranger,
    { accountID, accountCookie, gameRoomID: roomID }: Message<'clientProxyLogin'>,
  ): Promise<ProxyHalf | undefined> {
    if ((await this.#authenticate(accountID, accountCookie)) !== undefined) {
      return { role: 'client', roomID, guestID: accountID };
    }
    stranger.outlet.send({ type: 'operationFailed', reason: INVALID });
    return undefined;
  }

  async #authenticate(accountID: string, cookie: string): Promise<Account | undefined> {
    const found = await this.lobby.parts.accounts.authenticate(accountID, cookie);
    if (typeof found === 'string' || this.lobby.parts.isBanned(found)) return undefined;
    return found;
  }
}

/** Channels whose history a client gets at its login. */
function languagesOf({ language, languageRooms = [] }: Message<'clientLogin'>): string[] {
  const wanted = languageRooms.length > 0 ? languageRooms : ['english', language];
  const known = new Set(wanted.slice(0, LANGUAGES.size * 2).filter((name) => LANGUAGES.has(name)));
  return [...known].slice(0, MAX_LANGUAGES);
}

/** As many as fit. */
function cleanMods(mods: readonly ModLine[]): ModLine[] {
  const kept: ModLine[] = [];
  let size = 0;
  for (const mod of mods.slice(0, MAX_MODS)) {
    const clean = cleanMod(mod);
    size += Object.values(clean).reduce((sum, text) => sum + text.length, 0);
    if (size > MAX_MODS_TEXT) break;
    kept.push(clean);
  }
  return kept;
}

function cleanMod({ modId, name, version, parent }: ModLine): ModLine {
  const clean = (text: string) => cleanText(text, MAX_MOD_TEXT);
  return {
    modId: clean(modId),
    name: clean(name),
    version: clean(version),
    ...(parent === undefined ? {} : { parent: clean(parent) }),
  };
}
