import type { Roadbook } from './definition.js';

/** The point of the road at so many metres of the stage. */
export function pointAt(roadbook: Roadbook, metres: number, length: number) {
  const { path } = roadbook;
  const at = Math.min(1, Math.max(0, metres / length)) * (path.length - 1);
  const from = path[Math.floor(at)] ?? { x: 0, y: 0 };
  const to = path[Math.ceil(at)] ?? from;
  const part = at - Math.floor(at);
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}
