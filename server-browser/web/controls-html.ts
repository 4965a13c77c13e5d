import { escapeHtml } from './escape-html.js';
import type { ListTop } from './list-top.js';
import type { ScreenLanguage } from './screen-language.js';
import { TOOL_ICONS } from './tool-icons.js';

const CHOICES = ['tag', 'version', 'region', 'ping'] as const;
const TOGGLES = ['notFull', 'hasPlayers', 'noPassword', 'secure', 'dedicated'] as const;

const icon = (name: keyof typeof TOOL_ICONS) =>
  `<svg class="icon icon-${name}" viewBox="0 0 24 24" aria-hidden="true"><path d="${TOOL_ICONS[name]}"></path></svg>`;
const BEACON =
  '<svg class="beacon" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="11" r="4"></circle><path d="M13.6 15.5h4.8L20.5 27h-9z"></path><path class="rays" d="M8.2 4.5a10 10 0 0 0 0 13M23.8 4.5a10 10 0 0 1 0 13"></path></svg>';

/** What stands above the list, as it looks before anything is chosen; the script puts controls that work in its place. */
export function controlsHtml(top: ListTop, language: ScreenLanguage): string {
  const says = (key: string) => escapeHtml(language.t(key));
  const totals = [
    language.counted(top.servers, 'servers'),
    `<span class="players"> · ${language.counted(top.players, 'players')}</span>`,
    top.bots === 0 ? '' : `<span class="bots"> · ${language.counted(top.bots, 'bots')}</span>`,
  ].join('');
  const choice = (field: string) =>
    `<select class="select" aria-label="${says(`filter.${field}`)}"><option>${says(`filter.${field}`)}</option></select>`;
  const button = (name: keyof typeof TOOL_ICONS, label: string) =>
    `<button type="button" class="button icon-only" aria-label="${says(label)}">${icon(name)}</button>`;
  return [
    '<header class="bar">',
    `<h1 class="brand">${BEACON}<span>${says('title')}</span></h1>`,
    `<nav class="tabs" aria-label="${says('tabs')}">`,
    `<button type="button" class="tab" aria-current="page">${says('tab.internet')}</button>`,
    `<button type="button" class="tab">${says('tab.favourites')}</button>`,
    `<button type="button" class="tab">${says('tab.history')}</button></nav>`,
    `<p class="live is-loading"><span class="dot" aria-hidden="true"></span><span class="state">${says('status.loading')}</span><span class="totals">${totals}</span></p>`,
    `<div class="actions">${button('globe', 'map.open')}${button('download', 'export')}${button('sliders', 'settings')}</div>`,
    '</header><div class="tools" role="search"><div class="search-line">',
    `<label class="search">${icon('search')}<input type="search" autocomplete="off" maxlength="100" aria-label="${says('search')}" placeholder="${says('search')}"><kbd aria-hidden="true">/</kbd></label>`,
    `<button type="button" class="button sheet-button">${icon('filter')}${says('filters')}</button>`,
    `</div><div class="filters">${choice('game')}<input class="select text" aria-label="${says('filter.map')}" placeholder="${says('filter.map')}">`,
    ...CHOICES.map(choice),
    '<span class="toggles">',
    ...TOGGLES.map(
      (field) => `<button type="button" class="toggle">${says(`filter.${field}`)}</button>`,
    ),
    '</span></div></div>',
  ].join('');
}
