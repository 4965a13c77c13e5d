import { type Clock, GlobalLimit, type Logger, messageOf } from 'beaconry';
import type { NamePolicy } from 'beaconry/plugins/vcmi-lobby';
import type { Account, Accounts } from './accounts.js';
import type { ChatHistory } from './chat-history.js';
import type { GameRoom } from './game-room.js';
import { encodeMessage } from './lobby-json-codec.js';
import type { MatchArchive } from './match-archive.js';
import type { ServerMessage } from './message-schemas.js';
import type { OnlineAccount } from './online-account.js';
import { SharedList } from './shared-list.js';

/** Told after the fact; must not call back into the lobby. */
export interface JsonLobbyListener {
  playerJoined(account: OnlineAccount): void;
  playerLeft(account: OnlineAccount): void;
  roomOpened(room: GameRoom): void;
  /** Nobody can join any more; `started` when its game has begun. */
  roomClosed(room: GameRoom, started: boolean): void;
  gameStarted(room: GameRoom): void;
  /** In a global channel. */
  said(account: OnlineAccount, text: string): void;
}

export interface JsonLobbyParts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly names: NamePolicy;
  readonly accounts: Accounts;
  readonly history: ChatHistory;
  readonly archive: MatchArchive;
  readonly listener: JsonLobbyListener;
  isBanned(account: Account): boolean;
  /** A room has gone: connections that wait for its guests are of no use. */
  forgetProxies(roomID: string): void;
}

export interface JsonLobbyOptions {
  /** Accounts online at once. */
  readonly capacity: number;
  /** Rooms at once. */
  readonly maxRooms: number;
}

/** Chat for all goes out at most this often, */
export const BROADCAST_INTERVAL_MS = 40;
/** and seldom enough that all together get at most so many writes a second: each costs the same however little it says. */
const BROADCAST_WRITES_PER_SECOND = 10_000;
/** What may wait for the next time; beyond it all of it goes out. */
const BROADCAST_BYTES = 64 * 1024;
/** Lists for all together cost at most so many bytes a second. */
const LIST_BYTES_PER_SECOND = 4 * 1024 * 1024;

/** Who is here and which rooms there are, and everything that is told to all. */
export class JsonLobby {
  readonly online = new Map<string, OnlineAccount>();
  readonly rooms = new Map<string, GameRoom>();
  /** By account id: the active room it is in, also while it is away. */
  readonly #roomOf = new Map<string, GameRoom>();
  readonly #budget: GlobalLimit;
  #broadcast: Buffer[] = [];
  #broadcastBytes = 0;
  #broadcastAt = Number.NEGATIVE_INFINITY;
  readonly accountList: SharedList;
  readonly roomList: SharedList;

