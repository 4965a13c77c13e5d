import type { Clock, Store } from 'beaconry';
import type { ChannelType } from './message-schemas.js';

export interface ChatLine {
  readonly accountID: string;
  readonly displayName: string;
  readonly messageText: string;
  /** Unix milliseconds. */
  readonly at: number;
}

interface StoredLine extends ChatLine {
  readonly [key: string]: string | number;
  /** Counts the lines of the channel. */
  readonly number: number;
}

interface Channel {
  /** Oldest first. */
  readonly lines: ChatLine[];
  next: number;
}

/** Lines kept of each channel; a new one takes the place of the oldest, also on disk. */
const MAX_LINES = 100;
/** Channels in memory; others are read again when somebody asks. */
const MAX_CACHED = 64;
/** How old a line of a global channel may be to be shown, VCMI global lobby, section 4. */
const GLOBAL_AGE_MS = 18 * 3_600_000;

export const channelKey = (type: ChannelType, name: string): string => `${type}/${name}`;

/** The newest lines of every channel, as long as `retention.chat` lets them live. */
export class ChatHistory {
  /** The one asked for last is the last. */
  readonly #channels = new Map<string, Promise<Channel>>();
  /** Lines of theirs may still be on their way. */
  readonly #forgotten = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now'>,
    /** Milliseconds. */
    private readonly retention: number,
  ) {}

  /** Resolves when the line is on disk. */
  async append(key: string, line: ChatLine): Promise<void> {
    const channel = await this.#channel(key);
    if (this.#forgotten.has(line.accountID)) return;
    const number = channel.next++;
    await this.store.set(slotKey(key, number), { ...line, number }, { ttl: this.retention });
    channel.lines.push(line);
    if (channel.lines.length > MAX_LINES) channel.lines.shift();
  }

  /** A view of the lines of a channel, which stays true for a while: oldest first, at each call those of now. */
  async open(key: string): Promise<() => readonly ChatLine[]> {
    const { lines } = await this.#channel(key);
    const { retention } = this;
    const age = key.startsWith('global/') ? Math.min(retention, GLOBAL_AGE_MS) : retention;
    return () => {
      const since = this.clock.now() - age;
      return lines.filter(({ at }) => at > since);
    };
  }

  /** Deletes what the account said, and its conversations with what others said there; tells how many lines. */
  async erase(accountID: string): Promise<number> {
    this.forget(accountID);
    let count = 0;
    for (let after = ''; ; ) {
      const entries = await this.store.scan<StoredLine>('line/', { after });
      for (const [key, line] of entries) {
        const isTheirs = line.accountID === accountID || isConversationOf(key, accountID);
        if (isTheirs && (await this.store.delete(key))) count++;
      }
      const last = entries.at(-1);
      if (last === undefined) return count;
      after = last[0];
    }
  }

  /** What is in memory is read again: this node, or another one, erases what an account said. */
  forget(accountID: string): void {
    this.#forgotten.add(accountID);
    this.#channels.clear();
  }

  #channel(key: string): Promise<Channel> {
    const found = this.#channels.get(key) ?? this.#load(key);
    this.#channels.delete(key);
    this.#channels.set(key, found);
    const [oldest] = this.#channels.keys();
    if (this.#channels.size > MAX_CACHED && oldest !== undefined) this.#channels.delete(oldest);
    return found;
  }

  async #load(key: string): Promise<Channel> {
    try {
      const entries = await this.store.scan<StoredLine>(`line/${key}/`, { limit: MAX_LINES });
      const lines = entries.map(([, line]) => line).sort((a, b) => a.number - b.number);
      return { lines, next: (lines.at(-1)?.number ?? -1) + 1 };
    } catch (error) {
      this.#channels.delete(key);
      throw error;
    }
  }
}

const isConversationOf = (key: string, accountID: string): boolean =>
  key.startsWith('line/player/') && key.includes(accountID);

const slotKey = (key: string, number: number): string =>
  `line/${key}/${String(number % MAX_LINES).padStart(2, '0')}`;
