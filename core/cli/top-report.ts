import type { HeavySource } from '../net/heavy-sources.js';

/** What the admin endpoint of a node says, at one moment. */
export interface TopSample {
  /** Milliseconds; only differences count. */
  readonly at: number;
  readonly plugins: readonly { readonly name: string; readonly state: string }[];
  readonly endpoints: readonly EndpointSample[];
  readonly top: readonly { readonly endpoint: string; readonly sources: readonly HeavySource[] }[];
  /** Metrics in the text form of Prometheus. */
  readonly metrics: string;
}

/** Name and protocol, and counters, which only rise. */
export type EndpointSample = { readonly name: string; readonly protocol: string } & Readonly<
  Record<string, unknown>
>;

/** Counters of endpoints that tell of work done; all others tell of what was dropped. */
const work = ['received', 'sent', 'accepted', 'answers', 'pages'];
const drops = ['refused', 'unclaimed', 'shape', 'limited', 'unprovenLimited', 'decode', 'failed'];

/** The screen of `top`; rates are those since the sample before. */
export function topReport(now: TopSample, before?: TopSample): string {
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  return [
    pluginLine(now),
    '',
    ...endpointLines(now, before, seconds),
    '',
    ...refusalLines(now, before, seconds),
    ...now.top.flatMap(({ endpoint, sources }) => [
      `${endpoint}: heaviest sources, datagrams of about the last two minutes`,
      ...(sources.length === 0
        ? ['  none']
        : sources.map(({ host, datagrams }) => `  ${String(datagrams).padStart(10)}  ${host}`)),
    ]),
    '',
  ].join('\n');
}

function pluginLine({ plugins }: TopSample): string {
  const running = plugins.filter(({ state }) => state === 'running').length;
  const others = plugins
    .filter(({ state }) => state !== 'running')
    .map(({ name, state }) => `${name} ${state}`);
  const list = others.length === 0 ? '' : `; ${others.join(', ')}`;
  return `plugins: ${running} of ${plugins.length} running${list}`;
}

function endpointLines(now: TopSample, before: TopSample | undefined, seconds: number): string[] {
  const rows = now.endpoints
    .filter(({ protocol }) => protocol !== 'http')
    .map((endpoint) => {
      const old = before?.endpoints.find(({ name }) => name === endpoint.name);
      const count = (key: string) => numberOf(endpoint[key]);
      const shown = work.filter((key) => endpoint[key] !== undefined);
      const working = shown.map((key) => `${key} ${withRate(count(key), old?.[key], seconds)}`);
      const dropped = drops.filter((key) => count(key) > 0).map((key) => `${key} ${count(key)}`);
      const open = endpoint.open === undefined ? [] : [`open ${count('open')}`];
      return [
        `  ${endpoint.name.padEnd(12)} ${endpoint.protocol}  ${[...open, ...working].join('  ')}`,
        ...(dropped.length === 0 ? [] : [`  ${''.padEnd(12)}      dropped: ${dropped.join('  ')}`]),
      ];
    });
  return ['endpoints', ...(rows.length === 0 ? ['  none but http'] : rows.flat())];
}

/** What plugins refused, by reason: every counter that is called so. */
function refusalLines(now: TopSample, before: TopSample | undefined, seconds: number): string[] {
  const old = refusalsOf(before?.metrics ?? '');
  const rows = [...refusalsOf(now.metrics)]
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([what, count]) => `  ${withRate(count, old.get(what), seconds).padStart(18)}  ${what}`);
  return rows.length === 0 ? [] : ['refusals', ...rows, ''];
}

function refusalsOf(metrics: string): Map<string, number> {
  const found = new Map<string, number>();
  const pattern = /^beaconry_(\w+)_refusals_total\{.*?reason="([^"]*)".*\} ([0-9.e+]+)$/gm;
  for (const [, plugin, reason, count] of metrics.matchAll(pattern)) {
    found.set(`${plugin}: ${reason}`, Number(count));
  }
  return found;
}

function withRate(count: number, before: unknown, seconds: number): string {
  if (seconds <= 0 || before === undefined) return String(count);
  const rate = (count - numberOf(before)) / seconds;
  return `${count} (${rate >= 10 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1)}/s)`;
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
