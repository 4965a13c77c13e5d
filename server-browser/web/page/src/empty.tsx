import { Beacon } from './beacon.js';
import { NO_FILTERS } from './filters.js';
import { follow } from './live.js';
import { favourites, visited } from './saved.js';
import { setFilters, status, tab, table } from './state.js';
import { counted, t } from './words.js';

/** What stands in place of rows: why there are none, and the way out. */
export default function Empty() {
  const saved = tab.value === 'favourites' ? favourites : tab.value === 'history' ? visited : null;
  if (status.value === 'failed') {
    return (
      <div class="empty" role="alert">
        <Beacon />
        <p>{t('status.failed')}</p>
        <button type="button" class="button" onClick={() => void follow()}>
          {t('retry')}
        </button>
      </div>
    );
  }
  const isFiltered = table.size > 0 && (saved === null || saved.value.size > 0);
  const reason = isFiltered
    ? t('empty.filtered')
    : t(
        saved === favourites
          ? 'empty.favourites'
          : saved === visited
            ? 'empty.history'
            : 'empty.none',
      );
  const absent = saved === null ? 0 : saved.value.size;
  return (
    <div class="empty" role="status">
      <Beacon />
      <h2>{t('empty.title')}</h2>
      <p>{reason}</p>
      {isFiltered && absent > 0 && <p class="muted">{counted(absent, 'absent')}</p>}
      {isFiltered && (
        <button type="button" class="button" onClick={() => setFilters(NO_FILTERS)}>
          {t('filter.reset')}
        </button>
      )}
    </div>
  );
}
