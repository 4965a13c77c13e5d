import type { Account } from './accounts.js';
import type { AccountLine, ModLine, RoomLine, RoomStatus } from './message-schemas.js';
import type { Outlet } from './outlet.js';

/** Seats of a room whose host named no number. */
const SEATS = 8;

/** One match server and those who play on it. */
export class GameRoom {
  description = '';
  status: RoomStatus = 'idle';
  playerLimit = SEATS;
  /** Names by account id, in order of joining. */
  readonly participants = new Map<string, string>();
  readonly invited = new Map<string, string>();
  /** Guests the match server was told of and has not opened a connection for, with the (monotonic) time when that is over. */
  readonly announced = new Map<string, number>();

  constructor(
    readonly id: string,
    readonly host: Account,
    readonly version: string,
    readonly mods: readonly ModLine[],
    /** Unix milliseconds. */
    readonly createdAt: number,
    /** To the match server. */
    readonly outlet: Outlet,
  ) {}

  /** Public, private or busy: shown to all, and its players can join no other. */
  get isActive(): boolean {
    return this.isOpen || this.status === 'busy';
  }
  get isOpen(): boolean {
    return this.status === 'public' || this.status === 'private';
  }

  line(now: number): RoomLine {
    const { id, host, description, version, status, playerLimit, mods } = this;
    return {
      gameRoomID: id,
      hostAccountID: host.accountID,
      hostAccountDisplayName: host.displayName,
      description,
      version,
      status,
      playerLimit,
      ageSeconds: ageSeconds(this.createdAt, now),
      participants: accountLines(this.participants),
      ...(this.invited.size === 0 ? {} : { invited: accountLines(this.invited) }),
      mods: [...mods],
    };
  }
}

export const ageSeconds = (at: number, now: number): number =>
  Math.max(0, Math.floor((now - at) / 1000));

const accountLines = (accounts: ReadonlyMap<string, string>): AccountLine[] =>
  Array.from(accounts, ([accountID, displayName]) => ({ accountID, displayName }));
