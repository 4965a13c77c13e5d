import type { Crew } from './crew.js';
import type { DriverSession } from './driver-session.js';
import type { RallyEngine } from './rally-engine.js';
import type { ServerMessage } from './rally-messages.js';

const NO_CONTROL = 0xffff;
const FOLLOWED = 2;
const LONGEST_AGE = 0xffff;

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

/** Whom a driver sees ahead: the two next cars that are connected, the nearest first. */
export function followedBy(
  order: readonly Crew[],
  place: number,
  connected: ReadonlyMap<number, DriverSession>,
): DriverSession[] {
  const followed: DriverSession[] = [];
  for (let i = place - 1; i >= 0 && followed.length < FOLLOWED; i--) {
    const session = connected.get((order[i] as Crew).entry.number);
    if (session !== undefined) followed.push(session);
  }
  return followed;
}

/** What a driver is to do next, and who is ahead of him. */
export function ordersFor(
  engine: RallyEngine,
  { crew }: DriverSession,
  followed: readonly DriverSession[],
): ServerMessage {
  const atEnd = engine.itinerary.controls[crew.next] === undefined;
  return {
    type: 'orders',
    next: atEnd || (crew.due === undefined && crew.out !== undefined) ? NO_CONTROL : crew.next,
    // On a stage: when it was started, which a driver that joins again has to know.
    due: BigInt(engine.stageOf(crew) === undefined ? (crew.due ?? 0) : crew.stageStart),
    out: crew.out !== undefined,
    roadbookHash: roadbookHash(engine, crew),
    ahead: followed.map(({ crew: { entry }, steamId }) => ({ number: entry.number, steamId })),
  };
}

/** Where those of them are that drive a stage and said so. */
export function positionsOf(
  engine: RallyEngine,
  followed: readonly DriverSession[],
  now: number,
): ServerMessage {
  const cars = followed.flatMap((session) => {
    const { crew, motion, speed } = session;
    const stage = crew.out === undefined ? engine.stageOf(crew)?.number : undefined;
    if (stage === undefined || !session.onStage(stage)) return [];
    const { metres, x, y, at } = motion;
    const age = Math.min(LONGEST_AGE, Math.round(now - at));
    return [{ number: crew.entry.number, stage, age, metres, x, y, speed }];
  });
  return { type: 'cars', cars };
}
