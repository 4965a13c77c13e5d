import type { Entry } from './definition.js';

export interface Penalty {
  readonly leg: number;
  readonly stage: number;
  readonly milliseconds: number;
  readonly reason: string;
  /** Rally time. */
  readonly at: number;
}

/** What the rally knows of one crew. Times are rally time in milliseconds. */
export class Crew {
  /** Next control of the itinerary. */
  next = 0;
  /** When the next time control or start is due; undefined before the leg is open. */
  due: number | undefined;
  /** Last booking; later ones cannot be earlier. */
  last = 0;
  /** Start that counts for the stage being driven. */
  stageStart = 0;
  /** In minutes, in this leg. */
  lateness = 0;
  falseStarts = 0;
  /** Why the crew is out of the leg. */
  out: string | undefined;
  readonly stageTimes = new Map<number, number>();
  /** Since the stage's start, by stage and then in order of passages. */
  readonly splits = new Map<number, number[]>();
  /** Stages lost while out; they count with the best time of the class and a penalty. */
  readonly missed = new Set<number>();
  readonly penalties: Penalty[] = [];

  constructor(
    /** It changes only when somebody is forgotten. */
    public entry: Entry,
  ) {}
}
