import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature } from 'topojson-client';

const ID = 'virtual:land-dots';
/** Must agree with src/projection.ts. */
const COLUMNS = 144;
const ROWS = 64;
const NORTH = 77;
const SOUTH = -56;

const miller = (latitude) =>
  1.25 * Math.log(Math.tan(Math.PI / 4 + (0.4 * latitude * Math.PI) / 180));
const latitudeOf = (y) => ((Math.atan(Math.exp(0.8 * y)) - Math.PI / 4) / 0.4) * (180 / Math.PI);

/** Longitudes at which the parallel crosses a coast, in order: between the first and second is land, and so on. */
const crossings = (rings, latitude) => {
  const found = [];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [ax, ay] = ring[i - 1];
      const [bx, by] = ring[i];
      if (ay > latitude !== by > latitude) {
        found.push(((bx - ax) * (latitude - ay)) / (by - ay) + ax);
      }
    }
  }
  return found.sort((one, other) => one - other);
};

/** The land as rows of hex digits, a bit per dot, from the public-domain outline of world-atlas. */
export const landDots = () => ({
  name: 'land-dots',
  resolveId: (id) => (id === ID ? `\0${ID}` : undefined),
  load(id) {
    if (id !== `\0${ID}`) return undefined;
    const path = createRequire(import.meta.url).resolve('world-atlas/land-110m.json');
    const world = JSON.parse(readFileSync(path, 'utf8'));
    const land = feature(world, world.objects.land);
    const rings = land.features.flatMap(({ geometry }) =>
      geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat(),
    );
    const top = miller(NORTH);
    const bottom = miller(SOUTH);
    const rows = [];
    for (let row = 0; row < ROWS; row++) {
      const latitude = latitudeOf(top + ((bottom - top) * (row + 0.5)) / ROWS);
      const coasts = crossings(rings, latitude);
      const isLand = (longitude) => coasts.filter((coast) => coast < longitude).length % 2 === 1;
      let digits = '';
      for (let column = 0; column < COLUMNS; column += 4) {
        let digit = 0;
        for (let bit = 0; bit < 4; bit++) {
          const longitude = ((column + bit + 0.5) / COLUMNS) * 360 - 180;
          digit = digit * 2 + (isLand(longitude) ? 1 : 0);
        }
        digits += digit.toString(16);
      }
      rows.push(digits);
    }
    return `export default ${JSON.stringify(rows)};`;
  },
});
