import type { Crew } from './crew.js';
import type { DriverSession } from './driver-session.js';
import type { RallyEngine } from './rally-engine.js';
import type { Ahead, ServerMessage } from './rally-messages.js';

const NO_CONTROL = 0xffff;
const FOLLOWED = 2;

/** Crews in the order in which they are on the road, the first ahead. */
export const roadOrder = (engine: RallyEngine): Crew[] =>
  [...engine.crews.values()]
    .filter((crew) => crew.out === undefined && (crew.due !== undefined || crew.next > 0))
    .sort(
      (one, other) =>
        other.next - one.next ||
        (one.due ?? one.stageStart) - (other.due ?? other.stageStart) ||
        one.entry.number - other.entry.number,
    );

/** Of the stage that the crew drives or comes to next. */
export function roadbookHash({ itinerary, options }: RallyEngine, crew: Crew): string {
  const stage = itinerary.stages.find((one) => one.stop >= crew.next) ?? itinerary.stages.at(-1);
  return options.definition.roadbooks.get(stage?.roadbook ?? '')?.hash ?? '0'.repeat(16);
}

/** What a driver is to do next, and whom he sees ahead: the two next cars that are connected. */
export function ordersFor(
  engine: RallyEngine,
  { crew }: DriverSession,
  order: readonly Crew[],
  place: number,
  connected: ReadonlyMap<number, DriverSession>,
): ServerMessage {
  const ahead: Ahead[] = [];
  for (let i = place - 1; i >= 0 && ahead.length < FOLLOWED; i--) {
    const { number } = (order[i] as Crew).entry;
    const steamId = connected.get(number)?.steamId;
    if (steamId !== undefined) ahead.push({ number, steamId });
  }
  const atEnd = engine.itinerary.controls[crew.next] === undefined;
  return {
    type: 'orders',
    next: atEnd || (crew.due === undefined && crew.out !== undefined) ? NO_CONTROL : crew.next,
    // On a stage: when it was started, which a driver that joins again has to know.
    due: BigInt(engine.stageOf(crew) === undefined ? (crew.due ?? 0) : crew.stageStart),
    out: crew.out !== undefined,
    roadbookHash: roadbookHash(engine, crew),
    ahead,
  };
}
