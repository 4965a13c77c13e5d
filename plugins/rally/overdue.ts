import type { RallyEngine } from './rally-engine.js';
import type { RallyEvent } from './rally-event.js';

const MINUTE = 60_000;

/** Crews that came too late to be waited for; their `out` events. */
export function overdue(engine: RallyEngine, now: number): RallyEvent[] {
  if (engine.suspended) return [];
  const events: RallyEvent[] = [];
  const { definition, mode } = engine.options;
  const { maximumLateness } = definition.rally;
  for (const crew of engine.crews.values()) {
    if (crew.out !== undefined || crew.due === undefined) continue;
    const stage = engine.stageOf(crew);
    const { number } = crew.entry;
    if (stage !== undefined) {
      if (now <= crew.stageStart + stage.maximumTime) continue;
      events.push({ type: 'out', at: now, number, reason: `maximum time of ${stage.name}` });
    } else if (mode === 'live' && now > crew.due + maximumLateness + MINUTE) {
      events.push({ type: 'out', at: now, number, reason: 'maximum lateness' });
    } else if (mode === 'open' && now > engine.windowEnd) {
      events.push({ type: 'out', at: now, number, reason: 'window closed' });
    }
  }
  return events;
}
