import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Beacon } from './beacon.js';
import { type Filters, NO_FILTERS } from './filters.js';
import { options } from './options.js';
import { keep, kept } from './saved.js';
import {
  filters,
  isEmbedded,
  isMapOpen,
  repaint,
  setFilters,
  showTab,
  status,
  type Tab,
  tab,
  table,
  view,
  wording,
  writeAddress,
} from './state.js';
import { probeTabs, tabs } from './tabs.js';
import { ToolIcon } from './tool-icon.js';
import type { Word } from './word.js';
import { counted, LANGUAGES, type Language, language, loadWords, number, t } from './words.js';

const isSheetOpen = signal(false);
const openMenu = signal<'export' | 'settings' | null>(null);
const theme = signal(kept('theme') ?? 'system');
probeTabs();

const placeOf = (code: string): string => {
  try {
    return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
};

function setTheme(wanted: string): void {
  theme.value = wanted;
  keep('theme', wanted === 'system' ? null : wanted);
  if (wanted === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
}

async function setLanguage(wanted: Language): Promise<void> {
  await loadWords(wanted);
  keep('language', wanted);
  wording.value++;
}

async function exportAs(form: 'json' | 'csv'): Promise<void> {
  openMenu.value = null;
  const { exportList } = await import('./export.js');
  exportList(form, table, view.value);
}

export default function Controls() {
  wording.value;
  const isList = tab.value !== 'rooms' && tab.value !== 'relay';
  return (
    <div class="controls">
      <a class="skip" href="#list">
        {t('top.skip')}
      </a>
      <header class="bar">
        <h1 class="brand">
          <Beacon />
          <span>{t('title')}</span>
        </h1>
        <nav class="tabs" aria-label={t('tabs')}>
          {tabs.value.map((one) => (
            <button
              key={one}
              type="button"
              class="tab"
              {...(one === tab.value ? { 'aria-current': 'page' as const } : {})}
              onClick={() => showTab(one as Tab)}
            >
              {t(`tab.${one}` as Word)}
            </button>
          ))}
        </nav>
        <Live />
        <div class="actions">
          <button
            type="button"
            class="button icon-only"
            aria-pressed={isMapOpen.value}
            aria-label={t(isMapOpen.value ? 'map.close' : 'map.open')}
            title={t('map')}
            onClick={() => {
              isMapOpen.value = !isMapOpen.value;
              writeAddress();
            }}
          >
            <ToolIcon name="globe" />
          </button>
          <Menu name="export" icon="download">
            <button type="button" onClick={() => void exportAs('json')}>
              {t('export.json')}
            </button>
            <button type="button" onClick={() => void exportAs('csv')}>
              {t('export.csv')}
            </button>
          </Menu>
          {!isEmbedded && (
            <Menu name="settings" icon="sliders">
              <label>
                {t('theme')}
                <select
                  id="theme"
                  class="select"
                  value={theme.value}
                  onChange={(event) => setTheme(event.currentTarget.value)}
                >
                  {['system', 'light', 'dark'].map((one) => (
                    <option key={one} value={one}>
                      {t(`theme.${one}` as Word)}
                    </option>
                  ))}
                </select>
              </label>
              <label>
                {t('language')}
                <select
                  id="language"
                  class="select"
                  value={language}
                  onChange={(event) => void setLanguage(event.currentTarget.value as Language)}
                >
                  {Object.entries(LANGUAGES).map(([code, name]) => (
                    <option key={code} value={code} lang={code}>
                      {name}
                    </option>
                  ))}
                </select>
              </label>
            </Menu>
          )}
        </div>
      </header>
      {isList && <Tools />}
    </div>
  );
}

document.addEventListener('click', (event) => {
  if (!(event.target as Element).closest('.menu')) openMenu.value = null;
});

const Menu = ({
  name,
  icon,
  children,
}: {
  name: 'export' | 'settings';
  icon: 'download' | 'sliders';
  children: ComponentChildren;
}) => {
  const isOpen = openMenu.value === name;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes from anywhere inside.
    <div
      class="menu"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return;
        openMenu.value = null;
        event.currentTarget.querySelector('button')?.focus();
        event.stopPropagation();
      }}
    >
      <button
        type="button"
        class="button icon-only"
        aria-expanded={isOpen}
        aria-label={t(name)}
        title={t(name)}
        onClick={() => {
          openMenu.value = isOpen ? null : name;
        }}
      >
        <ToolIcon name={icon} />
      </button>
      {isOpen && <div class="popup">{children}</div>}
    </div>
  );
};