  constructor(
    readonly parts: JsonLobbyParts,
    readonly options: JsonLobbyOptions,
  ) {
    const { clock } = parts;
    this.#budget = new GlobalLimit(clock, { perSecond: LIST_BYTES_PER_SECOND });
    const list = (build: () => ServerMessage) =>
      new SharedList(clock, this.#budget, LIST_BYTES_PER_SECOND, build);
    this.accountList = list(() => ({
      type: 'activeAccounts',
      accounts: Array.from(this.online.values(), ({ accountID, displayName }) => ({
        accountID,
        displayName,
        status: 'In Lobby',
      })),
    }));
    this.roomList = list(() => ({
      type: 'activeGameRooms',
      gameRooms: [...this.rooms.values()]
        .filter((room) => room.isActive)
        .map((room) => room.line(clock.now())),
    }));
  }

  /** The account is here; the caller tells it what it needs to know. */
  add(account: OnlineAccount): void {
    this.online.set(account.accountID, account);
    this.parts.names.take(account.displayName);
    this.parts.listener.playerJoined(account);
  }

  /** The account goes, unless a newer connection has taken its place. Its room keeps it. */
  remove(account: OnlineAccount): void {
    if (this.online.get(account.accountID) !== account) return;
    this.online.delete(account.accountID);
    this.accountList.forget(account);
    this.roomList.forget(account);
    const { names, clock, listener } = this.parts;
    names.release(account.displayName, account.address, clock.monotonic());
    listener.playerLeft(account);
    this.accountList.changed(this.online.values());
  }

  roomOf(accountID: string): GameRoom | undefined {
    return this.#roomOf.get(accountID);
  }

  enter(room: GameRoom, { accountID, displayName }: Account): void {
    room.participants.set(accountID, displayName);
    this.#roomOf.set(accountID, room);
  }

  leave(room: GameRoom, accountID: string): boolean {
    room.announced.delete(accountID);
    if (!room.participants.delete(accountID)) return false;
    this.#roomOf.delete(accountID);
    return true;
  }

  /** To everybody; `first` has the news before it hears anything else. */
  roomsHaveChanged(first?: OnlineAccount): void {
    this.roomList.changed(this.online.values());
    if (first !== undefined) this.roomList.catchUp(first);
  }

  roomHasChanged(room: GameRoom): void {
    if (!room.isActive) return;
    const { clock } = this.parts;
    const bytes = encodeMessage({ type: 'updateGameRoom', room: room.line(clock.now()) });
    const all = [...this.online.values()];
    const cheap = this.#budget.take(Math.min(bytes.length * all.length, LIST_BYTES_PER_SECOND));
    const updated = all.filter(
      ({ knowsRoomUpdates, outlet }) => cheap && knowsRoomUpdates && !outlet.isCongested,
    );
    for (const account of updated) account.send(bytes);
    const others = new Set(all);
    for (const account of updated) others.delete(account);
    this.roomList.changed(others);
  }

  /** The match server has gone, and with it the room. */
  closeRoom(room: GameRoom): void {
    if (this.rooms.get(room.id) !== room) return;
    const { isActive, isOpen } = room;
    const { archive, listener, log } = this.parts;
    this.rooms.delete(room.id);
    this.parts.forgetProxies(room.id);
    for (const accountID of room.participants.keys()) this.#roomOf.delete(accountID);
    room.status = room.status === 'busy' ? 'closed' : 'cancelled';
    if (isOpen) listener.roomClosed(room, false);
    if (isActive) this.roomsHaveChanged();
    archive
      .end(room)
      .then(() => (room.status === 'closed' ? this.#tellMatches(room) : undefined))
      .catch((error) =>
        log.warn({ room: room.id, err: error }, `match not kept: ${messageOf(error)}`),
      );
  }

  async #tellMatches(room: GameRoom): Promise<void> {
    for (const accountID of room.participants.keys()) {
      if (!this.online.has(accountID)) continue;
      const matchesHistory = await this.parts.archive.of(accountID);
      this.online.get(accountID)?.send({ type: 'matchesHistory', matchesHistory });
    }
  }

  /** At once, or together with what else is said within {@link BROADCAST_INTERVAL_MS}: a write for each line and account is dear. */
  sendToAll(message: ServerMessage): void {
    const bytes = encodeMessage(message);
    this.#broadcast.push(bytes);
    this.#broadcastBytes += bytes.length;
    if (this.#broadcastBytes > BROADCAST_BYTES) this.flushBroadcast();
    else this.flushDueBroadcast();
  }

  /** Call it every {@link BROADCAST_INTERVAL_MS}. */
  flushDueBroadcast(): void {
    const least = (this.online.size * 1000) / BROADCAST_WRITES_PER_SECOND;
    const elapsed = this.parts.clock.monotonic() - this.#broadcastAt;
    if (elapsed >= Math.max(BROADCAST_INTERVAL_MS, least)) this.flushBroadcast();
  }

  /** Call it before anybody is sent what has been said. */
  flushBroadcast(): void {
    if (this.#broadcast.length === 0) return;
    const bytes =
      this.#broadcast.length === 1 ? this.#broadcast[0] : Buffer.concat(this.#broadcast);
    this.#broadcast = [];
    this.#broadcastBytes = 0;
    this.#broadcastAt = this.parts.clock.monotonic();
    for (const account of this.online.values()) account.send(bytes as Buffer);
  }

  /** Lists that were held back. */
  flushLists(): void {
    this.accountList.flush();
    this.roomList.flush();
  }

  /** Lets nobody stay who is banned by now, nor rooms of such hosts. */
  dropBanned(): void {
    this.drop((account) => this.parts.isBanned(account), 'You are banned from this server');
  }

  /** Cuts off accounts and the match servers of their rooms. */
  drop(isIt: (account: Account) => boolean, reason: string): void {
    for (const account of [...this.online.values()]) {
      if (!isIt(account)) continue;
      account.fail(reason);
      account.outlet.close();
    }
    for (const { host, outlet } of [...this.rooms.values()]) {
      if (!isIt(host)) continue;
      outlet.send({ type: 'operationFailed', reason });
      outlet.close();
    }
  }
}
