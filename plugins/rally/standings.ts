import type { Crew } from './crew.js';
import type { RallyEngine } from './rally-engine.js';

/** One crew in the standings; times are milliseconds. */
export interface StandingRow {
  readonly position: number;
  readonly number: number;
  readonly driver: string;
  readonly car: string;
  readonly class: string;
  readonly stages: number;
  /** Milliseconds: stage times, penalties, and what missed stages count. */
  readonly stageTime: number;
  readonly penalty: number;
  readonly total: number;
  /** Out for good, or in the last leg: behind everybody else. */
  readonly retired: boolean;
  readonly out: string | null;
}

/** Best times by stage, of all and of each class: what missed stages count by. */
class BestTimes {
  readonly #ofAll = new Map<number, number>();
  readonly #ofClass = new Map<string, Map<number, number>>();

  constructor(engine: RallyEngine) {
    for (const { entry, stageTimes } of engine.crews.values()) {
      const ofClass = this.#ofClass.get(entry.class) ?? new Map<number, number>();
      this.#ofClass.set(entry.class, ofClass);
      for (const [stage, time] of stageTimes) {
        for (const best of [this.#ofAll, ofClass]) {
          best.set(stage, Math.min(time, best.get(stage) ?? Infinity));
        }
      }
    }
  }

  /** Of the class, where somebody of it has a time; 0 where nobody has. */
  of(carClass: string, stage: number): number {
    return this.#ofClass.get(carClass)?.get(stage) ?? this.#ofAll.get(stage) ?? 0;
  }
}

function table(engine: RallyEngine, crews: Iterable<Crew>, leg?: number): StandingRow[] {
  const { superRally, legs } = engine.options.definition.rally;
  const { missedStage } = engine.options.definition.penalties;
  const best = new BestTimes(engine);
  const counts = (stage: number) =>
    leg === undefined || engine.itinerary.stages[stage - 1]?.leg === leg;
  const rows = [...crews].map((crew) => {
    let stageTime = 0;
    let stages = 0;
    for (const [stage, time] of crew.stageTimes) {
      if (!counts(stage)) continue;
      stageTime += time;
      stages++;
    }
    for (const stage of crew.missed) {
      if (!counts(stage)) continue;
      stageTime += best.of(crew.entry.class, stage) + missedStage;
      stages++;
    }
    let penalty = 0;
    for (const one of crew.penalties) {
      if (leg === undefined || one.leg === leg) penalty += one.milliseconds;
    }
    const { number, driver, car, class: carClass } = crew.entry;
    const retired = crew.out !== undefined && (!superRally || engine.leg === legs.length - 1);
    const total = stageTime + penalty;
    const who = { position: 0, number, driver, car, class: carClass };
    return { ...who, stages, stageTime, penalty, total, retired, out: crew.out ?? null };
  });
  rows.sort(
    (one, other) =>
      Number(one.retired) - Number(other.retired) ||
      other.stages - one.stages ||
      one.total - other.total ||
      one.number - other.number,
  );
  return rows.map((row, index) => ({ ...row, position: index + 1 }));
}

export const overallTable = (engine: RallyEngine): StandingRow[] =>
  table(engine, engine.crews.values());

export const classTable = (engine: RallyEngine, carClass: string): StandingRow[] =>
  table(
    engine,
    [...engine.crews.values()].filter((crew) => crew.entry.class === carClass),
  );

export const legTable = (engine: RallyEngine, leg: number): StandingRow[] =>
  table(engine, engine.crews.values(), leg);

export interface StageRow {
  readonly position: number;
  readonly number: number;
  readonly driver: string;
  readonly class: string;
  readonly time: number;
  readonly splits: readonly number[];
}

/** Times of one stage, the quickest first. */
export function stageTable(engine: RallyEngine, stage: number): StageRow[] {
  const rows = [...engine.crews.values()].flatMap((crew) => {
    const time = crew.stageTimes.get(stage);
    const { number, driver, class: carClass } = crew.entry;
    if (time === undefined) return [];
    return [{ number, driver, class: carClass, time, splits: crew.splits.get(stage) ?? [] }];
  });
  rows.sort((one, other) => one.time - other.time || one.number - other.number);
  return rows.map((row, index) => ({ position: index + 1, ...row }));
}
