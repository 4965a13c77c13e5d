import { signal } from '@preact/signals';
import { Component, createRef } from 'preact';
import type { SortKey } from './filters.js';
import { isFavourite, Row } from './row.js';
import { toggleFavourite } from './saved.js';
import {
  active,
  moved,
  open,
  repaint,
  selected,
  sort,
  sortBy,
  table,
  view,
  wording,
} from './state.js';
import type { Word } from './word.js';
import { t } from './words.js';

const COLUMNS: readonly (SortKey | 'favourite')[] = [
  'favourite',
  'name',
  'game',
  'map',
  'players',
  'ping',
  'region',
];
/** Rows drawn beyond both edges, so that a fast wheel finds them ready. */
const BEYOND = 6;
const narrow = matchMedia('(max-width: 640px)');

const first = signal(0);
const room = signal(20);
const height = signal(narrow.matches ? 58 : 40);

/**
 * The list: only rows in sight exist, in elements that are used again for others. One element has the focus
 * and names the active row, so that readers of the screen hear what keys move to.
 */
export class List extends Component {
  readonly #grid = createRef<HTMLDivElement>();
  #resize: ResizeObserver | undefined;

  override componentDidMount(): void {
    const grid = this.#grid.current as HTMLDivElement;
    grid.addEventListener('scroll', this.#scrolled, { passive: true });
    this.#resize = new ResizeObserver(this.#measure);
    this.#resize.observe(grid);
    narrow.addEventListener('change', this.#measure);
    this.#measure();
  }

  override componentWillUnmount(): void {
    this.#resize?.disconnect();
    narrow.removeEventListener('change', this.#measure);
  }

  readonly #measure = (): void => {
    const grid = this.#grid.current;
    if (grid === null) return;
    height.value = narrow.matches ? 58 : 40;
    room.value = Math.ceil(grid.clientHeight / height.value) + 1;
    this.#scrolled();
  };

  readonly #scrolled = (): void => {
    moved();
    const top = this.#grid.current?.scrollTop ?? 0;
    first.value = Math.floor(top / height.value);
  };

  /** Moves the active row and brings it into sight. */
  #moveTo(index: number): void {
    const grid = this.#grid.current;
    const last = view.value.length - 1;
    if (grid === null || last < 0) return;
    const place = Math.max(0, Math.min(last, index));
    active.value = place;
    const head = grid.querySelector<HTMLElement>('.head')?.offsetHeight ?? 0;
    const top = place * height.value;
    const inSight = grid.clientHeight - head;
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (top + height.value > grid.scrollTop + inSight) {
      grid.scrollTop = top + height.value - inSight;
    }
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const page = Math.max(1, room.value - 3);
    const steps: Record<string, number> = {
      ArrowDown: active.value + 1,
      ArrowUp: active.value - 1,
      PageDown: active.value + page,
      PageUp: active.value - page,
      Home: 0,
      End: view.value.length - 1,
    };
    const address = table.columns.address[view.value[active.value] ?? -1];
    const step = steps[event.key];
    if (step !== undefined) this.#moveTo(step);
    else if (address === undefined) return;
    else if (event.key === 'Enter' || event.key === ' ') {
      open(address);
      document.dispatchEvent(new Event('beaconry:focus-detail'));
    } else if (event.key === 'f') {
      toggleFavourite(address, table.columns.name[view.value[active.value] ?? -1] ?? address);
    } else return;
    event.preventDefault();
  };

  override render() {
    const rows = view.value;
    repaint.value;
    const isReady = table.columns.event !== '';
    const slots = room.value + 2 * BEYOND;
    const from = Math.max(0, Math.min(first.value - BEYOND, rows.length - slots));
    const shown: [slot: number, index: number][] = [];
    for (let index = from; index < Math.min(rows.length, from + slots); index++) {
      shown.push([index % slots, index]);
    }
    shown.sort(([one], [other]) => one - other);
    const activeSlot = shown.find(([, index]) => index === active.value)?.[0];
    return (
      <div
        ref={this.#grid}
        id="list"
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label={t('list')}
        aria-rowcount={rows.length + 1}
        aria-colcount={COLUMNS.length}
        aria-busy={!isReady}
        {...(activeSlot === undefined ? {} : { 'aria-activedescendant': `slot-${activeSlot}` })}
        onKeyDown={this.#key}
      >
        <div role="rowgroup" class="head">
          <div role="row" aria-rowindex={1} class="columns">
            {COLUMNS.map((key) => (
              <Head key={key} column={key} />
            ))}
          </div>
        </div>
        <div role="rowgroup" class="body" style={{ height: `${rows.length * height.value}px` }}>
          {shown.map(([slot, index]) => {
            const row = rows[index] as number;
            const address = table.columns.address[row] ?? '';
            return (
              <Row
                key={slot}
                slot={slot}
                row={row}
                index={index}
                height={height.value}
                revision={table.revision(row)}
                isActive={index === active.value}
                isSelected={address === selected.value}
                isFavourite={isFavourite(address)}
                wording={wording.value}
              />
            );
          })}
        </div>
      </div>
    );
  }
}

const Head = ({ column }: { column: SortKey | 'favourite' }) => {
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
      <button type="button" class={`sort ${order ?? ''}`} onClick={() => sortBy(column)}>
        {label}
        <svg class="arrow" viewBox="0 0 10 6" aria-hidden="true">
          <path d="M1 5l4-4 4 4" />
        </svg>
      </button>
    </span>
  );
};
