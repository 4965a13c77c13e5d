import type { ServerHistory } from './listed-server.js';

/** Seconds of a day and of the steps it is kept in. */
export const DAY = 86_400;
export const FINE = 300;
export const COARSE = 3600;
/** Players, greatest number of players, ping in two bytes, little-endian. */
const BYTES_PER_STEP = 4;
const UNKNOWN_COUNT = 255;
const UNKNOWN_PING = 0xffff;

/** What the store keeps of one server and one day: steps of so many seconds, in base64. */
export type DayRecord = { readonly step: number; readonly data: string };

/** A day of which nothing is known. */
export const emptySteps = (): Uint8Array => new Uint8Array((DAY / FINE) * BYTES_PER_STEP).fill(255);

/** One step. */
export interface Means {
  readonly players: number;
  readonly maxPlayers: number;
  readonly ping: number | undefined;
}

export function writeStep(
  steps: Uint8Array,
  index: number,
  { players, maxPlayers, ping }: Means,
): void {
  const at = index * BYTES_PER_STEP;
  const rounded = ping === undefined ? UNKNOWN_PING : Math.min(Math.round(ping), UNKNOWN_PING - 1);
  steps[at] = Math.min(Math.round(players), UNKNOWN_COUNT - 1);
  steps[at + 1] = Math.min(maxPlayers, UNKNOWN_COUNT - 1);
  steps[at + 2] = rounded & 255;
  steps[at + 3] = rounded >> 8;
}

export const dayRecord = (step: number, steps: Uint8Array): DayRecord => ({
  step,
  data: Buffer.from(steps).toString('base64'),
});

/** What this node measured, and where it measured nothing what the store knows. */
export function merged(steps: Uint8Array, stored: DayRecord | undefined): Uint8Array {
  if (stored?.step !== FINE) return steps;
  const known = Buffer.from(stored.data, 'base64');
  const both = steps.slice();
  for (
    let at = 0;
    at + BYTES_PER_STEP <= Math.min(known.length, both.length);
    at += BYTES_PER_STEP
  ) {
    if (both[at] === UNKNOWN_COUNT) both.set(known.subarray(at, at + BYTES_PER_STEP), at);
  }
  return both;
}

/** The same day in steps of an hour. */
export function reduced(stored: DayRecord): DayRecord {
  const count = DAY / COARSE;
  const sums = new StepSums(0, COARSE, count);
  sums.add(0, stored.step, Buffer.from(stored.data, 'base64'));
  const { players, maxPlayers, ping } = sums.means();
  const steps = new Uint8Array(count * BYTES_PER_STEP).fill(255);
  for (let index = 0; index < count; index++) {
    const mean = players[index];
    if (mean === null || mean === undefined) continue;
    writeStep(steps, index, {
      players: mean,
      maxPlayers: maxPlayers[index] ?? 0,
      ping: ping[index] ?? undefined,
    });
  }
  return dayRecord(COARSE, steps);
}

/** Gathers steps of any width into steps of one width. */
export class StepSums {
  readonly #players: Float64Array;
  readonly #counts: Uint32Array;
  readonly #most: Uint8Array;
  readonly #pings: Float64Array;
  readonly #pingCounts: Uint32Array;

  constructor(
    private readonly start: number,
    private readonly step: number,
    private readonly count: number,
  ) {
    this.#players = new Float64Array(count);
    this.#counts = new Uint32Array(count);
    this.#most = new Uint8Array(count);
    this.#pings = new Float64Array(count);
    this.#pingCounts = new Uint32Array(count);
  }

  /** Steps of `width` seconds that begin at second `from`. */
  add(from: number, width: number, steps: Uint8Array): void {
    for (let i = 0; (i + 1) * BYTES_PER_STEP <= steps.length; i++) {
      const at = i * BYTES_PER_STEP;
      const players = steps[at] as number;
      const index = Math.floor((from + i * width - this.start) / this.step);
      if (players === UNKNOWN_COUNT || index < 0 || index >= this.count) continue;
      this.#players[index] = (this.#players[index] as number) + players;
      this.#counts[index] = (this.#counts[index] as number) + 1;
      this.#most[index] = Math.max(this.#most[index] as number, steps[at + 1] as number);
      const ping = (steps[at + 2] as number) | ((steps[at + 3] as number) << 8);
      if (ping === UNKNOWN_PING) continue;
      this.#pings[index] = (this.#pings[index] as number) + ping;
      this.#pingCounts[index] = (this.#pingCounts[index] as number) + 1;
    }
  }

  means(): Pick<ServerHistory, 'players' | 'maxPlayers' | 'ping'> {
    const mean = (sums: Float64Array, counts: Uint32Array, digits: number) =>
      Array.from(sums, (sum, i) =>
        counts[i] === 0 ? null : Math.round((sum / (counts[i] as number)) * digits) / digits,
      );
    return {
      players: mean(this.#players, this.#counts, 10),
      maxPlayers: Array.from(this.#most, (most, i) => (this.#counts[i] === 0 ? null : most)),
      ping: mean(this.#pings, this.#pingCounts, 1),
    };
  }
}
