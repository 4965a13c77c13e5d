import { signal } from '@preact/signals';
import { Component, createRef } from 'preact';
import type { ServerDetail } from '../../listed-server.js';
import { ask } from './ask.js';
import { Icon } from './icon.js';
import { remember } from './remember.js';
import { favourites, toggleFavourite } from './saved.js';
import { Actions } from './server-actions.js';
import { Facts } from './server-facts.js';
import { Past } from './server-past.js';
import { Players, Rules } from './server-people.js';
import { open, repaint, selected, table } from './state.js';
import { ToolIcon } from './tool-icon.js';
import { t } from './words.js';

/** Milliseconds between two looks at an open server: what this node asks it comes that often at most. */
const REFRESH = 10_000;

const detail = signal<ServerDetail | null>(null);
const problem = signal<'gone' | 'failed' | null>(null);

async function loadDetail(address: string): Promise<void> {
  const found = await ask<ServerDetail>(`v1/servers/${encodeURIComponent(address)}`);
  if (address !== selected.value) return;
  problem.value = found === 404 ? 'gone' : found === null ? 'failed' : null;
  if (found !== 404 && found !== null) detail.value = found;
}

/** What is known of one server. */
export default class Detail extends Component {
  readonly #panel = createRef<HTMLElement>();
  #address = '';
  #timer = 0;

  override componentDidMount(): void {
    document.addEventListener('beaconry:focus-detail', this.#focus);
    this.#timer = window.setInterval(() => {
      if (!document.hidden && this.#address !== '') void loadDetail(this.#address);
    }, REFRESH);
    this.#load();
    // It was opened with a key: the script came later than the wish.
    if (document.activeElement?.id === 'list') this.#focus();
  }
  override componentDidUpdate(): void {
    this.#load();
  }
  override componentWillUnmount(): void {
    document.removeEventListener('beaconry:focus-detail', this.#focus);
    clearInterval(this.#timer);
    detail.value = null;
  }

  readonly #focus = (): void => {
    this.#panel.current?.querySelector<HTMLElement>('h2')?.focus();
  };

  #load(): void {
    const address = selected.value;
    if (address === null || address === this.#address) return;
    this.#address = address;
    detail.value = null;
    problem.value = null;
    const row = table.rowOf(address);
    // A link may name what it likes; only servers of the list belong to what was looked at.
    if (row !== undefined) remember(address, table.columns.name[row] || address);
    void loadDetail(address);
  }

  override render() {
    repaint.value;
    const address = selected.value;
    if (address === null) return null;
    const row = table.rowOf(address);
    const found = detail.value?.address === address ? detail.value : null;
    const name = found?.name ?? (row === undefined ? address : table.columns.name[row]) ?? address;
    const isFavourite = favourites.value.has(address);
    return (
      <aside ref={this.#panel} class="detail" aria-label={t('detail')}>
        <div class="detail-head">
          <h2 tabIndex={-1}>
            <bdi>{name || address}</bdi>
          </h2>
          <button
            type="button"
            class="button icon-only quiet star"
            aria-pressed={isFavourite}
            aria-label={t(isFavourite ? 'favourite.remove' : 'favourite.add')}
            onClick={() => toggleFavourite(address, name)}
          >
            <Icon name="star" />
          </button>
          <button
            type="button"
            class="button icon-only quiet"
            aria-label={t('detail.close')}
            onClick={() => {
              open(null);
              document.getElementById('list')?.focus();
            }}
          >
            <ToolIcon name="close" />
          </button>
        </div>
        <Actions address={address} name={name} found={found} />
        {problem.value !== null && (
          <p class="warning" role="status">
            <Icon name="warn" />
            {t(`detail.${problem.value}`)}
          </p>
        )}
        {found !== null && <Facts found={found} />}
        <Past key={address} address={address} />
        {found !== null && <Players found={found} />}
        {found !== null && <Rules found={found} />}
      </aside>
    );
  }
}
