import type { Clock, Store } from 'beaconry';
import { ageSeconds, type GameRoom } from './game-room.js';
import type { ModLine, RoomLine } from './message-schemas.js';

/** A room that is over, as it is kept. */
export interface PastRoom {
  readonly [key: string]:
    | string
    | number
    | readonly ModLine[]
    | readonly { readonly accountID: string; readonly displayName: string }[];
  readonly id: string;
  readonly hostAccountID: string;
  readonly hostDisplayName: string;
  readonly description: string;
  readonly version: string;
  readonly status: 'closed' | 'cancelled';
  readonly playerLimit: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly participants: readonly { readonly accountID: string; readonly displayName: string }[];
  readonly mods: readonly ModLine[];
}

/** Matches of an account that it is shown. */
const MAX_SHOWN = 50;
/** Rooms the HTTP interface can show. */
const MAX_RECENT = 250;
const MAX_MATCHES = 100_000;
const MAX_MODS = 50;

/** Matches that were played: who with whom, for as long as `retention.history` says. */
export class MatchArchive {
  /** Newest last. */
  #recent: PastRoom[] = [];
  /** When each kept match was begun, in no order. */
  #times: number[] = [];
  /** Rooms that they are in may still be open. */
  readonly #forgotten = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now'>,
    /** Milliseconds. */
    private readonly retention: number,
  ) {}

  /** Matches that ran when the node ended are over. */
  async load(): Promise<void> {
    for await (const past of this.#scan('closed/')) this.#remember(past);
    for await (const past of this.#scan('running/')) await this.#close(past);
    this.#recent.sort((one, other) => one.createdAt - other.createdAt);
  }

  /** The game has begun: from now on a sudden end of the node leaves it as closed. */
  async begin(room: GameRoom): Promise<void> {
    const running = this.#withoutForgotten(pastRoom(room, 'closed'));
    await this.store.set(`running/${room.id}`, running, { ttl: this.retention });
  }

  /** The room has gone; resolves when a match that was played is on disk. */
  async end(room: GameRoom): Promise<void> {
    if (room.status === 'closed') await this.#close(pastRoom(room, 'closed'));
    else this.#show(this.#withoutForgotten(pastRoom(room, 'cancelled')));
  }

  /** A match that is over. */
  async find(roomID: string): Promise<PastRoom | undefined> {
    return this.store.get<PastRoom>(`closed/${roomID}`);
  }

  /** Matches of an account, the newest first, without mods; the version is always empty, as in the original. */
  async of(accountID: string): Promise<RoomLine[]> {
    const now = this.clock.now();
    const prefix = `match/${accountID}/`;
    const entries = await this.store.scan<PastRoom>(prefix, { limit: MAX_SHOWN });
    return entries.map(([, past]) => ({
      gameRoomID: past.id,
      hostAccountID: past.hostAccountID,
      hostAccountDisplayName: past.hostDisplayName,
      description: past.description,
      version: '',
      status: past.status,
      playerLimit: past.playerLimit,
      ageSeconds: ageSeconds(past.createdAt, now),
      participants: [...past.participants],
    }));
  }

  /** The newest first. */
  recent(): readonly PastRoom[] {
    return this.#recent.toReversed();
  }

  /** Matches begun in the last so many milliseconds. */
  countSince(ms: number): number {
    const since = this.clock.now() - ms;
    let count = 0;
    for (const time of this.#times) if (time > since) count++;
    return count;
  }

  /** Takes the name of an account from the matches it was in, which stay for the others; tells from how many. */
  async erase(accountID: string): Promise<number> {
    this.forget(accountID);
    for (let own = 1000; own === 1000; ) {
      const entries = await this.store.scan<PastRoom>(`match/${accountID}/`);
      for (const [key] of entries) await this.store.delete(key);
      own = entries.length;
    }
    let count = 0;
    for (const prefix of ['closed/', 'running/', 'match/']) {
      for await (const [key, past] of this.#entries(prefix)) {
        if (!involves(past, accountID)) continue;
        if (prefix !== 'match/') count++;
        const left = past.createdAt + this.retention - this.clock.now();
        await this.store.set(key, withoutName(past, accountID), { ttl: Math.max(1, left) });
      }
    }
    return count;
  }

  /** This node, or another one, erases the name of an account. */
  forget(accountID: string): void {
    this.#forgotten.add(accountID);
    this.#recent = this.#recent.map((past) => withoutName(past, accountID));
  }

  #withoutForgotten(past: PastRoom): PastRoom {
    let without = past;
    for (const accountID of this.#forgotten) without = withoutName(without, accountID);
    return without;
  }

  async #close(match: PastRoom): Promise<void> {
    const past = this.#withoutForgotten(match);
    if (this.#times.length >= MAX_MATCHES) {
      const since = this.clock.now() - this.retention;
      this.#times = this.#times.filter((time) => time > since);
    }
    if (this.#times.length < MAX_MATCHES) {
      this.#remember(past);
      const keep = { ttl: this.retention };
      const short = { ...past, mods: [] };
      const newestFirst = String(9_999_999_999_999 - past.createdAt).padStart(13, '0');
      await Promise.all([
        this.store.set(`closed/${past.id}`, past, keep),
        ...past.participants.map(
          async ({ accountID }) =>
            accountID === nobody ||
            this.store.set(`match/${accountID}/${newestFirst}-${past.id}`, short, keep),
        ),
      ]);
    }
    await this.store.delete(`running/${past.id}`);
  }

  #remember(past: PastRoom): void {
    this.#times.push(past.createdAt);
    this.#show(past);
  }

  #show(past: PastRoom): void {
    this.#recent.push(past);
    if (this.#recent.length <= MAX_RECENT) return;
    this.#recent.sort((one, other) => one.createdAt - other.createdAt);
    this.#recent.shift();
  }

  async *#scan(prefix: string): AsyncGenerator<PastRoom> {
    for await (const [, past] of this.#entries(prefix)) yield past;
  }

  async *#entries(prefix: string): AsyncGenerator<readonly [string, PastRoom]> {
    for (let after = ''; ; ) {
      const entries = await this.store.scan<PastRoom>(prefix, { after });
      const last = entries.at(-1);
      if (last === undefined) return;
      yield* entries;
      after = last[0];
    }
  }
}

/** Stands for somebody who was forgotten. */
const nobody = '';
const nobodysName = 'forgotten';

const involves = (past: PastRoom, accountID: string): boolean =>
  past.hostAccountID === accountID ||
  past.participants.some((participant) => participant.accountID === accountID);

function withoutName(past: PastRoom, accountID: string): PastRoom {
  if (!involves(past, accountID)) return past;
  const isHost = past.hostAccountID === accountID;
  return {
    ...past,
    // The host wrote the description.
    ...(isHost ? { hostAccountID: nobody, hostDisplayName: nobodysName, description: '' } : {}),
    participants: past.participants.map((participant) =>
      participant.accountID === accountID
        ? { accountID: nobody, displayName: nobodysName }
        : participant,
    ),
  };
}

function pastRoom(room: GameRoom, status: 'closed' | 'cancelled'): PastRoom {
  return {
    id: room.id,
    hostAccountID: room.host.accountID,
    hostDisplayName: room.host.displayName,
    description: room.description,
    version: room.version,
    status,
    playerLimit: room.playerLimit,
    createdAt: room.createdAt,
    participants: Array.from(room.participants, ([accountID, displayName]) => ({
      accountID,
      displayName,
    })),
    mods: room.mods.slice(0, MAX_MODS),
  };
}
