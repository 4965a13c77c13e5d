import { Crew } from './crew.js';
import type { RallyDefinition } from './definition.js';
import { type Control, type Itinerary, layOut, type Stage } from './itinerary.js';
import type { RallyEvent, Refusal } from './rally-event.js';
import { startOrder } from './start-order.js';

const MINUTE = 60_000;

export interface RallyEngineOptions {
  readonly definition: RallyDefinition;
  readonly startInterval: number;
  readonly mode: 'live' | 'open';
}

/**
 * The rules of a rally without I/O: events in, state out. Whoever owns the engine asks `refusal` first, makes the
 * event durable, then applies it; replaying the same events gives the same rally.
 */
export class RallyEngine {
  readonly itinerary: Itinerary;
  readonly crews = new Map<number, Crew>();
  /** The leg being driven; -1 before the first. */
  leg = -1;
  #legStart = 0;
  #suspendedAt: number | undefined;
  /** Start given last, by stage. */
  readonly #lastStart = new Map<number, number>();

  constructor(readonly options: RallyEngineOptions) {
    this.itinerary = layOut(options.definition);
    for (const entry of options.definition.entries) this.crews.set(entry.number, new Crew(entry));
  }

  get suspended(): boolean {
    return this.#suspendedAt !== undefined;
  }

  get finished(): boolean {
    return this.leg === this.itinerary.legs.length - 2 && this.legDone;
  }

  /** Every crew has reached the end of the leg or is out of it. */
  get legDone(): boolean {
    if (this.leg < 0) return true;
    const end = this.#end(this.leg);
    return [...this.crews.values()].every((crew) => crew.out !== undefined || crew.next >= end);
  }

  /** Some crew is between start and stop: the definition must not change now. */
  get onStage(): boolean {
    return [...this.crews.values()].some(
      (crew) => crew.out === undefined && this.stageOf(crew) !== undefined,
    );
  }

  /** When the leg closes that everybody may drive when he likes. */
  get windowEnd(): number {
    return this.#legStart + (this.options.definition.rally.legs[this.leg]?.window ?? 0);
  }

  /** The stage that the crew is driving. */
  stageOf(crew: Crew): Stage | undefined {
    const control = this.itinerary.controls[crew.next];
    if (control === undefined || control.stage === 0 || control.kind === 'start') return undefined;
    return this.itinerary.stages[control.stage - 1];
  }

  /** Who starts the next leg, and in which order; undefined after the last and while one is driven. */
  nextLeg(at: number): RallyEvent | undefined {
    const leg = this.leg + 1;
    if (this.options.definition.rally.legs[leg] === undefined || !this.legDone) return undefined;
    return { type: 'leg', at, leg, order: startOrder(this, leg) };
  }

  /** Why this cannot be booked; undefined when it can. */
  refusal(event: Extract<RallyEvent, { type: 'pass' }>): Refusal | undefined {
    const crew = this.crews.get(event.number);
    if (crew === undefined) return 'unknown-crew';
    if (event.control < crew.next) return 'duplicate';
    if (this.suspended) return 'suspended';
    if (crew.out !== undefined) return 'out';
    if (event.control !== crew.next) return 'out-of-order';
    if (crew.due === undefined) return 'not-started';
    if (event.at < crew.last) return 'time-went-back';
    if (this.options.mode === 'open' && event.at > this.windowEnd) return 'window-closed';
    return undefined;
  }

  apply(event: RallyEvent): void {
    switch (event.type) {
      case 'leg':
        this.#openLeg(event.leg, event.at, event.order);
        return;
      case 'suspend':
        this.#suspendedAt ??= event.at;
        return;
      case 'resume':
        this.#resume(event.at);
        return;
      case 'pass': {
        const crew = this.crews.get(event.number);
        const control = this.itinerary.controls[event.control];
        if (crew !== undefined && control !== undefined) this.#pass(crew, control, event.at);
        return;
      }
      case 'out': {
        const crew = this.crews.get(event.number);
        if (crew !== undefined) this.#out(crew, event.reason);
        return;
      }
      case 'penalty': {
        const { number, milliseconds, reason, at } = event;
        const leg = Math.max(0, this.leg);
        this.crews.get(number)?.penalties.push({ leg, stage: 0, milliseconds, reason, at });
        return;
      }
    }
  }

