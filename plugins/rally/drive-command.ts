import { readFileSync } from 'node:fs';
import { messageOf, ServerError, SystemClock } from 'beaconry';
import { parseAddress } from 'beaconry/a2s-query';
import { PlayerNetwork } from 'beaconry/relay-agent';
import { CarsAhead } from './cars-ahead.js';
import { type Entry, readRally } from './definition.js';
import { DriverBot, recordedPace, syntheticPace } from './driver-bot.js';
import { layOut } from './itinerary.js';
import { RallyClient } from './rally-client.js';
import { RelayedPeers } from './relayed-peers.js';
import { directWay, isRelayed, relayedWay } from './server-way.js';

export interface DriveOptions {
  readonly definition: string;
  readonly number: string;
  readonly pace?: string;
  readonly ticket?: string;
  readonly coordinator?: string;
  readonly signaling?: string;
  readonly root: readonly string[];
  readonly app: string;
}

const clock = new SystemClock();
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
/** Prints a line unless it is the one that was printed last. */
const printNews = () => {
  let last = '';
  return (line: string): void => {
    if (line !== last && line !== '') print(line);
    last = line;
  };
};

/** `beaconry rally drive`. */
export async function drive(given: readonly string[], options: DriveOptions): Promise<void> {
  // A launcher may hand all of it over as one word.
  const words = given.flatMap((word) => word.split(/\s+/));
  const after = (word: string) => {
    const at = words.indexOf(word);
    return at < 0 ? undefined : words[at + 1];
  };
  const target = after('+connect') ?? '';
  const definition = readRally(options.definition);
  const { entries } = definition;
  const entry = entries.find((one) => one.number === Number(options.number));
  if (entry === undefined) throw new ServerError('USAGE', `no entry has number ${options.number}`);
  const network = await networkOf(options, entry);
  const peers = network === undefined ? undefined : await peersOf(options, network, entry, entries);
  const heard = (bytes: Uint8Array) => client.receive(bytes);
  const way = await wayOf(target, heard, options, network, entry);
  const ahead = new CarsAhead(entries);
  const sayRefusal = printNews();
  const client: RallyClient = new RallyClient({
    number: entry.number,
    steamId: entry.driverId,
    carsHash: definition.carsHash,
    roadbookHashes: [...definition.roadbooks.values()].map((roadbook) => roadbook.hash),
    gameVersion: definition.rally.gameVersion,
    password: after('+password') ?? '',
    ticket: Buffer.from(options.ticket ?? '', 'hex'),
    send: (bytes) => way.send(bytes),
    now: () => clock.monotonic(),
    ahead,
    ...(peers === undefined ? {} : { peers }),
    refused: (reason, expected) =>
      sayRefusal(`refused: ${reason}${expected === '' ? '' : `, expected ${expected}`}`),
  });
  const itinerary = layOut(definition);
  const pace =
    options.pace === undefined
      ? syntheticPace(entry.number)
      : recordedPace(JSON.parse(readFileSync(options.pace, 'utf8')) as [number, number][]);
  const bot = new DriverBot(client, definition, itinerary, pace);
  const sayAhead = printNews();
  let said: unknown;
  await new Promise<void>((done) => {
    const cancel = clock.every(50, () => {
      bot.drive();
      sayAhead(describeAhead(ahead));
      const passed = client.acknowledged;
      if (passed !== undefined && passed !== said) {
        said = passed;
        const control = itinerary.controls[passed.control];
        const time = passed.elapsed === 0 ? '' : ` ${(passed.elapsed / 1000).toFixed(1)} s`;
        print(`${control?.section} ${control?.kind}${time}`);
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
  await peers?.close();
  await way.close();
  network?.close();
  if (client.refusal !== undefined) process.exitCode = 1;
}

const describeAhead = (ahead: CarsAhead): string => {
  const cars = ahead
    .read(clock.monotonic())
    .map(({ number, from }) => `car ${number} (${from === 'peer' ? 'its driver' : 'the server'})`);
  return cars.length === 0 ? '' : `ahead: ${cars.join(', ')}`;
};

async function networkOf(
  { coordinator, root, app, signaling }: DriveOptions,
  { driverId }: Entry,
): Promise<PlayerNetwork | undefined> {
  if (coordinator === undefined) {
    if (signaling === undefined) return undefined;
    throw new ServerError('USAGE', '--signaling needs --coordinator');
  }
  const appId = Number(app);
  if (!/^\d{1,10}$/.test(app) || appId > 0xffffffff) {
    throw new ServerError('USAGE', `--app "${app}" is not a number`);
  }
  const token = process.env.BEACONRY_TOKEN;
  return PlayerNetwork.join({
    ...{ clock, coordinator, appId, identity: `steamid:${driverId}` },
    rootKeys: root.map((line) =>
      line.startsWith('ssh-') ? line : readFileSync(line, 'utf8').trim(),
    ),
    ...(token === undefined ? {} : { token }),
    onFailure: (why) => print(`network config is not refreshed: ${why}`),
  });
}

/** Undefined where there is no signaling, or no way to it: the positions of the server are enough to drive by. */
async function peersOf(
  options: DriveOptions,
  network: PlayerNetwork,
  entry: Entry,
  entries: readonly Entry[],
): Promise<RelayedPeers | undefined> {
  if (options.signaling === undefined) return undefined;
  const signaling = parseAddress(options.signaling, 10_000);
  if (signaling === undefined) {
    throw new ServerError('USAGE', `--signaling "${options.signaling}" is not host:port`);
  }
  const token = process.env.BEACONRY_TOKEN;
  const sayFailure = printNews();
  const sayWhy = (why: string) =>
    sayFailure(`no session to a car ahead, so the server says where it is: ${why}`);
  try {
    return await RelayedPeers.open({
      ...{ clock, network, signaling, appId: Number(options.app), steamId: entry.driverId },
      ...(token === undefined ? {} : { token }),
      entered: new Set(
        entries
          .flatMap(({ driverId, codriverId }) => [driverId, codriverId])
          .filter((steamId) => steamId !== 0n),
      ),
      onFailure: (_, why) => sayWhy(why),
    });
  } catch (error) {
    sayWhy(messageOf(error));
    return undefined;
  }
}

function wayOf(
  target: string,
  heard: (bytes: Uint8Array) => void,
  { app }: DriveOptions,
  network: PlayerNetwork | undefined,
  { driverId }: Entry,
) {
  if (!isRelayed(target)) return directWay(target, heard);
  if (network === undefined) throw new ServerError('USAGE', `${target} needs --coordinator`);
  return relayedWay(target, heard, {
    ...{ clock, network, identity: `steamid:${driverId}`, appId: Number(app) },
    onFailure: (why) => print(`connection to ${target}: ${why}`),
  });
}
