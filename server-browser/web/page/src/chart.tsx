import { Component, createRef } from 'preact';
import uPlot from 'uplot';
import type { ServerHistory } from '../../listed-server.js';
import { language, number, t } from './words.js';

const HEIGHT = 170;
/** Seconds: steps up to this one make a chart of hours, longer ones of days. */
const SHORT_STEP = 300;

/** Steps without an answer over which the line goes on: a server may be asked less often than there are steps. */
const BRIDGED = 3;

const color = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Players and ping over time. */
export default class Chart extends Component<{ history: ServerHistory }> {
  readonly #place = createRef<HTMLDivElement>();
  #plot: uPlot | undefined;
  #resize: ResizeObserver | undefined;
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');
  readonly #themes = new MutationObserver(() => this.#draw());

  override componentDidMount(): void {
    this.#draw();
    this.#scheme.addEventListener('change', this.#draw);
    this.#themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    this.#resize = new ResizeObserver(() => {
      const width = this.#place.current?.clientWidth ?? 0;
      if (width > 0) this.#plot?.setSize({ width, height: HEIGHT });
    });
    if (this.#place.current !== null) this.#resize.observe(this.#place.current);
  }
  override componentDidUpdate(): void {
    this.#draw();
  }
  override shouldComponentUpdate(next: { history: ServerHistory }): boolean {
    return next.history !== this.props.history;
  }
  override componentWillUnmount(): void {
    this.#scheme.removeEventListener('change', this.#draw);
    this.#themes.disconnect();
    this.#resize?.disconnect();
    this.#plot?.destroy();
  }

  readonly #draw = (): void => {
    const place = this.#place.current;
    if (place === null) return;
    this.#plot?.destroy();
    const { history } = this.props;
    const start = Date.parse(history.start) / 1000;
    const times = history.players.map((_, index) => start + index * history.step);
    const axis = {
      stroke: color('--muted'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    };
    const format = new Intl.DateTimeFormat(
      language,
      history.step <= SHORT_STEP
        ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
        : { day: 'numeric', month: 'short' },
    );
    // A line needs two points; what was measured just now has one.
    const points = { show: history.players.filter((n) => n !== null).length < 4, size: 5 };
    const gaps: uPlot.Series.GapsRefiner = (plot, _series, _from, _to, found) => {
      const step = plot.valToPos(start + history.step, 'x', true) - plot.valToPos(start, 'x', true);
      return found.filter(([from, to]) => to - from > step * BRIDGED);
    };
    const most = Math.max(4, ...history.players.map((n) => n ?? 0));
    this.#plot = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        padding: [8, 4, 0, 0],
        legend: { show: false },
        cursor: { y: false },
        scales: {
          y: { range: [0, most * 1.1] },
          ping: { range: (_, __, max) => [0, Math.max(50, (max ?? 0) * 1.2)] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            values: (_, splits) => splits.map((at) => format.format(at * 1000)),
          },
          { ...axis, size: 34 },
          { ...axis, scale: 'ping', side: 1, size: 38, grid: { show: false } },
        ],
        series: [
          {},
          {
            stroke: color('--accent'),
            width: 2,
            fill: color('--accent-soft'),
            gaps,
            points,
          },
          {
            scale: 'ping',
            stroke: color('--good'),
            width: 1.25,
            dash: [3, 3],
            gaps,
            points,
          },
        ],
      },
      [times, [...history.players], [...history.ping]],
      place,
    );
  };

  override render({ history }: { history: ServerHistory }) {
    const known = history.players.filter((n): n is number => n !== null);
    const pings = history.ping.filter((n): n is number => n !== null);
    const mean = (all: readonly number[]) =>
      all.length === 0 ? 0 : Math.round(all.reduce((sum, one) => sum + one, 0) / all.length);
    const summary = `${t('column.players')}: ${number(Math.min(...known))}–${number(Math.max(...known))}, ø ${number(mean(known))}. ${t('column.ping')}: ø ${t('ms', { n: number(mean(pings)) })}`;
    return (
      <figure class="chart-box">
        <div ref={this.#place} class="chart" role="img" aria-label={summary} />
        <figcaption>
          <span class="key key-players">{t('column.players')}</span>
          <span class="key key-ping">{t('column.ping')}</span>
          <span class="muted">{`ø ${number(mean(known))} · ${t('ms', { n: number(mean(pings)) })}`}</span>
        </figcaption>
      </figure>
    );
  }
}
