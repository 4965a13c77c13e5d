import { escapeHtml } from './escape-html.js';
import type { ListTop } from './list-top.js';
import { type RowLanguage, type RowWord, rowHtml } from './row-html.js';

const COLUMNS = ['favourite', 'name', 'game', 'map', 'players', 'ping', 'region'] as const;

/** Texts that the first screen needs. */
export type ScreenWord = RowWord | 'title' | 'list' | `column.${(typeof COLUMNS)[number]}`;
export interface ScreenLanguage extends RowLanguage {
  /** Such as `en`. */
  readonly code: string;
  t(key: ScreenWord, values?: Readonly<Record<string, string>>): string;
}

/**
 * What the page draws first, for its HTML: the top of the list is on the screen before any script has come, and
 * without script too. It has the same elements in the same places as what the script draws a moment later.
 */
export function firstScreen({ rows, servers }: ListTop, language: ScreenLanguage): string {
  const says = (key: ScreenWord) => escapeHtml(language.t(key));
  return [
    '<div class="page"><div class="controls is-loading"><header class="bar">',
    `<h1 class="brand">${BEACON}<span>${says('title')}</span></h1>`,
    '</header><div class="tools"></div></div><main class="main">',
    `<div id="list" class="grid" role="grid" tabindex="0" aria-label="${says('list')}" aria-rowcount="${servers + 1}" aria-colcount="${COLUMNS.length}" aria-busy="true">`,
    '<div role="rowgroup" class="head"><div role="row" aria-rowindex="1" class="columns">',
    ...COLUMNS.map((column) => columnHead(column, says(`column.${column}`))),
    '</div></div><div role="rowgroup" class="body is-early">',
    ...rows.map((row, index) => rowHtml(row, index, language)),
    '</div></div></main></div>',
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
const BEACON =
  '<svg class="beacon" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="11" r="4"></circle><path d="M13.6 15.5h4.8L20.5 27h-9z"></path><path class="rays" d="M8.2 4.5a10 10 0 0 0 0 13M23.8 4.5a10 10 0 0 1 0 13"></path></svg>';
