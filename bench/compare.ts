import type { MeasuredProcess } from './measured-process.js';
import { type Figure, median } from './report.js';
import { askMany, type UdpLoad } from './udp-load.js';

/** One of the servers that are compared; the first one is the reference whose steadiness counts. */
export interface Contender {
  readonly name: string;
  readonly process: MeasuredProcess;
  readonly load: UdpLoad;
}

export interface ComparisonOptions {
  /** What one answer is called, such as `A2S INFO`. */
  readonly what: string;
  readonly rounds: number;
  /** Answers of one round. */
  readonly count: number;
}

/** Difference of the reference between the first and the last part of a run that spoils it. */
const mostDrift = 0.15;
/** Runs that are tried when the machine is too restless. */
const attempts = 2;

/**
 * CPU microseconds for each answer: the median of rounds in which all take turns. A run whose reference differs
 * by more than 15 % between its first and last part is thrown away and made once more.
 */
export async function compare(
  contenders: readonly Contender[],
  options: ComparisonOptions,
): Promise<Figure[]> {
  for (const one of contenders) await measure(one, Math.ceil(options.count / 2));
  let figures: Figure[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    figures = await runOnce(contenders, options);
    const { discarded } = figures[0] ?? {};
    if (discarded === undefined) break;
    if (attempt < attempts) console.log(`${options.what}: a run is thrown away: ${discarded}`);
  }
  return figures;
}

async function runOnce(
  contenders: readonly Contender[],
  { what, rounds, count }: ComparisonOptions,
): Promise<Figure[]> {
  const costs = contenders.map((): number[] => []);
  const seconds = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const result = await measure(contender, count);
      costs[i]?.push(result.cost);
      seconds[i]?.push(result.perSecond);
    }
  }
  const [reference = []] = costs;
  const drift = driftOf(reference);
  const discarded =
    drift > mostDrift
      ? `the C reference moved by ${Math.round(drift * 100)} % during the run`
      : undefined;
  return contenders.map(({ name, process }, i) => {
    const value = median(costs[i] ?? []);
    const against: Record<string, number> = {};
    for (const [k, other] of contenders.entries()) {
      const ratio = median(costs[k] ?? []) / value;
      // A figure of nothing compares with nothing, and JSON has no infinity to say so.
      if (k !== i && Number.isFinite(ratio)) against[other.name] = ratio;
    }
    return {
      what: `${what}: ${name}${name.startsWith('beaconry') ? ` (${process.driver})` : ''}`,
      value,
      unit: 'µs CPU',
      against,
      ...(discarded !== undefined && { discarded }),
    };
  });
}

async function measure(
  { process, load }: Contender,
  count: number,
): Promise<{ cost: number; perSecond: number }> {
  const before = process.cpu();
  const { answers, seconds } = await askMany(process.port, load, count);
  return { cost: (process.cpu() - before) / answers, perSecond: answers / seconds };
}

/** Between the medians of the first and the last part. */
const driftOf = (costs: readonly number[]): number => {
  if (costs.length < 4) return 0;
  const part = Math.max(2, Math.ceil(costs.length / 3));
  const middle = (values: readonly number[]) => {
    const sorted = [...values].sort((one, other) => one - other);
    return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
  };
  const [first, last] = [middle(costs.slice(0, part)), middle(costs.slice(-part))];
  return Math.abs(first - last) / Math.min(first, last);
};
