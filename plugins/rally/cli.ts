import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CliExtension, ServerError, SystemClock } from 'beaconry';
import { parseAddress, resolveAddress, UdpSocket } from 'beaconry/a2s-query';
import { readRally } from './definition.js';
import { DriverBot, recordedPace, syntheticPace } from './driver-bot.js';
import { layOut } from './itinerary.js';
import { RallyClient } from './rally-client.js';

interface HostOptions {
  readonly listen: string;
  readonly http: string;
  readonly master: readonly string[];
  readonly data: string;
  readonly mode: 'live' | 'open';
  readonly password: string;
  readonly bots: string;
}
interface DriveOptions {
  readonly definition: string;
  readonly number: string;
  readonly pace?: string;
  readonly ticket?: string;
}

const collect = (value: string, all: readonly string[]) => [...all, value];

/** `beaconry rally host` and `beaconry rally drive`. */
const rallyExtension: CliExtension = (program) => {
  // The commands of stewards are below the same word.
  const rally =
    program.commands.find((one) => one.name() === 'rally') ??
    program.command('rally').description('host a rally, or drive in one');
  rally
    .command('host <definition>')
    .description('host the rally of a folder (or its rally.json) on a free port')
    .option('--listen <host:port>', 'UDP of drivers and queries; port 0: a free one', '127.0.0.1:0')
    .option('--http <host:port>', 'status and page; port 0: a free one', '127.0.0.1:0')
    .option('--master <host:port>', 'master server to register with; repeatable', collect, [])
    .option('--data <folder>', 'where the rally is kept, so that it can continue', './data/rally')
    .option('--mode <mode>', 'live or open', 'live')
    .option('--password <text>', 'needed to join', process.env.BEACONRY_RALLY_PASSWORD ?? '')
    .option('--bots <n>', 'so many of the first entries are driven by bots', '0')
    .action(host);
  rally
    .command('drive')
    .description('drive in a rally as a bot; takes what steam://connect hands to a game')
    .argument('<words...>', '+connect HOST:PORT, and +password P')
    .requiredOption('--definition <folder>', 'cars and roadbooks as the server has them')
    .option('--number <n>', 'start number', '1')
    .option('--pace <file>', 'recorded pace: JSON list of [seconds, metres]')
    .option('--ticket <hex>', 'auth session ticket')
    .action(drive);
};
export default rallyExtension;

/** Writes a configuration of its own and runs it like any other. */
async function host(definition: string, options: HostOptions): Promise<void> {
  const read = readRally(definition);
  const data = resolve(options.data);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, 'beaconry.yaml');
  const masters = options.master.length === 0 ? ['127.0.0.1:27011'] : options.master;
  const config = {
    endpoints: {
      game: { udp: options.listen },
      http: { http: options.http },
      admin: { http: '127.0.0.1:0' },
    },
    data,
    plugins: {
      'game-server': {},
      rules: {},
      a2s: {},
      heartbeat: { masters },
      rally: {
        definition: resolve(definition),
        ...{ mode: options.mode, password: options.password, bots: Number(options.bots) },
        authentication: 'entry-list',
      },
    },
  };
  writeFileSync(file, JSON.stringify(config, null, 1), { mode: 0o600 });
  // The password stands in the file now; as a variable the node would take it for a key of its own.
  const { BEACONRY_RALLY_PASSWORD: _, ...env } = process.env;
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'start', file], {
    stdio: ['inherit', 'pipe', 'inherit'],
    env,
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    process.stdout.write(chunk);
    if (text === '-') return;
    text += chunk;
    const line = /^beaconry ready (\{.*\})$/m.exec(text)?.[1];
    if (line === undefined) return;
    text = '-';
    const { endpoints } = JSON.parse(line) as {
      endpoints: Record<string, { host: string; port: number }[]>;
    };
    const at = (name: string) => `${endpoints[name]?.[0]?.host}:${endpoints[name]?.[0]?.port}`;
    const secret = options.password === '' ? '' : ' +password …';
    process.stdout.write(
      `\n${read.rally.name}: ${read.entries.length} entries\n  join     +connect ${at('game')}${secret}\n  steam    steam://connect/${at('game')}\n  watch    http://${at('http')}/rally/\n  listed   at ${masters.join(', ')}\n`,
    );
  });
  process.exitCode = await new Promise<number>((done) => {
    child.on('exit', (code) => done(code ?? 1));
  });
}

async function drive(given: readonly string[], options: DriveOptions): Promise<void> {
  // A launcher may hand all of it over as one word.
  const words = given.flatMap((word) => word.split(/\s+/));
  const after = (word: string) => {
    const at = words.indexOf(word);
    return at < 0 ? undefined : words[at + 1];
  };
  const address = parseAddress(after('+connect') ?? '', 27015);
  if (address === undefined) throw new ServerError('USAGE', 'needs +connect HOST:PORT');
  const definition = readRally(options.definition);
  const entry = definition.entries.find((one) => one.number === Number(options.number));
  if (entry === undefined) throw new ServerError('USAGE', `no entry has number ${options.number}`);
  const to = await resolveAddress(address);
  const clock = new SystemClock();
  const socket = new UdpSocket();
  let refusal = '';
  const client = new RallyClient({
    number: entry.number,
    steamId: entry.driverId,
    carsHash: definition.carsHash,
    roadbookHashes: [...definition.roadbooks.values()].map((roadbook) => roadbook.hash),
    gameVersion: definition.rally.gameVersion,
    password: after('+password') ?? '',
    ticket: Buffer.from(options.ticket ?? '', 'hex'),
    send: (bytes) => socket.send(bytes, to, () => {}),
    now: () => clock.monotonic(),
    refused(reason, expected) {
      const line = `refused: ${reason}${expected === '' ? '' : `, expected ${expected}`}\n`;
      if (line !== refusal) process.stdout.write(line);
      refusal = line;
    },
  });
  socket.listen((bytes) => client.receive(bytes));
  const itinerary = layOut(definition);
  const pace =
    options.pace === undefined
      ? syntheticPace(entry.number)
      : recordedPace(JSON.parse(readFileSync(options.pace, 'utf8')) as [number, number][]);
  const bot = new DriverBot(client, definition, itinerary, pace);
  let said: unknown;
  await new Promise<void>((done) => {
    const cancel = clock.every(50, () => {
      bot.drive();
      const passed = client.acknowledged;
      if (passed !== undefined && passed !== said) {
        said = passed;
        const control = itinerary.controls[passed.control];
        const time = passed.elapsed === 0 ? '' : ` ${(passed.elapsed / 1000).toFixed(1)} s`;
        process.stdout.write(`${control?.section} ${control?.kind}${time}\n`);
      }
      const over = client.refusal !== undefined || client.orders?.next === 0xffff;
      if (!over) return;
      cancel();
      done();
    });
    process.once('SIGINT', () => {
      cancel();
      done();
    });
  });
  client.leave();
  await socket.close();
  if (client.refusal !== undefined) process.exitCode = 1;
}
