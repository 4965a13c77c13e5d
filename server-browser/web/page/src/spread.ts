export interface Circle {
  x: number;
  y: number;
  size: number;
}

const TURNS = 12;
/** How far a circle may leave its place: it still says where. */
const FARTHEST = 3.2;

/** Moves circles that cover each other a little apart, so that each can be seen and reached. */
export function spread(circles: readonly Circle[]): void {
  const origins = circles.map(({ x, y }) => ({ x, y }));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [index, one] of circles.entries()) {
      for (const other of circles.slice(index + 1)) push(one, other);
    }
    for (const [index, circle] of circles.entries()) keepNear(circle, origins[index] ?? circle);
  }
}

function push(one: Circle, other: Circle): void {
  const [x, y] = [other.x - one.x, other.y - one.y];
  const distance = Math.hypot(x, y);
  const missing = one.size + other.size + 0.15 - distance;
  if (missing <= 0) return;
  const [towardX, towardY] = distance === 0 ? [1, 0] : [x / distance, y / distance];
  one.x -= (towardX * missing) / 2;
  one.y -= (towardY * missing) / 2;
  other.x += (towardX * missing) / 2;
  other.y += (towardY * missing) / 2;
}

function keepNear(circle: Circle, origin: { readonly x: number; readonly y: number }): void {
  const [x, y] = [circle.x - origin.x, circle.y - origin.y];
  const distance = Math.hypot(x, y);
  if (distance <= FARTHEST) return;
  circle.x = origin.x + (x / distance) * FARTHEST;
  circle.y = origin.y + (y / distance) * FARTHEST;
}
