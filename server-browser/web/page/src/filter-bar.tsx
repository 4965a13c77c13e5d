import { signal } from '@preact/signals';
import { type Filters, NO_FILTERS } from './filters.js';
import { options } from './options.js';
import { filters, setFilters, table, view } from './state.js';
import { ToolIcon } from './tool-icon.js';
import { countryName, number, t } from './words.js';

/** On a phone the filters are hidden until they are wanted. */
const isSheetOpen = signal(false);

/** Search and filters. */
export const FilterBar = () => {
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
          {now.country !== '' && (
            <button
              type="button"
              class="toggle"
              aria-pressed="true"
              onClick={() => setFilters({ country: '' })}
            >
              {t('filter.country', { country: countryName(now.country) })}
              <ToolIcon name="close" />
            </button>
          )}
        </span>
        {(used.length > 0 || now.q !== '') && (
          <button type="button" class="button quiet" onClick={() => setFilters(NO_FILTERS)}>
            {t('filter.reset')}
          </button>
        )}
      </div>
    </div>
  );
};

/** How many lines pass; on a phone only when some do not. */
const Shown = () => {
  const count = view.value.length;
  return (
    <span class={`shown${count === table.servers ? ' is-all' : ''}`} role="status">
      {t('shown', { n: number(count) })}
    </span>
  );
};

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
