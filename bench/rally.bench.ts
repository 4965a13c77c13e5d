/**
 * A rally with 200 drivers who state their position twenty times a second: time of the server's ticks, processor
 * time and memory; and the memory of one with 60 entries. Run: `npm run bench -- rally [--quick]`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PeerAddress } from 'beaconry';
import { BotField } from '../plugins/rally/bot-field.js';
import { readRally } from '../plugins/rally/definition.js';
import { processTime } from './process-time.js';
import { type Figure, report } from './report.js';

const quick = process.argv.includes('--quick');
const SECONDS = quick ? 4 : 30;
const DRIVERS = 200;
const MEBIBYTE = 2 ** 20;
const FIXTURE = fileURLToPath(new URL('../../fixtures/rally/', import.meta.url));
const CLI = fileURLToPath(new URL('../core/cli/main.js', import.meta.url));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One long stage on which all are at the same time, each when he likes. */
function writeLongStage(folder: string): void {
  mkdirSync(join(folder, 'roadbooks'), { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFileSync(join(folder, name), JSON.stringify(value, undefined, 1));
  write('rally.json', {
    ...{ name: 'Long stage', gameVersion: '1.0.0', startInterval: '1s', maximumLateness: '30m' },
    superRally: false,
    legs: [
      {
        ...{ name: 'Day', startOrder: 'number', byClass: false, window: '3h' },
        sections: [
          { kind: 'stage', name: 'Long', roadbook: 'long', surface: 'gravel', weather: 'dry' },
        ],
      },
    ],
  });
  write('roadbooks/long.json', {
    ...{ name: 'Long', startDelay: '1s', maximumTime: '2h' },
    controls: [
      { kind: 'start', kilometre: 0 },
      { kind: 'passage', kilometre: 0.2, ideal: '6s' },
      { kind: 'finish', kilometre: 90, ideal: '45m' },
      { kind: 'stop', kilometre: 90.2 },
    ],
    path: Array.from({ length: 400 }, (_, i) => ({ x: i * 225, y: 500 * Math.sin(i / 9) })),
  });
  write('entry-list.json', {
    entries: Array.from({ length: DRIVERS }, (_, i) => ({
      ...{ number: i + 1, driver: `Driver ${i + 1}`, codriver: `Reader ${i + 1}`, car: 'corvid-r' },
      driverId: String(76561197960300000n + BigInt(i)),
      codriverId: String(76561197960400000n + BigInt(i)),
    })),
  });
  for (const name of ['cars.json', 'penalties.json']) {
    writeFileSync(join(folder, name), readFileSync(join(FIXTURE, name)));
  }
}

/** A node as an operator runs it. */
class RallyNode {
  private constructor(
    private readonly child: ChildProcess,
    private readonly ports: Readonly<Record<string, number>>,
  ) {}

  static async start(folder: string, rally: Readonly<Record<string, unknown>>): Promise<RallyNode> {
    const any = '127.0.0.1:0';
    const file = join(folder, 'beaconry.yaml');
    const config = {
      endpoints: { game: { udp: any }, http: { http: any }, admin: { http: any } },
      data: join(folder, 'data'),
      management: { token: 'bench' },
      plugins: {
        ...{ 'game-server': {}, rules: {}, a2s: {} },
        rally: { authentication: 'entry-list', startDelay: '1s', ...rally },
      },
    };
    writeFileSync(file, JSON.stringify(config));
    const child = spawn(process.execPath, [CLI, 'start', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    const endpoints = await new Promise<Record<string, { port: number }[]>>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the node ended with ${code}: ${text}`)));
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const line = /^beaconry ready (\{.*\})$/m.exec(text)?.[1];
        if (line !== undefined) resolve(JSON.parse(line).endpoints);
      });
    });
    const ports = Object.entries(endpoints).map(([name, [bound]]) => [name, bound?.port ?? 0]);
    return new RallyNode(child, Object.fromEntries(ports) as Record<string, number>);
  }

  get game(): PeerAddress {
    return PeerAddress.of('127.0.0.1', this.ports.game ?? 0);
  }

  async read<T>(path: string): Promise<T> {
    return (await (await fetch(`http://127.0.0.1:${this.ports.http}${path}`)).json()) as T;
  }

  /** Metrics by name and labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.admin}/metrics`, {
      headers: { authorization: 'Bearer bench' },
    });
    const lines = (await answer.text()).split('\n').filter((line) => /^[a-z]/.test(line));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  cpu(): number {
    return processTime(this.child.pid ?? 0);
  }

  resident(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) * 1024;
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await gone;
  }
}

/** Drives with so many bots from this process, as long as `work` takes. */
async function withDrivers(
  node: RallyNode,
  definition: string,
  count: number,
  work: () => Promise<void>,
): Promise<void> {
  const who = { password: '', ticket: new Uint8Array() };
  const bots = new BotField(count, who, { addresses: [node.game] }, () => performance.now());
  bots.change(readRally(definition));
  const timer = setInterval(() => bots.drive(), 50);
  try {
    await work();
  } finally {
    clearInterval(timer);
    await bots.close();
  }
}

const figures: Figure[] = [];
const folder = mkdtempSync(join(tmpdir(), 'beaconry-rally-bench-'));
try {
  const long = join(folder, 'long');
  writeLongStage(long);
  const node = await RallyNode.start(folder, { definition: long, mode: 'open' });
  try {
    await withDrivers(node, long, DRIVERS, async () => {
      const end = Date.now() + 60_000;
      while ((await node.read<{ cars: unknown[] }>('/v1/rally/live')).cars.length < DRIVERS) {
        if (Date.now() > end) throw new Error('not all drivers came onto the stage');
        await sleep(500);
      }
      const before = await node.metrics();
      const [cpu, time] = [node.cpu(), performance.now()];
      await sleep(SECONDS * 1000);
      const seconds = (performance.now() - time) / 1000;
      const core = (node.cpu() - cpu) / 1e6 / seconds;
      const after = await node.metrics();
      const grew = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
      const ticks = grew('beaconry_rally_tick_seconds_count');
      const within = (le: string) =>
        (grew(`beaconry_rally_tick_seconds_bucket{le="${le}"}`) / ticks) * 100;
      const what = `${DRIVERS} drivers at 20 Hz`;
      const add = (name: string, value: number, unit: string) =>
        figures.push({ what: `${what}: ${name}`, value, unit });
      add('positions taken', grew('beaconry_rally_positions_total') / seconds, 'per second');
      add('ticks within 1 ms', within('0.001'), '%');
      add('ticks within 5 ms (99 are wanted)', within('0.005'), '%');
      add('processor time (0.5 is allowed)', core, 'cores');
      add('resident', node.resident() / MEBIBYTE, 'MiB');
      const { refused } = await node.read<{ refused: { counts: Record<string, number> } }>(
        '/v1/rally/penalties',
      );
      console.log(`refused: ${JSON.stringify(refused.counts)}`);
    });
  } finally {
    await node.stop();
  }
  rmSync(join(folder, 'data'), { recursive: true, force: true });
  const whole = await RallyNode.start(folder, {
    ...{ definition: FIXTURE, startInterval: '1s', timeScale: 10 },
  });
  try {
    await withDrivers(whole, FIXTURE, 60, async () => {
      await sleep(SECONDS * 1000);
      const { connected } = await whole.read<{ connected: number }>('/v1/rally');
      figures.push({
        what: `a rally of 60 entries, ${connected} connected (150 is allowed)`,
        value: whole.resident() / MEBIBYTE,
        unit: 'MiB resident',
      });
    });
  } finally {
    await whole.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
report(figures);
