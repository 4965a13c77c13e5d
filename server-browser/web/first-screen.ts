import { controlsHtml } from './controls-html.js';
import { escapeHtml } from './escape-html.js';
import type { ListTop } from './list-top.js';
import { rowHtml } from './row-html.js';
import type { ScreenLanguage } from './screen-language.js';

const COLUMNS = ['favourite', 'name', 'game', 'map', 'players', 'ping', 'region'] as const;

/**
 * What the page draws first, for its HTML: the top of the list is on the screen before any script has come, and
 * without script too. It has the same elements in the same places as what the script draws a moment later.
 */
export const firstScreen = (top: ListTop, language: ScreenLanguage): string =>
  screen(top, language, list(top, language));

/** The same without lines, for whoever chose which ones he wants. */
export const bareScreen = (top: ListTop, language: ScreenLanguage): string =>
  screen(top, language, `<div class="skeleton">${'<i></i>'.repeat(14)}</div>`);

const screen = (top: ListTop, language: ScreenLanguage, main: string): string =>
  `<div class="page"><div class="controls">${controlsHtml(top, language)}</div><main class="main">${main}</main></div>`;

function list({ rows, servers }: ListTop, language: ScreenLanguage): string {
  const says = (key: string) => escapeHtml(language.t(key));
  return [
    `<div id="list" class="grid" role="grid" tabindex="0" aria-label="${says('list')}" aria-rowcount="${servers + 1}" aria-colcount="${COLUMNS.length}" aria-busy="true">`,
    '<div role="rowgroup" class="head"><div role="row" aria-rowindex="1" class="columns">',
    ...COLUMNS.map((column) => columnHead(column, says(`column.${column}`))),
    '</div></div><div role="rowgroup" class="body is-early">',
    ...rows.map((row, index) => rowHtml(row, index, language)),
    '</div></div>',
  ].join('');
}

function columnHead(column: (typeof COLUMNS)[number], label: string): string {
  if (column === 'favourite') {
    return `<span role="columnheader" class="cell-star"><span class="hidden">${label}</span></span>`;
  }
  const order = column === 'players' ? ' descending' : '';
  const sort = order === '' ? '' : ' aria-sort="descending"';
  return `<span role="columnheader" class="cell-${column}"${sort}><button type="button" class="sort${order}">${label}${ARROW}</button></span>`;
}

const ARROW =
  '<svg class="arrow" viewBox="0 0 10 6" aria-hidden="true"><path d="M1 5l4-4 4 4"></path></svg>';
