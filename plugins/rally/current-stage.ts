import type { Stage } from './itinerary.js';
import type { RallyEngine } from './rally-engine.js';

/** The stage that is being driven or comes next for most: what a server list shows. */
export function currentStage({ crews, itinerary }: RallyEngine): Stage | undefined {
  const counts = new Map<number, number>();
  for (const crew of crews.values()) {
    if (crew.out !== undefined) continue;
    const stage = itinerary.stages.find((one) => one.stop >= crew.next);
    if (stage !== undefined) counts.set(stage.number, (counts.get(stage.number) ?? 0) + 1);
  }
  const [most] = [...counts].sort((one, other) => other[1] - one[1] || one[0] - other[0]);
  return itinerary.stages[(most?.[0] ?? itinerary.stages.length) - 1];
}
