import { signal } from '@preact/signals';
import { Component, createRef } from 'preact';
import type { ServerDetail, ServerHistory } from '../../listed-server.js';
import { Icon } from './icon.js';
import { lazy } from './lazy.js';
import { joinLinks, splitAddress } from './links.js';
import { Ping } from './row.js';
import { favourites, remember, toggleFavourite } from './saved.js';
import { open, repaint, selected, table } from './state.js';
import { ago, duration } from './times.js';
import { ToolIcon } from './tool-icon.js';
import type { Word } from './word.js';
import { number, t } from './words.js';

const Chart = lazy<{ history: ServerHistory }>(
  () => import('./chart.js'),
  <div class="chart is-loading" />,
);

const RANGES = ['24h', '7d', '30d', '90d'] as const;
type Range = (typeof RANGES)[number];
/** Milliseconds between two looks at an open server: what this node asks it comes that often at most. */
const REFRESH = 10_000;

const detail = signal<ServerDetail | null>(null);
const history = signal<ServerHistory | null>(null);
const range = signal<Range>('24h');
const problem = signal<'gone' | 'failed' | null>(null);
const isCopied = signal(false);

async function ask<T>(path: string): Promise<T | 404 | null> {
  try {
    const response = await fetch(path);
    if (response.status === 404) return 404;
    return response.ok ? ((await response.json()) as T) : null;
  } catch {
    return null;
  }
}

async function loadDetail(address: string): Promise<void> {
  const found = await ask<ServerDetail>(`v1/servers/${encodeURIComponent(address)}`);
  if (address !== selected.value) return;
  problem.value = found === 404 ? 'gone' : found === null ? 'failed' : null;
  if (found !== 404 && found !== null) detail.value = found;
}

async function loadHistory(address: string): Promise<void> {
  const wanted = range.value;
  const path = `v1/servers/${encodeURIComponent(address)}/history?range=${wanted}`;
  const found = await ask<ServerHistory>(path);
  if (address !== selected.value || wanted !== range.value) return;
  history.value = found === 404 ? null : found;
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
    detail.value = history.value = null;
  }

  readonly #focus = (): void => {
    this.#panel.current?.querySelector<HTMLElement>('h2')?.focus();
  };

  #load(): void {
    const address = selected.value;
    if (address === null || address === this.#address) return;
    this.#address = address;
    detail.value = history.value = null;
    problem.value = null;
    isCopied.value = false;
    const row = table.rowOf(address);
    remember(address, (row === undefined ? undefined : table.columns.name[row]) ?? address);
    void loadDetail(address);
    void loadHistory(address);
  }

  override render() {
    repaint.value;
    const address = selected.value;
    if (address === null) return null;
    const row = table.rowOf(address);
    const found = detail.value?.address === address ? detail.value : null;
    const name = found?.name ?? (row === undefined ? address : table.columns.name[row]) ?? address;
    return (
      <aside ref={this.#panel} class="detail" aria-label={t('detail')}>
        <div class="detail-head">
          <h2 tabIndex={-1}>
            <bdi>{name || address}</bdi>
          </h2>
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
        <Past address={address} />
        {found !== null && <Players found={found} />}
        {found !== null && <Rules found={found} />}
      </aside>
    );
  }
}

const Actions = ({
  address,
  name,
  found,
}: {
  address: string;
  name: string;
  found: ServerDetail | null;
}) => {
  const isFavourite = favourites.value.has(address);
  const links =
    found === null
      ? []
      : joinLinks(
          {
            ...splitAddress(address),
            port: found.gamePort,
            modDir: found.modDir,
            appId: found.appId,
          },
          t('detail.join'),
        );
  return (
    <div class="detail-actions">
      {links.map(({ label, url }, index) => (
        <a
          key={url}
          class={`button${index === 0 ? ' primary' : ''}`}
          href={url}
          rel="noopener noreferrer"
          onClick={() => remember(address, name)}
        >
          <ToolIcon name={index === 0 ? 'play' : 'link'} />
          {label}
        </a>
      ))}
      <button
        type="button"
        class="button"
        onClick={() => {
          void navigator.clipboard?.writeText(address).then(() => {
            isCopied.value = true;
            setTimeout(() => {
              isCopied.value = false;
            }, 2000);
          });
        }}
        aria-label={`${t('detail.copy')} ${address}`}
      >
        <ToolIcon name={isCopied.value ? 'check' : 'copy'} />
        <span class="address" role="status">
          {isCopied.value ? t('detail.copied') : address}
        </span>
      </button>
      <button
        type="button"
        class="button icon-only star"
        aria-pressed={isFavourite}
        aria-label={t(isFavourite ? 'favourite.remove' : 'favourite.add')}
        onClick={() => toggleFavourite(address, name)}
      >
        <Icon name="star" />
      </button>
    </div>
  );
};

/** Flags of other plugins have no text here and are shown as they are. */
const flagText = (flag: string): string => {
  const key = `flag.${flag}`;
  const text = t(key as Word);
  return text === key ? flag : text;
};

