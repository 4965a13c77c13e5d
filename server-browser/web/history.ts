import type { Clock, Store } from 'beaconry';
import {
  COARSE,
  DAY,
  type DayRecord,
  dayRecord,
  emptySteps,
  FINE,
  type Means,
  merged,
  reduced,
  StepSums,
  writeStep,
} from './history-steps.js';
import type { ServerHistory } from './listed-server.js';

/** What can be asked for: seconds of the range and of the steps of the answer. */
export const HISTORY_RANGES = {
  '24h': { span: DAY, step: FINE },
  '7d': { span: 7 * DAY, step: COARSE },
  '30d': { span: 30 * DAY, step: 4 * COARSE },
  '90d': { span: 90 * DAY, step: 12 * COARSE },
} as const;
export type HistoryRange = keyof typeof HISTORY_RANGES;

export interface HistoryOptions {
  /** Milliseconds until a day is forgotten. */
  readonly retention: number;
  /** Milliseconds until a day is reduced to steps of an hour. */
  readonly fine: number;
}

/** The running day of one server. */
interface Track {
  day: number;
  readonly steps: Uint8Array;
  /** The step that is being measured, and its sums. */
  current: number;
  samples: number;
  players: number;
  pings: number;
  ping: number;
  maxPlayers: number;
  dirty: boolean;
  flushAt: number;
}

/** Milliseconds a measured number may wait in memory. */
const flushInterval = 300_000;
/** Records written in one turn of `flush`. */
const flushBatch = 100;
/** Answers that are kept, and for how long: readers of one server share them. */
const keptAnswers = 256;
const answerLifetime = 30_000;

/**
 * Players and ping of servers over time: a record per server and day with a mean for every five minutes,
 * after some days one for every hour. The running day is in memory and is written every five minutes.
 */
