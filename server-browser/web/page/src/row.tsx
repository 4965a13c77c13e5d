import { Component } from 'preact';
import { Bit } from '../../listed-server.js';
import { gameOf } from './filters.js';
import { Icon } from './icon.js';
import { favourites, toggleFavourite } from './saved.js';
import { active, open, selected, table } from './state.js';
import type { Word } from './word.js';
import { number, t } from './words.js';

export interface RowProps {
  readonly row: number;
  /** Place in the view. */
  readonly index: number;
  /** Element that is used again for another row. */
  readonly slot: number;
  readonly height: number;
  readonly revision: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly isFavourite: boolean;
  /** Rises with the language. */
  readonly wording: number;
}

const pingClass = (ping: number) =>
  ping < 0 ? 'none' : ping < 60 ? 'good' : ping < 130 ? 'fair' : 'poor';

/** Four bars, as many of them lit as the connection is good. */
export const Ping = ({ ping }: { ping: number }) => (
  <span class={`ping ping-${pingClass(ping)}`}>
    <svg class="bars" viewBox="0 0 16 12" aria-hidden="true">
      <path d="M0 9h3v3H0z" />
      <path d="M4.3 6h3v6h-3z" />
      <path d="M8.6 3h3v9h-3z" />
      <path d="M13 0h3v12h-3z" />
    </svg>
    {ping < 0 ? '–' : number(ping)}
  </span>
);

/** One line of the list. It is drawn again only when something in it changed. */
export class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    for (const key in next) {
      if (next[key as keyof RowProps] !== this.props[key as keyof RowProps]) return true;
    }
    return false;
  }

  override render({ row, index, slot, height, isActive, isSelected, isFavourite }: RowProps) {
    const c = table.columns;
    const address = c.address[row] ?? '';
    const name = c.name[row] || address;
    const players = c.players[row] ?? 0;
    const most = c.maxPlayers[row] ?? 0;
    const bots = c.bots[row] ?? 0;
    const country = table.text(c.country[row]);
    const flags = table.flags(row).replace(/,?duplicate/, '');
    const isMeasured = table.has(row, Bit.verified);
    const share = most === 0 ? 0 : Math.min(1, players / most);
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears the keys.
      <div
        role="row"
        id={`slot-${slot}`}
        class={`row${isActive ? ' is-active' : ''}${isSelected ? ' is-selected' : ''}${table.isGone(row) ? ' is-gone' : ''}`}
        aria-rowindex={index + 2}
        aria-selected={isSelected}
        style={{ transform: `translateY(${index * height}px)` }}
        onClick={() => {
          active.value = index;
          open(selected.peek() === address ? null : address);
        }}
      >
        <span role="gridcell" class="cell-star">
          <button
            type="button"
            tabIndex={-1}
            class="star"
            aria-pressed={isFavourite}
            aria-label={t(isFavourite ? 'favourite.remove' : 'favourite.add')}
            onClick={(event) => {
              event.stopPropagation();
              toggleFavourite(address, name);
            }}
          >
            <Icon name="star" />
          </button>
        </span>
        <span role="gridcell" class="cell-name">
          <bdi class="text">{name}</bdi>
          {table.has(row, Bit.password) && <Icon name="lock" label={t('row.password')} />}
          {table.has(row, Bit.secure) && <Icon name="shield" label={t('row.secure')} />}
          {flags !== '' && <Icon name="warn" label={t('row.flagged')} />}
        </span>
        <span role="gridcell" class="cell-game">
          <bdi class="text">{gameOf(table, row)}</bdi>
        </span>
        <span role="gridcell" class="cell-map">
          <bdi class="text">{table.text(c.map[row])}</bdi>
        </span>
        <span
          role="gridcell"
          class={`cell-players${isMeasured ? '' : ' is-claimed'}`}
          {...(isMeasured ? {} : { title: t('row.unmeasured') })}
        >
          <span class="count">
            <b class={players === 0 ? 'zero' : ''}>{players}</b>
            <span class="of">/{most}</span>
            {bots > 0 && (
              <small title={t('row.bots', { n: number(bots) })}>
                +{bots}
                <span class="hidden">{t('row.bots', { n: number(bots) })}</span>
              </small>
            )}
          </span>
          <span
            class={`meter${share === 1 ? ' is-full' : share > 0.8 ? ' is-crowded' : ''}`}
            aria-hidden="true"
          >
            <i style={{ transform: `scaleX(${share})` }} />
          </span>
        </span>
        <span
          role="gridcell"
          class="cell-ping"
          {...(table.has(row, Bit.fakeIp) ? { title: t('row.fakeIp') } : {})}
        >
          <Ping ping={c.ping[row] ?? -1} />
        </span>
        <span role="gridcell" class="cell-region">
          {country !== '' && <span class="country">{country}</span>}
          <span class="text">{t(`region.${c.region[row] ?? 255}` as Word)}</span>
        </span>
      </div>
    );
  }
}

export const isFavourite = (address: string): boolean => favourites.value.has(address);
