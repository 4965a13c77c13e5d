import { Gauge, Counter as PromCounter, Histogram as PromHistogram, Registry } from 'prom-client';

/** A plain number that hot paths raise; read when metrics are scraped. */
export interface Counter {
  value: number;
}
export interface Histogram {
  observe(value: number): void;
}
/** Values from a fixed, small set; never addresses, players or names. */
export type Labels = Readonly<Record<string, string>>;

/** Metrics with the prefix of one plugin: `beaconry_<plugin>_<name>`. */
export interface Metrics {
  /** A counter that only rises; the name ends in `_total`. The same name with other labels gives another counter. */
  counter(name: string, help: string, labels?: Labels): Counter;
  /** A value read when metrics are scraped. */
  gauge(name: string, help: string, read: () => number, labels?: Labels): void;
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
}

interface Family {
  readonly help: string;
  readonly series: { readonly labels: Labels; read(): number; readonly counter?: Counter }[];
}

/** All metrics of one server, in a registry of its own. */
export class MetricsRegistry {
  readonly registry = new Registry();
  readonly #families = new Map<string, Family>();

  prefixed(prefix: string): Metrics {
    const full = (name: string) => `beaconry_${prefix.replaceAll('-', '_')}_${name}`;
    return {
      counter: (name, help, labels = {}) => this.#counter(full(name), help, labels),
      gauge: (name, help, read, labels = {}) => {
        const family = this.#family(full(name), help, labels, 'gauge');
        const known = family.series.findIndex((series) => sameLabels(series.labels, labels));
        if (known >= 0) family.series.splice(known, 1);
        family.series.push({ labels, read });
      },
      histogram: (name, help, buckets) => {
        const known = this.registry.getSingleMetric(full(name));
        if (known instanceof PromHistogram) return known;
        return new PromHistogram({
          name: full(name),
          help,
          buckets: [...buckets],
          registers: [this.registry],
        });
      },
    };
  }

  #counter(name: string, help: string, labels: Labels): Counter {
    const family = this.#family(name, help, labels, 'counter');
    const known = family.series.find((series) => sameLabels(series.labels, labels));
    if (known?.counter !== undefined) return known.counter;
    const counter: Counter = { value: 0 };
    family.series.push({ labels, counter, read: () => counter.value });
    return counter;
  }

  #family(name: string, help: string, labels: Labels, kind: 'counter' | 'gauge'): Family {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const family: Family = { help, series: [] };
    this.#families.set(name, family);
    const options = {
      name,
      help,
      labelNames: Object.keys(labels),
      registers: [this.registry],
    };
    if (kind === 'counter') {
      new PromCounter({
        ...options,
        collect() {
          this.reset();
          for (const { labels, read } of family.series) this.inc(labels, read());
        },
      });
    } else {
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const { labels, read } of family.series) this.set(labels, read());
        },
      });
    }
    return family;
  }
}

const sameLabels = (one: Labels, other: Labels): boolean => {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
};