const Live = () => {
  repaint.value;
  const now = status.value;
  return (
    <p class={`live is-${now}`}>
      <span class="dot" aria-hidden="true" />
      <span class="state">{t(`status.${now === 'failed' ? 'offline' : now}`)}</span>
      <span class="totals">
        {counted(table.servers, 'servers')} · {counted(table.players, 'players')}
        {table.bots > 0 && <span class="bots"> · {counted(table.bots, 'bots')}</span>}
      </span>
    </p>
  );
};

const Tools = () => {
  const now = filters.value;
  const used = Object.entries(now).filter(
    ([key, value]) => key !== 'q' && value !== '' && value !== false,
  );
  return (
    <div class={`tools${isSheetOpen.value ? ' is-open' : ''}`} role="search">
      <div class="search-line">
        <label class="search">
          <ToolIcon name="search" />
          <input
            id="search"
            type="search"
            autocomplete="off"
            spellcheck={false}
            maxLength={100}
            aria-label={t('search')}
            title={t('searchHint')}
            placeholder={t('search')}
            value={now.q}
            onInput={(event) => setFilters({ q: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
              document.getElementById('list')?.focus();
              event.preventDefault();
            }}
          />
          <Shown />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <button
          type="button"
          class="button sheet-button"
          aria-expanded={isSheetOpen.value}
          onClick={() => {
            isSheetOpen.value = !isSheetOpen.value;
          }}
        >
          <ToolIcon name="filter" />
          {t('filters')}
          {used.length > 0 && <b class="badge">{used.length}</b>}
        </button>
      </div>
      <div class="filters">
        <Choice field="game" />
        <input
          class={`select text${now.map === '' ? '' : ' is-set'}`}
          aria-label={t('filter.map')}
          placeholder={t('filter.map')}
          maxLength={64}
          spellcheck={false}
          value={now.map}
          onInput={(event) => setFilters({ map: event.currentTarget.value })}
        />
        <Choice field="tag" />
        <Choice field="version" />
        <Choice field="region" />
        <Choice field="ping" />
        <span class="toggles">
          <Toggle field="notFull" />
          <Toggle field="hasPlayers" />
          <Toggle field="noPassword" />
          <Toggle field="secure" />
          <Toggle field="dedicated" />
        </span>
        {now.country !== '' && (
          <button
            type="button"
            class="toggle"
            aria-pressed="true"
            onClick={() => setFilters({ country: '' })}
          >
            {t('filter.country', { country: placeOf(now.country) })}
            <ToolIcon name="close" />
          </button>
        )}
        {(used.length > 0 || now.q !== '') && (
          <button type="button" class="button quiet" onClick={() => setFilters(NO_FILTERS)}>
            {t('filter.reset')}
          </button>
        )}
      </div>
    </div>
  );
};

const Shown = () => (
  <span class="shown" role="status">
    {t('shown', { n: number(view.value.length) })}
  </span>
);

type Flag = 'notFull' | 'hasPlayers' | 'noPassword' | 'secure' | 'dedicated';
const Toggle = ({ field }: { field: Flag }) => (
  <button
    type="button"
    class="toggle"
    data-filter={field}
    aria-pressed={filters.value[field]}
    onClick={() => setFilters({ [field]: !filters.value[field] })}
  >
    {t(`filter.${field}`)}
  </button>
);

type Field = 'game' | 'tag' | 'version' | 'region' | 'ping';
const Choice = ({ field }: { field: Field }) => {
  const value = filters.value[field];
  const known = options(field);
  const all =
    value === '' || known.some(([one]) => one === value)
      ? known
      : [[value, value] as const, ...known];
  const label = t(`filter.${field}`);
  return (
    <select
      class={`select${value === '' ? '' : ' is-set'}`}
      data-filter={field}
      aria-label={label}
      value={value}
      onChange={(event) => setFilters({ [field]: event.currentTarget.value } as Partial<Filters>)}
    >
      <option value="">{label}</option>
      {all.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
};