  #end(leg: number): number {
    return this.itinerary.legs[leg + 1] ?? 0;
  }

  #openLeg(leg: number, at: number, order: readonly number[]): void {
    this.leg = leg;
    this.#legStart = at;
    order.forEach((number, position) => {
      const crew = this.crews.get(number);
      if (crew === undefined) return;
      crew.out = undefined;
      crew.next = this.itinerary.legs[leg] ?? 0;
      crew.lateness = 0;
      crew.last = at;
      crew.due = this.options.mode === 'open' ? at : at + position * this.options.startInterval;
    });
  }

  #resume(at: number): void {
    if (this.#suspendedAt === undefined) return;
    const shift = at - this.#suspendedAt;
    this.#suspendedAt = undefined;
    this.#legStart += shift;
    for (const [stage, start] of this.#lastStart) this.#lastStart.set(stage, start + shift);
    for (const crew of this.crews.values()) {
      if (crew.due !== undefined) crew.due += shift;
      crew.stageStart += shift;
    }
  }

  #pass(crew: Crew, control: Control, at: number): void {
    crew.last = at;
    crew.next = control.index + 1;
    switch (control.kind) {
      case 'time-control':
        this.#bookTime(crew, control, at);
        break;
      case 'start':
        this.#start(crew, control, at);
        break;
      case 'passage':
        crew.splits.get(control.stage)?.push(at - crew.stageStart);
        break;
      case 'finish':
        crew.stageTimes.set(control.stage, at - crew.stageStart);
        break;
      case 'stop':
        this.#schedule(crew, at);
        break;
    }
  }

  /** Early and late are counted in whole minutes; the minute that is due is neither. */
  #bookTime(crew: Crew, control: Control, at: number): void {
    const due = crew.due ?? at;
    const { earlyPerMinute, latePerMinute } = this.options.definition.penalties;
    const live = this.options.mode === 'live';
    if (live && at < due) {
      const minutes = Math.ceil((due - at) / MINUTE);
      this.#penalise(crew, control, minutes * earlyPerMinute, `${minutes} min early`, at);
    } else if (live && at >= due + MINUTE) {
      const minutes = Math.floor((at - due) / MINUTE);
      this.#penalise(crew, control, minutes * latePerMinute, `${minutes} min late`, at);
      crew.lateness += minutes;
      if (crew.lateness * MINUTE > this.options.definition.rally.maximumLateness) {
        this.#out(crew, 'maximum lateness');
        return;
      }
    }
    // Who is on time continues from his due time, so that seconds spent in the minute do not add up.
    const onTime = live && at >= due && at < due + MINUTE;
    this.#schedule(crew, onTime ? due : at);
  }

  /** When the control that comes next is due. */
  #schedule(crew: Crew, from: number): void {
    const next = this.itinerary.controls[crew.next];
    if (next === undefined || next.index >= this.#end(this.leg)) {
      crew.due = undefined;
      return;
    }
    crew.due = from + next.time;
    if (next.kind !== 'start' || this.options.mode === 'open') return;
    const free = (this.#lastStart.get(next.stage) ?? -Infinity) + this.options.startInterval;
    crew.due = Math.max(crew.due, free);
    this.#lastStart.set(next.stage, crew.due);
  }

  #start(crew: Crew, control: Control, at: number): void {
    const live = this.options.mode === 'live';
    const due = crew.due ?? at;
    crew.stageStart = live ? due : at;
    crew.splits.set(control.stage, []);
    if (!live || at >= due) return;
    const { falseStart } = this.options.definition.penalties;
    const price = falseStart[Math.min(crew.falseStarts, falseStart.length - 1)] ?? 0;
    crew.falseStarts++;
    this.#penalise(crew, control, price, 'false start', at);
  }

  #penalise(crew: Crew, control: Control, ms: number, reason: string, at: number): void {
    const { leg, stage, section } = control;
    crew.penalties.push({ leg, stage, milliseconds: ms, reason: `${reason}: ${section}`, at });
  }

  #out(crew: Crew, reason: string): void {
    if (crew.out !== undefined) return;
    crew.out = reason;
    crew.due = undefined;
    for (const stage of this.itinerary.stages) {
      if (stage.leg === this.leg && !crew.stageTimes.has(stage.number))
        crew.missed.add(stage.number);
    }
  }
}
