import rows from 'virtual:land-dots';
import { regionWord } from '../../row-html.js';
import { countryPlaces, regionPlaces } from './country-places.js';
import { COLUMNS, project, ROWS } from './projection.js';
import { type Circle, spread } from './spread.js';
import { filters, repaint, setFilters, table, view, wording } from './state.js';
import { counted, countryName, t } from './words.js';

interface Place extends Circle {
  readonly key: string;
  readonly country: string;
  readonly name: string;
  servers: number;
  players: number;
}

const land = rows
  .flatMap((digits, y) =>
    [...digits].flatMap((digit, at) =>
      [0, 1, 2, 3]
        .filter((bit) => (Number.parseInt(digit, 16) & (8 >> bit)) !== 0)
        .map((bit) => `M${at * 4 + bit + 0.5} ${y + 0.5}h0`),
    ),
  )
  .join('');

/** Servers of the list by country, by region where the country is unknown. */
function gather(): { places: Place[]; unknown: number } {
  const places = new Map<string, Place>();
  let unknown = 0;
  for (const row of view.value) {
    const country = table.text(table.columns.country[row]);
    const region = table.columns.region[row] ?? 255;
    const at = countryPlaces.get(country) ?? regionPlaces[region];
    if (at === undefined) {
      unknown++;
      continue;
    }
    const isKnown = countryPlaces.has(country);
    const key = isKnown ? country : `region ${region}`;
    let place = places.get(key);
    if (place === undefined) {
      const [x, y] = project(...at);
      const name = isKnown ? countryName(country) : t(regionWord(region));
      place = { key, country: isKnown ? country : '', x, y, size: 0, name, servers: 0, players: 0 };
      places.set(key, place);
    }
    place.servers++;
    place.players += table.columns.players[row] ?? 0;
  }
  // The largest first, so that small ones lie on top and can be reached.
  const sorted = [...places.values()].sort((one, other) => other.servers - one.servers);
  for (const place of sorted) place.size = radius(place.servers, sorted[0]?.servers ?? 1);
  spread(sorted);
  return { places: sorted, unknown };
}

const radius = (servers: number, most: number) =>
  0.7 + 1.7 * Math.sqrt(servers / Math.max(12, most));

/** Where the shown servers are; a place filters by it. */
export default function World() {
  wording.value;
  repaint.value;
  const { places, unknown } = gather();
  return (
    <section class="world" aria-label={t('map')}>
      <svg viewBox={`-3 -1 ${COLUMNS + 6} ${ROWS + 2}`} preserveAspectRatio="xMidYMid meet">
        <title>{t('map')}</title>
        <path class="land" d={land} />
        {places.map((place) => {
          const label = t('map.place', {
            place: place.name,
            servers: counted(place.servers, 'servers'),
            players: counted(place.players, 'players'),
          });
          const isChosen = place.country !== '' && filters.value.country === place.country;
          const choose = () => setFilters({ country: isChosen ? '' : place.country });
          const dot = (
            <>
              <title>{label}</title>
              <circle class="glow" cx={place.x} cy={place.y} r={place.size * 1.6} />
              <circle class="dot" cx={place.x} cy={place.y} r={place.size} />
            </>
          );
          if (place.country === '') {
            return (
              <g key={place.key} class="place" role="img" aria-label={label}>
                {dot}
              </g>
            );
          }
          return (
            <g
              key={place.key}
              class={`place${isChosen ? ' is-chosen' : ''}`}
              role="button"
              tabindex={0}
              aria-label={label}
              aria-pressed={isChosen}
              onClick={choose}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                choose();
                event.preventDefault();
              }}
            >
              {dot}
            </g>
          );
        })}
      </svg>
      {unknown > 0 && <p class="world-note">{counted(unknown, 'map.unknown')}</p>}
    </section>
  );
}
