import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from '../core/store/eventually.js';
import { RedisProcess } from '../core/store/redis-process.js';
import { DatagramTraffic } from './datagram-traffic.js';
import { NodeProcess } from './node-process.js';
import { pause, Traffic, ticketKeys, trafficEndpoints, trafficPlugins } from './traffic.js';

/** What a process holds: descriptors, and active resources of node by their kind, timers among them. */
export type Holdings = Readonly<Record<string, number>>;

export interface SoakResult {
  /** MiB at the end of each second of traffic; garbage is collected every five seconds. */
  readonly rss: readonly number[];
  readonly before: Holdings;
  readonly after: Holdings;
  readonly tablesAfter: Readonly<Record<string, number>>;
  /** Rounds of each kind of traffic that came to their end, and that failed, as they may while something is broken. */
  readonly done: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, string>>;
  readonly log: string;
  readonly alive: boolean;
}

/** Everything at once on two nodes and one redis, with faults all the time, then quiet. */
export async function runEverything(
  seconds: number,
  quiet: number,
  settle = 30,
): Promise<SoakResult> {
  const redis = await RedisProcess.start();
  const datagrams = await DatagramTraffic.open();
  const keys = ticketKeys();
  const nodes = ['north', 'south'].map((name, i) => {
    const relay = datagrams.relay(i);
    const plugins = { ...trafficPlugins, ...relay.plugins };
    const endpoints = { ...trafficEndpoints, ...relay.endpoints };
    const env = { NODE_OPTIONS: `--import=${new URL('collect-garbage.js', import.meta.url)}` };
    return new NodeProcess(name, redis, plugins, endpoints, keys, env);
  });
  const [node, other] = nodes as [NodeProcess, NodeProcess];
  try {
    for (const one of nodes) await one.start();
    await datagrams.start();
    // What is made on first use is made before anything is counted.
    const traffic = new Traffic(node, other, datagrams);
    await traffic.run(4, async () => {});
    await pause(1000);
    const before = await holdingsOf(node);
    const rss: number[] = [];
    let second = 0;
    await traffic.run(seconds, async () => {
      rss.push(rssOf(node.pid));
      await inject({ redis, other }, second++, seconds);
    });
    redis.unpause();
    await pause(quiet * 1000);
    let after = await holdingsOf(node);
    const isAsBefore = async () => {
      after = await holdingsOf(node);
      return excess(before, after).length === 0;
    };
    await eventually(isAsBefore, settle).catch(() => {});
    const answer = await fetch(`http://${node.at('http')}/healthz`).catch(() => undefined);
    const { done, failed, reasons } = traffic;
    return {
      ...{ rss, before, after, done, failed, reasons },
      tablesAfter: await tablesOf(node),
      log: node.log + other.log,
      alive: answer?.status === 200,
    };
  } finally {
    await datagrams.close();
    for (const one of nodes) await one.end();
    await redis.end();
  }
}

/** What there is more of than before; a connection or two come and go by themselves. */
export const excess = (before: Holdings, after: Holdings): string[] =>
  Object.entries(after)
    .filter(([kind, count]) => count > (before[kind] ?? 0) + 2)
    .map(([kind, count]) => `${kind}: ${before[kind] ?? 0} before, ${count} after`);

/** Redis hangs, dies and comes back, over and over, and the other node is killed; the last tenth is left in peace. */
async function inject(
  { redis, other }: { readonly redis: RedisProcess; readonly other: NodeProcess },
  second: number,
  seconds: number,
): Promise<void> {
  if (second > seconds * 0.9) return;
  const step = second % 12;
  if (step === 3) redis.pause();
  if (step === 5) redis.unpause();
  if (step === 8) await redis.kill();
  if (step === 9) await redis.resume();
  if (second % 60 === 22) await other.kill();
  if (second % 60 === 24) await other.start();
}

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function holdingsOf(node: NodeProcess): Promise<Holdings> {
  const active = /^nodejs_active_resources\{type="(\w+)"\} (\d+)$/gm;
  const kinds = [...(await metricsOf(node)).matchAll(active)];
  return {
    descriptors: readdirSync(`/proc/${node.pid}/fd`).length,
    ...Object.fromEntries(kinds.map(([, kind, count]) => [kind, Number(count)])),
  };
}

const tables: readonly string[] = [
  ...['vcmi_lobby_users', 'vcmi_lobby_rooms', 'vcmi_lobby_pipes', 'vcmi_lobby_pending'],
  ...['vcmi_lobby_json_online', 'vcmi_lobby_json_rooms', 'vcmi_lobby_json_proxies'],
  ...['vcmi_lobby_json_pending', 'relay_peers', 'relay_connections', 'relay_queued_bytes'],
  ...['signaling_peers', 'browser_event_readers', 'browser_servers', 'master_registrations'],
  ...['steam_backend_connections', 'steam_backend_token_pools', 'datagram_relay_legs'],
];

/** Sizes of tables that traffic fills and time empties. */
async function tablesOf(node: NodeProcess): Promise<Record<string, number>> {
  const text = await metricsOf(node);
  const size = (name: string): number => {
    const found = new RegExp(`^beaconry_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text);
    return found === null ? Number.NaN : Number(found[1]);
  };
  return Object.fromEntries(tables.map((name) => [name, size(name)]));
}

async function metricsOf(node: NodeProcess): Promise<string> {
  const answer = await fetch(`http://${node.at('admin')}/metrics`, {
    headers: { authorization: 'Bearer secret' },
  });
  return answer.text();
}
