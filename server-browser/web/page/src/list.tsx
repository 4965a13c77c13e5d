import { effect, signal } from '@preact/signals';
import { Component, createRef } from 'preact';
import { COLUMNS, Head } from './list-head.js';
import { RowElement, rowPattern } from './row-element.js';
import { favourites, toggleFavourite } from './saved.js';
import { active, moved, open, repaint, selected, table, view, wording } from './state.js';
import { t } from './words.js';

/** Rows drawn beyond both edges, so that a fast wheel finds them ready. */
const BEYOND = 6;
const narrow = matchMedia('(max-width: 640px)');

const first = signal(0);
const room = signal(20);
const height = signal(narrow.matches ? 58 : 40);
const SHOWN = [view, repaint, wording, first, room, height, active, selected, favourites];

/**
 * The list: only rows in sight exist, in elements that are used again for others. One element has the focus
 * and names the active row, so that readers of the screen hear what keys move to. Rows are no components: moving
 * them is what the page does most.
 */
export class List extends Component {
  readonly #grid = createRef<HTMLDivElement>();
  readonly #body = createRef<HTMLDivElement>();
  #rows: RowElement[] = [];
  #pattern: HTMLElement | undefined;
  #wording = -1;
  #isPlanned = false;
  #resize: ResizeObserver | undefined;
  #stop: (() => void) | undefined;

  override componentDidMount(): void {
    const grid = this.#grid.current as HTMLDivElement;
    grid.addEventListener('scroll', this.#scrolled, { passive: true });
    this.#resize = new ResizeObserver(this.#measure);
    this.#resize.observe(grid);
    narrow.addEventListener('change', this.#measure);
    this.#measure();
    this.#paint();
    const place = view.value.findIndex((row) => table.columns.address[row] === selected.value);
    if (place > 0) {
      active.value = place;
      grid.scrollTop = place * height.value - grid.clientHeight / 3;
    }
    this.#stop = effect(this.#plan);
  }

  override componentWillUnmount(): void {
    this.#stop?.();
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

  /** Paints once, whatever else changes in the same turn of what rows show. */
  readonly #plan = (): void => {
    for (const one of SHOWN) one.value;
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#paint();
    });
  };

  #paint(): void {
    const [grid, body] = [this.#grid.current, this.#body.current];
    if (grid === null || body === null) return;
    const rows = view.peek();
    const slots = room.peek() + 2 * BEYOND;
    const from = Math.max(0, Math.min(first.peek() - BEYOND, rows.length - slots));
    const end = Math.min(rows.length, from + slots);
    this.#makeRows(body, slots);
    for (let index = from; index < from + slots; index++) {
      const { element } = this.#rows[index % slots] as RowElement;
      if (index < end) this.#show(rows[index] as number, index, slots);
      const isThere = element.parentNode === body;
      if (index >= end) element.remove();
      else if (!isThere) body.append(element);
    }
    const place = active.peek();
    if (place < from || place >= end) grid.removeAttribute('aria-activedescendant');
    else grid.setAttribute('aria-activedescendant', `slot-${place % slots}`);
    grid.setAttribute('aria-rowcount', String(rows.length + 1));
    body.style.height = `${rows.length * height.peek()}px`;
  }

  #show(row: number, index: number, slots: number): void {
    const address = table.columns.address[row] ?? '';
    this.#rows[index % slots]?.show(
      row,
      index,
      index * height.peek(),
      index === active.peek(),
      address === selected.peek(),
      favourites.peek().has(address),
    );
  }

  /** As many elements as there are slots; other ones when the language changed. */
  #makeRows(body: HTMLElement, slots: number): void {
    const hasOtherWords = this.#wording !== wording.peek();
    if (!hasOtherWords && this.#rows.length === slots) return;
    if (hasOtherWords || this.#pattern === undefined) this.#pattern = rowPattern();
    this.#wording = wording.peek();
    body.replaceChildren();
    const pattern = this.#pattern;
    this.#rows = Array.from({ length: slots }, (_, slot) => new RowElement(pattern, slot));
  }

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

  readonly #click = (event: MouseEvent): void => {
    const target = event.target as Element;
    const index = Number(target.closest('.row')?.getAttribute('aria-rowindex') ?? 1) - 2;
    const row = view.value[index];
    if (row === undefined) return;
    const address = table.columns.address[row] ?? '';
    if (target.closest('.star') !== null) {
      toggleFavourite(address, table.columns.name[row] || address);
      return;
    }
    active.value = index;
    open(selected.peek() === address ? null : address);
  };

  override render() {
    wording.value;
    return (
      <div
        ref={this.#grid}
        id="list"
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label={t('list')}
        aria-colcount={COLUMNS.length}
        onKeyDown={this.#key}
      >
        <div role="rowgroup" class="head">
          <div role="row" aria-rowindex={1} class="columns">
            {COLUMNS.map((key) => (
              <Head key={key} column={key} />
            ))}
          </div>
        </div>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears the keys. */}
        <div ref={this.#body} role="rowgroup" class="body" onClick={this.#click} />
      </div>
    );
  }
}
