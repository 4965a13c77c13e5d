import type { RallyClock } from './rally-clock.js';
import type { RallyEngine } from './rally-engine.js';
import type { RallyServer } from './rally-server.js';
import { overallTable } from './standings.js';

/** `[number, stage, metres, x, y, km/h]` */
export type LiveCar = readonly [number, number, number, number, number, number];

export interface LiveFrame {
  /** Milliseconds of the wall clock at which it was so. */
  readonly at: number;
  readonly rallyTime: number;
  readonly cars: ReadonlyMap<number, LiveCar>;
  /** `[position, number, stages, total, penalty, retired]` of all, as JSON, so that equal ones are the same. */
  readonly standings: string;
}

export interface LiveListener {
  send(text: string): void;
  /** There is another rally, or another form of it, to begin with. */
  end(): void;
}

const MAX_DELAYED = 3_000;

/** What spectators see: frames, shown after the delay, as a snapshot and then what changed. */
export class LiveFeed {
  readonly #waiting: LiveFrame[] = [];
  readonly #listeners = new Set<LiveListener>();
  #shown: LiveFrame = { at: 0, rallyTime: 0, cars: new Map(), standings: '[]' };
  #standings = '[]';
  #dirty = true;
  sequence = 0;

  constructor(
    private readonly engine: RallyEngine,
    private readonly server: RallyServer,
    private readonly rallyClock: RallyClock,
    private readonly now: () => number,
    private readonly delay: number,
  ) {}

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Standings have to be worked out again. */
  changed(): void {
    this.#dirty = true;
  }

  /** Five times a second. */
  tick(): void {
    const frame = this.#take();
    this.#waiting.push(frame);
    if (this.#waiting.length > MAX_DELAYED) this.#waiting.shift();
    while ((this.#waiting[0]?.at ?? Infinity) <= frame.at - this.delay) {
      this.#show(this.#waiting.shift() as LiveFrame);
    }
  }

  snapshot(): string {
    const { rallyTime, cars, standings } = this.#shown;
    const { sequence } = this;
    return `{"type":"snapshot","sequence":${sequence},"rallyTime":${rallyTime},"delay":${this.delay / 1000},"cars":${JSON.stringify([...cars.values()])},"standings":${standings}}`;
  }

  add(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    listener.send(this.snapshot());
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const listener of this.#listeners) listener.end();
    this.#listeners.clear();
  }

  #take(): LiveFrame {
    if (this.#dirty) {
      this.#dirty = false;
      const rows = overallTable(this.engine).map((row) => [
        ...[row.position, row.number, row.stages, row.total, row.penalty, row.retired],
      ]);
      this.#standings = JSON.stringify(rows);
    }
    const cars = new Map<number, LiveCar>();
    for (const { crew, motion, speed } of this.server.sessions.values()) {
      const stage = this.engine.stageOf(crew)?.number ?? 0;
      const { number } = crew.entry;
      if (stage === 0 || crew.out !== undefined) continue;
      const kmh = Math.round((speed / 100) * 3.6);
      const { metres, x, y } = motion;
      cars.set(number, [number, stage, round(metres), round(x), round(y), kmh]);
    }
    const rallyTime = this.rallyClock.now();
    return { at: this.now(), rallyTime, cars, standings: this.#standings };
  }

  #show(next: LiveFrame): void {
    const before = this.#shown;
    this.#shown = next;
    const moved = [...next.cars.values()].filter((car) => !isSame(car, before.cars.get(car[0])));
    const gone = [...before.cars.keys()].filter((number) => !next.cars.has(number));
    const standings = next.standings === before.standings ? '' : `,"standings":${next.standings}`;
    if (moved.length === 0 && gone.length === 0 && standings === '') return;
    this.sequence++;
    if (this.#listeners.size === 0) return;
    const text = `{"type":"delta","sequence":${this.sequence},"rallyTime":${next.rallyTime},"cars":${JSON.stringify(moved)},"gone":${JSON.stringify(gone)}${standings}}`;
    for (const listener of this.#listeners) listener.send(text);
  }
}

const isSame = (car: LiveCar, before: LiveCar | undefined): boolean =>
  before !== undefined && car.every((value, index) => value === before[index]);

const round = (value: number) => Math.round(value * 10) / 10;
