import type { SortKey } from './filters.js';
import { sort, sortBy } from './state.js';
import type { Word } from './word.js';
import { t } from './words.js';

export const COLUMNS: readonly (SortKey | 'favourite')[] = [
  'favourite',
  'name',
  'game',
  'map',
  'players',
  'ping',
  'region',
];

/** The head of a column, which sorts by it. */
export const Head = ({ column }: { column: SortKey | 'favourite' }) => {
  const label = t(`column.${column}` as Word);
  if (column === 'favourite') {
    return (
      <span role="columnheader" class="cell-star">
        <span class="hidden">{label}</span>
      </span>
    );
  }
  const { key, descending } = sort.value;
  const order = key === column ? (descending ? 'descending' : 'ascending') : undefined;
  return (
    <span
      role="columnheader"
      class={`cell-${column}`}
      {...(order === undefined ? {} : { 'aria-sort': order })}
    >
      <button
        type="button"
        class={order === undefined ? 'sort' : `sort ${order}`}
        onClick={() => sortBy(column)}
      >
        {label}
        <svg class="arrow" viewBox="0 0 10 6" aria-hidden="true">
          <path d="M1 5l4-4 4 4" />
        </svg>
      </button>
    </span>
  );
};
