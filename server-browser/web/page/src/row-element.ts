import {
  meterClass,
  meterPath,
  nameClass,
  pingClass,
  pingText,
  placeText,
  playersClass,
} from '../../row-html.js';
import { type RowView, rowView } from '../../row-view.js';
import { table } from './state.js';
import { countryName, number, t } from './words.js';

const language = { t, number, countryName };

const [ACTIVE, SELECTED, GONE] = [1, 2, 4];
const rowClass = (state: number): string =>
  `row${state & ACTIVE ? ' is-active' : ''}${state & SELECTED ? ' is-selected' : ''}${state & GONE ? ' is-gone' : ''}`;

const LABELS = [
  ['.icon-lock', 'row.password'],
  ['.icon-shield', 'row.secure'],
  ['.icon-warn', 'row.flagged'],
  ['.star', 'favourite.add'],
] as const;

/** The line that elements are copied from: it comes with the page, in no language yet. */
export function rowPattern(): HTMLElement {
  const pattern = document.querySelector<HTMLTemplateElement>('#row')?.content.firstElementChild;
  for (const [selector, word] of LABELS) {
    const element = pattern?.querySelector(selector);
    element?.setAttribute('aria-label', t(word));
    const title = element?.querySelector('title');
    if (title) title.textContent = t(word);
  }
  return pattern as HTMLElement;
}

/**
 * One line of the list, in elements that are used again for other servers: while the list scrolls they are
 * moved, and next to nothing is made that has to be collected.
 */
export class RowElement {
  readonly element: HTMLElement;
  readonly #star: HTMLElement;
  readonly #nameCell: HTMLElement;
  readonly #name: Text;
  readonly #tags: Text;
  readonly #game: Text;
  readonly #map: Text;
  readonly #playersCell: HTMLElement;
  readonly #players: Text;
  readonly #most: Text;
  readonly #bots: HTMLElement;
  readonly #meter: Element;
  readonly #pingCell: HTMLElement;
  readonly #ping: HTMLElement;
  readonly #pingText: Text;
  readonly #country: HTMLElement;
  readonly #region: Text;
  #row = -1;
  #revision = -1;
  #index = -1;
  #top = -1;
  #state = 0;
  #isFavourite = false;

  constructor(pattern: HTMLElement, slot: number) {
    const element = pattern.cloneNode(true) as HTMLElement;
    const find = (selector: string) => element.querySelector(selector) as HTMLElement;
    const text = (selector: string) => find(selector).firstChild as Text;
    element.id = `slot-${slot}`;
    this.element = element;
    this.#star = find('.star');
    this.#nameCell = find('.cell-name');
    this.#name = text('.cell-name .text');
    this.#tags = text('.tagline');
    this.#game = text('.cell-game .text');
    this.#map = text('.cell-map .text');
    this.#playersCell = find('.cell-players');
    this.#players = text('b');
    this.#most = text('.of');
    this.#bots = find('small');
    this.#meter = find('.meter');
    this.#pingCell = find('.cell-ping');
    this.#ping = find('.ping');
    this.#pingText = text('.ping > span');
    this.#country = find('.country');
    this.#region = text('.cell-region .text');
  }

  /** Shows that row of the table at that place of the view, so many pixels from the top. */
  show(
    row: number,
    index: number,
    top: number,
    isActive: boolean,
    isSelected: boolean,
    isFavourite: boolean,
  ): void {
    const revision = table.revision(row);
    if (row !== this.#row || revision !== this.#revision) {
      this.#row = row;
      this.#revision = revision;
      this.#fill(rowView(table.columns, row));
    }
    if (index !== this.#index) {
      this.#index = index;
      this.element.setAttribute('aria-rowindex', String(index + 2));
    }
    if (top !== this.#top) {
      this.#top = top;
      this.element.style.transform = `translateY(${top}px)`;
    }
    const state =
      (isActive ? ACTIVE : 0) | (isSelected ? SELECTED : 0) | (table.isGone(row) ? GONE : 0);
    if (state !== this.#state) {
      this.#state = state;
      this.element.className = rowClass(state);
      this.element.setAttribute('aria-selected', String(isSelected));
    }
    if (isFavourite !== this.#isFavourite) {
      this.#isFavourite = isFavourite;
      this.#star.setAttribute('aria-pressed', String(isFavourite));
      this.#star.setAttribute('aria-label', t(isFavourite ? 'favourite.remove' : 'favourite.add'));
    }
  }

  #fill(view: RowView): void {
    this.#name.data = view.name;
    this.#tags.data = view.tags;
    this.#game.data = view.game;
    this.#map.data = view.map;
    this.#nameCell.className = nameClass(view);
    this.#pingText.data = pingText(view.ping, language);
    this.#ping.className = pingClass(view.ping);
    this.#pingCell.title = view.isFakeIp ? t('row.fakeIp') : '';
    this.#country.textContent = view.country;
    this.#country.hidden = view.country === '';
    this.#region.data = placeText(view, language);
    this.#playersCell.className = playersClass(view);
    this.#playersCell.title = view.isMeasured ? '' : t('row.unmeasured');
    this.#players.data = String(view.players);
    (this.#players.parentElement as HTMLElement).className = view.players === 0 ? 'zero' : '';
    this.#most.data = `/${view.maxPlayers}`;
    this.#meter.setAttribute('class', meterClass(view));
    this.#meter.firstElementChild?.setAttribute('d', meterPath(view));
    this.#bots.hidden = view.bots === 0;
    if (view.bots === 0) return;
    const says = t('row.bots', { n: number(view.bots) });
    this.#bots.title = says;
    (this.#bots.firstChild as Text).data = `+${view.bots}`;
    (this.#bots.lastChild as HTMLElement).textContent = says;
  }
}
