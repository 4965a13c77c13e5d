import { Brand } from './beacon.js';
import { keepEarlyWishes } from './early-wishes.js';
import { FilterBar } from './filter-bar.js';
import { closeMenu, Menu } from './menu.js';
import { listenToKeys } from './page-keys.js';
import { SettingsMenu } from './settings-menu.js';
import {
  freshAt,
  isEmbedded,
  isList,
  isMapOpen,
  repaint,
  showTab,
  status,
  tab,
  table,
  view,
  wording,
  writeAddress,
} from './state.js';
import { probeTabs, tabs } from './tabs.js';
import { ToolIcon } from './tool-icon.js';
import type { Word } from './word.js';
import { counted, language, t } from './words.js';

listenToKeys();
void probeTabs();
keepEarlyWishes();

async function exportAs(form: 'json' | 'csv'): Promise<void> {
  closeMenu();
  const { exportList } = await import('./export.js');
  exportList(form, table, view.value);
}

/** On a phone not all tabs have room at once. */
const bringIntoSight = (tabElement: HTMLElement | null): void =>
  tabElement?.scrollIntoView({ block: 'nearest', inline: 'nearest' });

/** What stands above the list: tabs, the state of the connection, and what can be done with the list. */
export default function Controls() {
  wording.value;
  return (
    <div class="controls">
      {isList.value && (
        <a class="skip" href="#list">
          {t('top.skip')}
        </a>
      )}
      <header class="bar">
        <Brand />
        <nav class="tabs" aria-label={t('tabs')}>
          {tabs.value.map((one) => (
            <button
              key={one}
              type="button"
              class="tab"
              {...(one === tab.value
                ? { 'aria-current': 'page' as const, ref: bringIntoSight }
                : {})}
              onClick={() => showTab(one)}
            >
              {t(`tab.${one}` as Word)}
            </button>
          ))}
        </nav>
        <Live />
        <div class="actions">
          {isList.value && <ListActions />}
          {!isEmbedded && <SettingsMenu />}
        </div>
      </header>
      {isList.value && <FilterBar />}
      {status.value === 'offline' && <Lost />}
    </div>
  );
}

const Lost = () => (
  <p class="notice" role="status">
    {t('status.offlineLong', { time: new Date(freshAt.value).toLocaleTimeString(language) })}
  </p>
);

const ListActions = () => (
  <>
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
  </>
);

const Live = () => {
  repaint.value;
  const now = status.value;
  return (
    <p class={`live is-${now}`}>
      <span class="dot" aria-hidden="true" />
      <span class="state">{t(`status.${now === 'failed' ? 'offline' : now}`)}</span>
      <span class="totals">
        {counted(table.servers, 'servers')}
        <span class="players"> · {counted(table.players, 'players')}</span>
        {table.bots > 0 && <span class="bots"> · {counted(table.bots, 'bots')}</span>}
      </span>
    </p>
  );
};
