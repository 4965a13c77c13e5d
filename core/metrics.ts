import { Gauge, Counter as PromCounter, Histogram as PromHistogram, Registry } from 'prom-client';
import { ServerError } from './errors.js';

/** A plain number that hot paths raise; read when metrics are scraped. */
export interface Counter {
  value: number;
}
/** Values that are counted by size, such as times. */
export interface Histogram {
  observe(value: number): void;
}
/** Values from a fixed, small set; never addresses, players or names. */
export type Labels = Readonly<Record<string, string>>;

/** Metrics with the prefix of one plugin: `beaconry_<plugin>_<name>`. */
export interface Metrics {
  /**
   * A counter that only rises; the name ends in `_total`. The same name with other values of the same labels gives
   * another counter, with the same values the same one.
   */
  counter(name: string, help: string, labels?: Labels): Counter;
  /** A counter that is kept elsewhere as a plain number and read when metrics are scraped. */
  total(name: string, help: string, read: () => number, labels?: Labels): void;
  /** A value read when metrics are scraped; declared again, the later `read` counts. */
  gauge(name: string, help: string, read: () => number, labels?: Labels): void;
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
}

type Kind = 'counter' | 'gauge' | 'histogram';

interface Series {
  readonly labels: Labels;
  readonly read: () => number;
  readonly counter?: Counter;
}

interface Family {
  readonly kind: Kind;
  readonly labelNames: string;
  /** By label values, so that looking one up costs the same however many there are. */
  readonly series: Map<string, Series>;
  readonly histogram?: PromHistogram;
}

/** Most series of one name: a label that grows without end is a mistake of the plugin, not a reason to die. */
const maxSeries = 1000;

/** All metrics of one server, in a registry of its own. */
export class MetricsRegistry {
  readonly registry = new Registry();
  readonly #families = new Map<string, Family>();

  /** Errors `METRIC`: a name that Prometheus does not allow, or one declared before as something else. */
  prefixed(prefix: string): Metrics {
    const full = (name: string) => `beaconry_${prefix.replaceAll('-', '_')}_${name}`;
    return {
      counter: (name, help, labels = {}) => this.#counter(full(name), help, labels),
      total: (name, help, read, labels = {}) => {
        const family = this.#family(full(name), help, labels, 'counter');
        addSeries(full(name), family, { labels, read });
      },
      gauge: (name, help, read, labels = {}) => {
        const family = this.#family(full(name), help, labels, 'gauge');
        addSeries(full(name), family, { labels, read });
      },
      histogram: (name, help, buckets) => this.#histogram(full(name), help, buckets),
    };
  }

  #counter(name: string, help: string, labels: Labels): Counter {
    const family = this.#family(name, help, labels, 'counter');
    const known = family.series.get(seriesKey(labels))?.counter;
    if (known !== undefined) return known;
    const counter: Counter = { value: 0 };
    addSeries(name, family, { labels, counter, read: () => counter.value });
    return counter;
  }

  #histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    const known = this.#known(name, 'histogram', '');
    if (known?.histogram !== undefined) return known.histogram;
    checkNames(name, []);
    const histogram = new PromHistogram({
      name,
      help,
      buckets: [...buckets],
      registers: [this.registry],
    });
    this.#families.set(name, { kind: 'histogram', labelNames: '', series: new Map(), histogram });
    return histogram;
  }

  #family(name: string, help: string, labels: Labels, kind: 'counter' | 'gauge'): Family {
    const labelNames = Object.keys(labels).sort();
    const known = this.#known(name, kind, labelNames.join());
    if (known !== undefined) return known;
    checkNames(name, labelNames);
    if (kind === 'counter' && !name.endsWith('_total')) {
      throw new ServerError('METRIC', `the name of counter ${name} must end in _total`);
    }
    const series = new Map<string, Series>();
    const options = { name, help, labelNames, registers: [this.registry] };
    if (kind === 'counter') {
      new PromCounter({
        ...options,
        collect() {
          this.reset();
          for (const { labels, read } of series.values()) this.inc(labels, readOrNaN(read) || 0);
        },
      });
    } else {
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const { labels, read } of series.values()) {
            const value = readOrNaN(read);
            this.set(labels, value);
          }
        },
      });
    }
    const family: Family = { kind, labelNames: labelNames.join(), series };
    this.#families.set(name, family);
    return family;
  }

  #known(name: string, kind: Kind, labelNames: string): Family | undefined {
    const known = this.#families.get(name);
    if (known === undefined) return undefined;
    if (known.kind !== kind || known.labelNames !== labelNames) {
      throw new ServerError(
        'METRIC',
        `metric ${name} is declared as ${kind} with labels [${labelNames}], and before as ${known.kind} with labels [${known.labelNames}]; give one of them another name`,
      );
    }
    return known;
  }
}

function addSeries(name: string, family: Family, series: Series): void {
  const key = seriesKey(series.labels);
  if (!family.series.has(key) && family.series.size >= maxSeries) {
    throw new ServerError(
      'METRIC',
      `metric ${name} has ${maxSeries} series already; label values come from a fixed, small set`,
    );
  }
  family.series.set(key, series);
}

const seriesKey = (labels: Labels): string =>
  JSON.stringify(
    Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)),
  );

/** One gauge that fails must not take all other metrics with it. */
function readOrNaN(read: () => number): number {
  try {
    const value = read();
    return typeof value === 'number' ? value : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

function checkNames(name: string, labelNames: readonly string[]): void {
  const wrong = [name, ...labelNames].find((text) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(text));
  if (wrong !== undefined) {
    throw new ServerError(
      'METRIC',
      `${JSON.stringify(wrong)} is no name of a metric or label: letters, digits and _ are allowed`,
    );
  }
}
