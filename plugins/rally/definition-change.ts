import type { RallyDefinition } from './definition.js';
import { layOut } from './itinerary.js';
import type { RallyEngine } from './rally-engine.js';

/**
 * Why a rally cannot go on with another definition; undefined when it can. What was driven stays as it was, so
 * controls that somebody has passed, and crews that have driven, must be the same ones.
 */
export function whyNotChange(engine: RallyEngine, next: RallyDefinition): string | undefined {
  if (engine.onStage) return 'a crew is on a stage: wait until the stage is over';
  const driven = [...engine.crews.values()].filter((crew) => crew.next > 0 || crew.last > 0);
  const numbers = new Set(next.entries.map(({ number }) => number));
  const missing = driven.find(({ entry }) => !numbers.has(entry.number));
  if (missing !== undefined) {
    return `car ${missing.entry.number} has driven and is not on the new entry list`;
  }
  const passed = Math.max(0, ...driven.map((crew) => crew.next));
  const { controls } = layOut(next);
  for (const { index, kind, section, stage, leg } of engine.itinerary.controls.slice(0, passed)) {
    const other = controls[index];
    if (
      other?.kind === kind &&
      other.section === section &&
      other.stage === stage &&
      other.leg === leg
    ) {
      continue;
    }
    return `control ${index} (${kind} of "${section}") was passed and is another one in the new definition`;
  }
  return undefined;
}
