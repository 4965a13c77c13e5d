import { fileURLToPath } from 'node:url';
import { readRally } from '../../../plugins/rally/definition.js';
import { RallyEngine } from '../../../plugins/rally/rally-engine.js';
import type { RallyEvent } from '../../../plugins/rally/rally-event.js';

export const fixture = fileURLToPath(new URL('../../../../fixtures/rally', import.meta.url));
export const newEngine = (mode: 'live' | 'open' = 'live') =>
  new RallyEngine({ definition: readRally(fixture), startInterval: 60_000, mode });

const MINUTE = 60_000;
const base = [60, 80, 50];
const late: Record<string, number> = { '7/1': 3, '25/4': 5, '44/7': 1, '12/4': -2, '33/1': -1 };
const falseStarts = new Set(['5/2', '5/3', '5/5', '5/6', '18/1']);
const notFinished = new Set(['20/5', '41/2', '50/8']);
const stageTime = (n: number, s: number) =>
  ((base[(s - 1) % 3] ?? 0) + ((7 * n + 3 * s) % 11)) * 1000 + 700 * n;

/** Drives the rally of fixtures/rally/README.md in simulated time; `say` gets each event before the next is made. */
export function driveRally(engine: RallyEngine, say: (event: RallyEvent) => void): void {
  let now = 0;
  for (;;) {
    const leg = engine.nextLeg(now);
    if (leg === undefined) break;
    say(leg);
    for (;;) {
      const event = nextEvent(engine);
      if (event === undefined) break;
      now = Math.max(now, event.at);
      say(event);
    }
  }
  say({ type: 'penalty', at: now, number: 9, milliseconds: 15_000, reason: 'stewards' });
}

function nextEvent(engine: RallyEngine): RallyEvent | undefined {
  let first: RallyEvent | undefined;
  for (const crew of engine.crews.values()) {
    if (crew.out !== undefined || crew.due === undefined) continue;
    const { number } = crew.entry;
    const control = engine.itinerary.controls[crew.next];
    if (control === undefined) continue;
    const follower = engine.itinerary.controls[crew.next + 1];
    const here = `${number}/${control.stage}`;
    let at = crew.due;
    if (control.kind === 'time-control' && follower?.kind === 'start') {
      at += (late[`${number}/${follower.stage}`] ?? 0) * MINUTE;
    } else if (control.kind === 'start' && falseStarts.has(here)) at -= 200;
    else if (control.kind === 'passage') at = crew.last + 5000;
    else if (control.kind === 'finish') at = crew.stageStart + stageTime(number, control.stage);
    else if (control.kind === 'stop') at = crew.last + 10_000;
    const event: RallyEvent =
      control.kind === 'finish' && notFinished.has(here)
        ? { type: 'out', at, number, reason: 'ditch' }
        : { type: 'pass', at, number, control: control.index };
    if (first === undefined || event.at < first.at) first = event;
  }
  return first;
}