export class History {
  readonly #tracks = new Map<string, Track>();
  readonly #answers = new Map<
    string,
    { readonly until: number; readonly answer: Promise<ServerHistory> }
  >();

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly options: HistoryOptions,
  ) {}

  record(address: string, players: number, maxPlayers: number, ping: number | undefined): void {
    const now = Math.floor(this.clock.now() / 1000);
    const day = Math.floor(now / DAY);
    let track = this.#tracks.get(address);
    if (track === undefined) {
      track = newTrack(day, this.clock.monotonic() + flushInterval);
      this.#tracks.set(address, track);
    }
    const step = Math.floor((now % DAY) / FINE);
    if (track.day !== day || track.current !== step) {
      if (track.samples > 0) writeStep(track.steps, track.current, meanOf(track));
      if (track.day !== day) this.#turnDay(address, track, day);
      Object.assign(track, {
        current: step,
        samples: 0,
        players: 0,
        maxPlayers: 0,
        pings: 0,
        ping: 0,
      });
    }
    track.samples++;
    track.players += players;
    track.maxPlayers = Math.max(track.maxPlayers, maxPlayers);
    if (ping !== undefined) {
      track.pings++;
      track.ping += ping;
    }
    track.dirty = true;
  }

  /** The server left the list; what was measured stays in the store. */
  async forget(address: string): Promise<void> {
    const track = this.#tracks.get(address);
    this.#tracks.delete(address);
    if (track?.dirty === true) await this.#write(address, track);
  }

  /** Removes everything of the servers of a host, in memory and in the store; says how many days it was. */
  async erase(host: string): Promise<number> {
    const prefix = `${host.includes(':') ? `[${host}]` : host}:`;
    for (const address of this.#tracks.keys()) {
      if (address.startsWith(prefix)) this.#tracks.delete(address);
    }
    this.#answers.clear();
    for (let days = 0; ; ) {
      const page = await this.store.scan(prefix, { limit: 1000 });
      for (const [key] of page) await this.store.delete(key);
      days += page.length;
      if (page.length < 1000) return days;
    }
  }

  /** Writes what has waited long enough; with `all`, everything. */
  async flush(all = false): Promise<void> {
    const now = this.clock.monotonic();
    const writes: Promise<void>[] = [];
    for (const [address, track] of this.#tracks) {
      if (!track.dirty || (!all && (track.flushAt > now || writes.length >= flushBatch))) continue;
      track.flushAt = now + flushInterval;
      writes.push(this.#write(address, track));
    }
    await Promise.all(writes);
  }

  /** The last steps up to now; equal questions within half a minute share an answer. */
  read(address: string, range: HistoryRange): Promise<ServerHistory> {
    const now = this.clock.monotonic();
    const key = `${range} ${address}`;
    const known = this.#answers.get(key);
    if (known !== undefined && known.until > now) return known.answer;
    for (const [oldest, { until }] of this.#answers) {
      if (until <= now || this.#answers.size >= keptAnswers) this.#answers.delete(oldest);
    }
    const answer = this.#read(address, range);
    answer.catch(() => this.#answers.delete(key));
    this.#answers.set(key, { until: now + answerLifetime, answer });
    return answer;
  }

  async #read(address: string, range: HistoryRange): Promise<ServerHistory> {
    const { span, step } = HISTORY_RANGES[range];
    const now = Math.floor(this.clock.now() / 1000);
    const end = Math.floor(now / step) + 1;
    const count = span / step;
    const start = (end - count) * step;
    const sums = new StepSums(start, step, count);
    const track = this.#tracks.get(address);
    const firstDay = Math.floor(start / DAY);
    const records = await this.store.scan<DayRecord>(`${address}/`, {
      after: keyOf(address, firstDay - 1),
      limit: count,
    });
    for (const [key, { step: recorded, data }] of records) {
      const day = Number(key.slice(address.length + 1));
      if (day === track?.day) continue;
      sums.add(day * DAY, recorded, Buffer.from(data, 'base64'));
    }
    if (track !== undefined) {
      const stored = await this.store.get<DayRecord>(keyOf(address, track.day));
      sums.add(track.day * DAY, FINE, merged(stepsOf(track), stored));
    }
    return {
      step,
      start: new Date(start * 1000).toISOString(),
      ...sums.means(),
    };
  }

  #turnDay(address: string, track: Track, day: number): void {
    const past: Track = { ...track, steps: track.steps.slice(), samples: 0 };
    track.steps.set(emptySteps());
    track.day = day;
    void this.#write(address, past)
      .then(() => this.#reduce(address, day))
      .catch(() => {});
  }

  async #write(address: string, track: Track): Promise<void> {
    track.dirty = false;
    const steps = stepsOf(track).slice();
    await this.store.update<DayRecord>(
      keyOf(address, track.day),
      (stored) => dayRecord(FINE, merged(steps, stored)),
      { ttl: this.options.retention },
    );
  }

  /** Reduces the days that are just over the limit; what is missed stays fine until it is forgotten. */
  async #reduce(address: string, today: number): Promise<void> {
    const kept = Math.max(1, Math.ceil(this.options.fine / 1000 / DAY));
    for (const day of [today - kept, today - kept - 1, today - kept - 2]) {
      const key = keyOf(address, day);
      const stored = await this.store.get<DayRecord>(key);
      if (stored?.step !== FINE) continue;
      const left = (day * DAY + DAY) * 1000 + this.options.retention - this.clock.now();
      if (left <= 0) await this.store.delete(key);
      else await this.store.set(key, reduced(stored), { ttl: left });
    }
  }
}

const keyOf = (address: string, day: number): string => `${address}/${day}`;
const newTrack = (day: number, flushAt: number): Track => ({
  day,
  steps: emptySteps(),
  current: -1,
  samples: 0,
  players: 0,
  pings: 0,
  ping: 0,
  maxPlayers: 0,
  dirty: false,
  flushAt,
});

const meanOf = (track: Track): Means => ({
  players: track.players / track.samples,
  maxPlayers: track.maxPlayers,
  ping: track.pings === 0 ? undefined : track.ping / track.pings,
});

/** The steps with the one that is being measured. */
function stepsOf(track: Track): Uint8Array {
  if (track.samples > 0) writeStep(track.steps, track.current, meanOf(track));
  return track.steps;
}
