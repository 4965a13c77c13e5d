import type { RallyDefinition } from './definition.js';
import type { Itinerary } from './itinerary.js';
import type { RallyClient } from './rally-client.js';
import { pointAt } from './stage-path.js';

/** How somebody drives: metres after so many seconds of a stage, and back. */
export interface Pace {
  metresAt(seconds: number, stage: number): number;
  secondsAt(metres: number, stage: number): number;
}

/** A steady driver; start number and stage make the difference, so that it is the same each time. */
export function syntheticPace(number: number): Pace {
  const speed = (stage: number) => 24 + ((7 * number + 3 * stage) % 11) * 0.8;
  return {
    metresAt: (seconds, stage) => seconds * speed(stage),
    secondsAt: (metres, stage) => metres / speed(stage),
  };
}

/** Recorded points, sorted by both seconds and metres; beyond the last the driver keeps its average speed. */
export function recordedPace(
  points: readonly (readonly [seconds: number, metres: number])[],
): Pace {
  const between = (value: number, from: 0 | 1, to: 0 | 1) => {
    let before: readonly [number, number] = [0, 0];
    for (const point of points) {
      if (point[from] >= value) {
        const width = point[from] - before[from] || 1;
        return before[to] + ((value - before[from]) / width) * (point[to] - before[to]);
      }
      before = point;
    }
    return before[from] === 0 ? 0 : (value / before[from]) * before[to];
  };
  return {
    metresAt: (seconds) => between(seconds, 0, 1),
    secondsAt: (metres) => between(metres, 1, 0),
  };
}

/** Drives a whole rally through a client; call `drive` twenty times a second. */
export class DriverBot {
  constructor(
    readonly client: RallyClient,
    private readonly definition: RallyDefinition,
    private readonly itinerary: Itinerary,
    private readonly pace: Pace,
  ) {}

  drive(): void {
    const { client } = this;
    client.tick();
    const { orders } = client;
    if (orders === undefined || orders.out || orders.due === 0n) return;
    const control = this.itinerary.controls[orders.next];
    // Acknowledged already: the orders that say what comes next are on their way.
    if (control === undefined || client.acknowledged?.control === control.index) return;
    const now = client.rallyNow();
    const due = Number(orders.due);
    if (control.kind === 'time-control' || control.kind === 'start') {
      if (now >= due) client.pass(control.index, this.#timeAt(control.index, due, now));
      return;
    }
    const stage = this.itinerary.stages[control.stage - 1];
    const roadbook = this.definition.roadbooks.get(stage?.roadbook ?? '');
    if (stage === undefined || roadbook === undefined) return;
    const seconds = Math.max(0, now - due) / 1000;
    const metres = Math.min(stage.metres, this.pace.metresAt(seconds, stage.number));
    const { x, y } = pointAt(roadbook, metres, stage.metres);
    const speed = (this.pace.metresAt(seconds + 1, stage.number) - metres) | 0;
    client.position(stage.number, metres, x, y, Math.max(0, speed));
    const crossing = due + this.pace.secondsAt(control.metres, stage.number) * 1000;
    if (now >= crossing) {
      client.pass(control.index, this.#timeAt(control.index, crossing, now));
    }
  }

  /** Who joins long after his time was due passes when he comes, and not when he should have. */
  #timeAt(control: number, due: number, now: number): number {
    return this.client.tooLate === control ? now : due;
  }
}