const SYSTEMS: Readonly<Record<string, string>> = {
  l: 'Linux',
  w: 'Windows',
  m: 'macOS',
  o: 'macOS',
};

const Facts = ({ found }: { found: ServerDetail }) => {
  const kind = [
    t(found.dedicated ? 'detail.dedicated' : 'detail.listen'),
    ...(found.secure ? [t('detail.secure')] : []),
    ...(found.password ? [t('detail.password')] : []),
  ];
  const facts: [string, string][] = [
    [t('filter.game'), found.game || found.modDir],
    [
      t('column.region'),
      [found.country, t(`region.${found.region}` as Word)].filter(Boolean).join(' · '),
    ],
    [t('detail.version'), found.version],
    [t('detail.os'), SYSTEMS[found.os] ?? ''],
    [t('detail.kind'), kind.join(', ')],
    [t('detail.steamId'), found.steamId ?? ''],
    [t('detail.also'), found.alsoListedAs.join(', ')],
    [t('detail.source'), found.source],
  ];
  return (
    <>
      {found.flags.length > 0 && (
        <ul class="flags">
          {found.flags.map((flag) => (
            <li key={flag}>
              <Icon name="warn" />
              {flagText(flag)}
            </li>
          ))}
        </ul>
      )}
      <div class="tiles">
        <div class="tile">
          <span class="tile-label">{t('column.players')}</span>
          <span class="tile-value">
            {number(found.players)}
            <small>
              /{number(found.maxPlayers)}
              {found.bots > 0 && ` +${found.bots}`}
            </small>
          </span>
        </div>
        <div class="tile">
          <span class="tile-label">{t('column.ping')}</span>
          <span class="tile-value">
            <Ping ping={found.ping ?? -1} />
          </span>
        </div>
        <div class="tile wide">
          <span class="tile-label">{t('column.map')}</span>
          <span class="tile-value">
            <bdi>{found.map || '–'}</bdi>
          </span>
        </div>
      </div>
      <p class="measured">
        {found.measuredAt === undefined
          ? t('detail.announced')
          : t('detail.measured', { ago: ago(found.measuredAt) })}
      </p>
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
      </dl>
      {found.tags.length > 0 && (
        <ul class="tags" aria-label={t('detail.tags')}>
          {found.tags.map((tag) => (
            <li key={tag}>
              <bdi>{tag}</bdi>
            </li>
          ))}
        </ul>
      )}
    </>
  );
};

const Past = ({ address }: { address: string }) => {
  const past = history.value;
  const isEmpty = past?.players.every((players) => players === null) === true;
  return (
    <section class="past">
      <div class="section-head">
        <h3>{t('detail.chart')}</h3>
        <fieldset class="ranges">
          <legend class="hidden">{t('detail.range')}</legend>
          {RANGES.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === range.value}
              title={t(`range.${one}`)}
              onClick={() => {
                range.value = one;
                void loadHistory(address);
              }}
            >
              {one}
            </button>
          ))}
        </fieldset>
      </div>
      {past === null ? (
        <div class="chart is-loading" />
      ) : isEmpty ? (
        <p class="chart muted is-empty">{t('detail.noHistory')}</p>
      ) : (
        <Chart history={past} />
      )}
    </section>
  );
};

const Players = ({ found }: { found: ServerDetail }) => (
  <section>
    <div class="section-head">
      <h3>{t('detail.players')}</h3>
      {found.detailsAt !== undefined && (
        <span class="muted">{t('detail.detailsAt', { ago: ago(found.detailsAt) })}</span>
      )}
    </div>
    {found.playerList.length === 0 ? (
      <p class="muted">{t('detail.noPlayers')}</p>
    ) : (
      <table class="people">
        <thead>
          <tr>
            <th scope="col">{t('detail.player')}</th>
            <th scope="col">{t('detail.score')}</th>
            <th scope="col">{t('detail.time')}</th>
          </tr>
        </thead>
        <tbody>
          {[...found.playerList]
            .sort((one, other) => other.score - one.score)
            .map(({ name, score, duration: seconds }, index) => (
              <tr key={index}>
                <td>
                  {name === '' ? <i class="muted">{t('detail.joining')}</i> : <bdi>{name}</bdi>}
                </td>
                <td>{number(score)}</td>
                <td>{duration(seconds)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    )}
  </section>
);

const Rules = ({ found }: { found: ServerDetail }) => {
  const rules = Object.entries(found.rules).sort(([one], [other]) => (one < other ? -1 : 1));
  return (
    <section>
      <details class="rules">
        <summary>
          {t('detail.rules')} <span class="muted">{number(rules.length)}</span>
        </summary>
        {rules.length === 0 ? (
          <p class="muted">{t('detail.noRules')}</p>
        ) : (
          <dl>
            {rules.map(([name, value]) => (
              <div key={name}>
                <dt>
                  <bdi>{name}</bdi>
                </dt>
                <dd>
                  <bdi>{value || '–'}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </section>
  );
};
