import { signal } from '@preact/signals';
import { isLoggedIn, read } from './session.js';

export interface PluginLine {
  readonly name: string;
  readonly state: string;
}
export interface EndpointLine {
  readonly name: string;
  readonly protocol: 'udp' | 'tcp' | 'http';
  readonly driver?: string;
  readonly bound?: readonly { readonly host: string; readonly port: number }[];
  readonly [counter: string]: unknown;
}
export interface TopLine {
  readonly endpoint: string;
  readonly sources: readonly { readonly host: string; readonly datagrams: number }[];
}
export interface CommandLine {
  readonly name: string;
  readonly plugin: string;
  readonly doc: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly doc: string;
    readonly format: string;
    readonly required: boolean;
    readonly default: string;
  }[];
}
export interface AuditLine {
  readonly at: string;
  readonly by: string;
  readonly source: string;
  readonly action: unknown;
}
export interface Rates {
  readonly received: number;
  readonly sent: number;
  readonly refused: number;
}
type Items<T> = { readonly items: readonly T[] };

export const plugins = signal<readonly PluginLine[]>([]);
export const endpoints = signal<readonly EndpointLine[]>([]);
export const rates = signal<ReadonlyMap<string, Rates>>(new Map());
export const top = signal<readonly TopLine[]>([]);
export const commands = signal<readonly CommandLine[]>([]);
export const audit = signal<readonly AuditLine[]>([]);
/** Lists that other plugins bring; undefined when they do not run. */
export const sessions = signal<readonly unknown[] | undefined>(undefined);
export const bans = signal<readonly unknown[] | undefined>(undefined);
export const ready = signal<{
  readonly ready: boolean;
  readonly reasons: readonly string[];
} | null>(null);
export const isOffline = signal(false);

const INTERVAL = 2000;
/** Counters of datagrams that were turned away, by any cause. */
const REFUSED = [
  'unclaimed',
  'shape',
  'limited',
  'unprovenLimited',
  'decode',
  'violations',
  'refused',
];

let before: { readonly at: number; readonly counters: ReadonlyMap<string, Rates> } | undefined;

const sum = (endpoint: EndpointLine, names: readonly string[]): number =>
  names.reduce(
    (total, name) => total + (typeof endpoint[name] === 'number' ? endpoint[name] : 0),
    0,
  );

/** Counters become rates by the difference to the look before. */
function measure(lines: readonly EndpointLine[]): void {
  const at = performance.now();
  const counters = new Map(
    lines.map((line) => [
      line.name,
      {
        received: sum(line, ['received', 'accepted']),
        sent: sum(line, ['sent']),
        refused: sum(line, REFUSED),
      },
    ]),
  );
  if (before !== undefined) {
    const seconds = (at - before.at) / 1000;
    const past = before.counters;
    rates.value = new Map(
      [...counters].map(([name, now]) => {
        const then = past.get(name) ?? now;
        const rate = (key: keyof Rates) => Math.max(0, (now[key] - then[key]) / seconds);
        return [name, { received: rate('received'), sent: rate('sent'), refused: rate('refused') }];
      }),
    );
  }
  before = { at, counters };
}

async function look(): Promise<void> {
  try {
    const [one, two, three, four] = await Promise.all([
      read<Items<PluginLine>>('plugins'),
      read<Items<EndpointLine>>('endpoints'),
      read<Items<TopLine>>('top?limit=8'),
      read<Items<AuditLine>>('audit?limit=20'),
    ]);
    plugins.value = one?.items ?? [];
    endpoints.value = two?.items ?? [];
    measure(two?.items ?? []);
    top.value = three?.items ?? [];
    audit.value = four?.items ?? [];
    ready.value = (await (await fetch('../readyz')).json()) as {
      ready: boolean;
      reasons: string[];
    };
    isOffline.value = false;
  } catch {
    isOffline.value = true;
  }
}

async function lookOnce(): Promise<void> {
  try {
    commands.value = (await read<Items<CommandLine>>('commands'))?.items ?? [];
    sessions.value = (await read<Items<unknown>>('sessions'))?.items;
    bans.value = (await read<Items<unknown>>('bans'))?.items;
  } catch {
    isOffline.value = true;
  }
}

/** Looks every two seconds until the function it returns is called. */
export function follow(): () => void {
  void lookOnce();
  void look();
  const timer = setInterval(() => {
    if (!document.hidden && isLoggedIn.value === true) void look();
  }, INTERVAL);
  return () => clearInterval(timer);
}
