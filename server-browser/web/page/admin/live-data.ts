import { signal } from '@preact/signals';
import { type EndpointLine, type Rates, ratesOf } from './endpoint-rates.js';
import { isLoggedIn, read } from './session.js';

export interface PluginLine {
  readonly name: string;
  readonly state: string;
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
export interface SessionLine {
  readonly server: string;
  readonly steamId: string;
  readonly state: string;
  readonly begun: string;
}
export interface RoomLine {
  readonly lobby: string;
  readonly name: string;
  readonly description: string;
  readonly started: boolean;
  readonly host: string;
  readonly players: readonly string[];
  readonly total: number;
}
export interface RefusalLine {
  readonly address: string;
  readonly text: string;
  readonly remedy: string;
  readonly count: number;
  readonly at: string;
}
export interface LogEntry {
  readonly number: number;
  readonly at: string;
  readonly level: string;
  readonly plugin: string | null;
  readonly message: string;
  readonly details: string;
}
type Items<T> = { readonly items: readonly T[] };

export const plugins = signal<readonly PluginLine[]>([]);
export const endpoints = signal<readonly EndpointLine[]>([]);
export const rates = signal<ReadonlyMap<string, Rates>>(new Map());
export const top = signal<readonly TopLine[]>([]);
export const commands = signal<readonly CommandLine[]>([]);
export const audit = signal<readonly AuditLine[]>([]);
export const log = signal<readonly LogEntry[]>([]);
/** Lists that plugins bring; undefined when those do not run. */
export const sessions = signal<readonly SessionLine[] | undefined>(undefined);
export const rooms = signal<readonly RoomLine[] | undefined>(undefined);
export const refusals = signal<readonly RefusalLine[] | undefined>(undefined);
export const ready = signal<{
  readonly ready: boolean;
  readonly reasons: readonly string[];
} | null>(null);
export const isOffline = signal(false);

const INTERVAL = 2000;
/** Lines of the log that the view keeps. */
const LOG_LINES = 300;

let lastLine = 0;

async function lookAtLog(): Promise<void> {
  const found = await read<Items<LogEntry> & { readonly last: number }>(
    `log?after=${lastLine}&limit=${LOG_LINES}`,
  );
  if (found === undefined) return;
  // A lower number than before: the server was started again.
  const known = found.last < lastLine ? [] : log.value;
  lastLine = found.last;
  if (found.items.length > 0 || known !== log.value) {
    log.value = [...known, ...found.items].slice(-LOG_LINES);
  }
}

async function look(): Promise<void> {
  try {
    const [one, two, three, four, five, six, seven] = await Promise.all([
      read<Items<PluginLine>>('plugins'),
      read<Items<EndpointLine>>('endpoints'),
      read<Items<TopLine>>('top?limit=8'),
      read<Items<AuditLine>>('audit?limit=20'),
      read<Items<SessionLine>>('sessions?limit=100'),
      read<Items<RoomLine>>('vcmi/rooms?limit=100'),
      read<Items<RefusalLine>>('refusals?limit=20'),
      lookAtLog(),
    ]);
    plugins.value = one?.items ?? [];
    endpoints.value = two?.items ?? [];
    rates.value = ratesOf(endpoints.value) ?? rates.value;
    top.value = three?.items ?? [];
    audit.value = four?.items ?? [];
    sessions.value = five?.items;
    rooms.value = six?.items;
    refusals.value = seven?.items;
    ready.value = (await (await fetch('../readyz')).json()) as {
      ready: boolean;
      reasons: string[];
    };
    isOffline.value = false;
  } catch {
    isOffline.value = true;
  }
}

async function readCommands(): Promise<void> {
  commands.value = (await read<Items<CommandLine>>('commands').catch(() => undefined))?.items ?? [];
}

/** Looks every two seconds until the function it returns is called. */
export function follow(): () => void {
  void readCommands();
  void look();
  const timer = setInterval(() => {
    if (!document.hidden && isLoggedIn.value === true) void look();
  }, INTERVAL);
  return () => clearInterval(timer);
}
