import { signal } from '@preact/signals';
import { Component } from 'preact';
import type { ServerHistory } from '../../listed-server.js';
import { ask } from './ask.js';
import { lazy } from './lazy.js';
import { language, t } from './words.js';

const Chart = lazy<{ history: ServerHistory }>(
  () => import('./chart.js'),
  <div class="chart is-loading" />,
);

const RANGES = ['24h', '7d', '30d', '90d'] as const;
type Range = (typeof RANGES)[number];
/** `24h` as the language of the page writes it in a narrow place. */
const shortRange = (one: Range): string =>
  new Intl.NumberFormat(language, {
    style: 'unit',
    unit: one.endsWith('h') ? 'hour' : 'day',
    unitDisplay: 'narrow',
  }).format(Number.parseInt(one, 10));

/** Milliseconds: the shortest range has steps of five minutes, so more often shows nothing new. */
const REFRESH = 60_000;

const range = signal<Range>('24h');

/** Players and ping of one server over the time that the visitor chose. Has its address as its key. */
export class Past extends Component<{ address: string }> {
  readonly #history = signal<ServerHistory | null>(null);
  readonly #problem = signal<'detail.failed' | 'detail.noHistory' | null>(null);
  #timer = 0;

  override componentDidMount(): void {
    void this.#load();
    this.#timer = window.setInterval(() => {
      if (!document.hidden) void this.#load();
    }, REFRESH);
  }
  override componentWillUnmount(): void {
    clearInterval(this.#timer);
  }

  async #load(): Promise<void> {
    const wanted = range.value;
    const path = `v1/servers/${encodeURIComponent(this.props.address)}/history?range=${wanted}`;
    const found = await ask<ServerHistory>(path);
    if (wanted !== range.value) return;
    this.#problem.value =
      found === null ? 'detail.failed' : found === 404 ? 'detail.noHistory' : null;
    if (found !== null && found !== 404) this.#history.value = found;
  }

  override render() {
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
                  void this.#load();
                }}
              >
                {shortRange(one)}
              </button>
            ))}
          </fieldset>
        </div>
        {this.#chart()}
      </section>
    );
  }

  #chart() {
    const history = this.#history.value;
    const isEmpty = history?.players.every((players) => players === null) === true;
    const problem = isEmpty ? 'detail.noHistory' : history === null ? this.#problem.value : null;
    if (problem !== null) return <p class="chart muted is-empty">{t(problem)}</p>;
    return history === null ? <div class="chart is-loading" /> : <Chart history={history} />;
  }
}
