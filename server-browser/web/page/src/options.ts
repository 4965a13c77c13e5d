import { gameIn } from '../../row-view.js';
import { filters, repaint, table } from './state.js';
import type { Word } from './word.js';
import { number, t } from './words.js';

export type Option = readonly [value: string, text: string];

const PINGS = [50, 100, 150, 250];
const MOST = 60;
/** Milliseconds for which choices stay as they are: a list that changes under the pointer is a nuisance. */
const LIFETIME = 10_000;

interface Choices {
  readonly at: number;
  readonly game: string;
  readonly games: readonly Option[];
  readonly tags: readonly Option[];
  readonly versions: readonly Option[];
}
let choices: Choices | undefined;

/** The values that servers have, the most common first. */
export function options(field: 'game' | 'tag' | 'version' | 'region' | 'ping'): readonly Option[] {
  if (field === 'ping') {
    return PINGS.map((ping) => [String(ping), t('filter.under', { n: number(ping) })]);
  }
  if (field === 'region') {
    return [0, 1, 2, 3, 4, 5, 6, 7, 255].map((region) => [
      String(region),
      t(`region.${region}` as Word),
    ]);
  }
  repaint.value;
  const { games, tags, versions } = current();
  return field === 'game' ? games : field === 'tag' ? tags : versions;
}

function current(): Choices {
  const now = performance.now();
  const { game } = filters.value;
  if (choices !== undefined && choices.game === game && now - choices.at < LIFETIME) return choices;
  const games = new Map<string, number>();
  const tags = new Map<string, number>();
  const versions = new Map<string, number>();
  const add = (counts: Map<string, number>, text: string, by = 1) => {
    if (text !== '') counts.set(text, (counts.get(text) ?? 0) + by);
  };
  const tagTexts = new Map<string, number>();
  for (const row of table.rows()) {
    const one = gameIn(table.columns, row);
    add(games, one);
    if (game === '' || game === one) add(versions, table.text(table.columns.version[row]));
    add(tagTexts, table.text(table.columns.tags[row]));
  }
  for (const [text, count] of tagTexts) for (const tag of text.split(',')) add(tags, tag, count);
  choices = {
    at: now,
    game,
    games: mostCommon(games),
    tags: mostCommon(tags),
    versions: mostCommon(versions),
  };
  return choices;
}

const mostCommon = (counts: ReadonlyMap<string, number>): Option[] =>
  [...counts]
    .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    .slice(0, MOST)
    .map(([text, count]) => [text, `${text.slice(0, 40)} (${number(count)})`]);
