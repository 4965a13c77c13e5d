/** Must agree with build/land-dots.js. */
export const COLUMNS = 144;
export const ROWS = 64;
const NORTH = 77;
const SOUTH = -56;

/** Miller's cylindrical projection: less swollen towards the poles than Mercator's. */
const miller = (latitude: number): number =>
  1.25 * Math.log(Math.tan(Math.PI / 4 + (0.4 * latitude * Math.PI) / 180));
const TOP = miller(NORTH);
const BOTTOM = miller(SOUTH);

/** Place on a grid of `COLUMNS` by `ROWS`. */
export const project = (longitude: number, latitude: number): readonly [x: number, y: number] => [
  ((longitude + 180) / 360) * COLUMNS,
  ((miller(latitude) - TOP) / (BOTTOM - TOP)) * ROWS,
];
