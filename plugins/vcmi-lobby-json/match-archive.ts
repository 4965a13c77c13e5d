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
    await this.store.set(`running/${room.id}`, pastRoom(room, 'closed'), { ttl: this.retention });
  }

  /** The room has gone; resolves when a match that was played is on disk. */
  async end(room: GameRoom): Promise<void> {
    if (room.status === 'closed') await this.#close(pastRoom(room, 'closed'));
    else this.#show(pastRoom(room, 'cancelled'));
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

  async #close(past: PastRoom): Promise<void> {
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
        ...past.participants.map(({ accountID }) =>
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
    for (let after = ''; ; ) {
      const entries = await this.store.scan<PastRoom>(prefix, { after });
      const last = entries.at(-1);
      if (last === undefined) return;
      for (const [, past] of entries) yield past;
      after = last[0];
    }
  }
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
