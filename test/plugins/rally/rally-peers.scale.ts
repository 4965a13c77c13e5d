import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rally } from 'beaconry/plugins/rally';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import type { Pace } from '../../../plugins/rally/driver-bot.js';
import {
  decodePeerPosition,
  encodePeerPosition,
} from '../../../plugins/rally/peer-position-codec.js';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { writeOneStage } from './one-stage-rally.js';
import { RelayDriver } from './relay-driver.js';
import { APP, type Player, RelayPlatform } from './relay-platform.js';

const steady = (speed: number): Pace => ({
  metresAt: (seconds) => seconds * speed,
  secondsAt: (metres) => metres / speed,
});

describe('drivers with a relay network', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-peers-'));
  let platform: RelayPlatform;
  let players: Player[];
  let rally: TestServer;
  const drivers: RelayDriver[] = [];
  const processes: BeaconryProcess[] = [];

  before(async () => {
    platform = await RelayPlatform.start();
    players = await Promise.all([1, 2, 3].map(() => platform.player()));
  });
  after(async () => {
    await platform?.stop();
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    await Promise.all(drivers.splice(0).map((driver) => driver.vanish()));
    await Promise.all(processes.splice(0).map((process) => process.kill()));
    await rally?.stop();
  });

  const host = async (kilometres: number) => {
    const definition = join(folder, `${kilometres}`);
    const drivers = players.map(({ steamId }) => steamId);
    writeOneStage(definition, { name: 'Fell', kilometres, drivers });
    rally = await startTestServer({
      real: true,
      plugins: {
        'steam-backend': { backend: platform.url.replace('http', 'ws') },
        ...{ 'auth-sessions': {}, 'game-server': { appId: APP } },
        rally: { definition, startDelay: 0 },
      },
    });
    return definition;
  };
  const player = (number: number) => players[number - 1] as Player;
  const drive = async (definition: string, number: number, speed: number) => {
    const driver = await RelayDriver.start(
      ...([platform, player(number), definition, number] as const),
      ...([`${rally.address('game')}`, steady(speed)] as const),
    );
    drivers.push(driver);
    return driver;
  };
  /** The same by the command, as a player runs it. */
  const driveByCommand = async (definition: string, number: number, ...more: string[]) => {
    const { token } = player(number);
    const ticket = await platform.ticketOf(player(number));
    const process = new BeaconryProcess(
      [
        ...['rally', 'drive', '+connect', `${rally.address('game')}`],
        ...['--definition', definition, '--number', `${number}`, '--ticket', ticket],
        ...['--coordinator', platform.url, '--root', platform.root, '--app', `${APP}`, ...more],
      ],
      { env: { BEACONRY_TOKEN: token } },
    );
    processes.push(process);
    return process;
  };
  const until = async (what: string, fits: () => boolean, seconds = 20) => {
    for (const end = Date.now() + seconds * 1000; !fits(); ) {
      if (Date.now() > end) throw new Error(`never ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const from = (driver: RelayDriver) =>
    driver
      .see()
      .map(({ number, from }) => `${number} ${from}`)
      .sort();

  it('see the two cars ahead where their drivers say, over a relay and without their addresses', async () => {
    const definition = await host(3);
    const signaling = ['--signaling', platform.signaling];
    const others = await Promise.all(
      [1, 2].map((number) => driveByCommand(definition, number, ...signaling)),
    );
    for (const process of others) await process.waitFor(/^Fell start/m);
    const third = await drive(definition, 3, 30);
    await until('from both', () => from(third).join() === '1 peer,2 peer');
    const seen = new Map<number, Set<number>>();
    for (const end = Date.now() + 2000; Date.now() < end; ) {
      for (const { number, metres, from } of third.see()) {
        if (from === 'peer') seen.set(number, (seen.get(number) ?? new Set()).add(metres));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The server says it once a second.
    for (const number of [1, 2]) expect(seen.get(number)?.size, `car ${number}`).at.least(10);
    expect([...third.heardFrom]).deep.equal([`127.0.0.1:${platform.relayPort}`]);
    expect(third.ahead.refusals.get('peer-contradicts-server') ?? 0).equal(0);
    const [, second] = others;
    await second?.waitFor(/^ahead: car 1 \(its driver\)$/m);
  });

  it('believe the server when a driver lies, and no lie changes a time', async () => {
    const definition = await host(0.3);
    const liar = await drive(definition, 1, 30);
    await until('first on the road', () => liar.client.acknowledged?.control === 1);
    liar.lie = (bytes) => {
      const position = decodePeerPosition(bytes);
      // Farther by 300 m than it is; the server hears the truth.
      return encodePeerPosition({ ...position, metres: position.metres + 300 });
    };
    const honest = await drive(definition, 2, 25);
    const third = await drive(definition, 3, 20);
    await until('known as a liar', () => from(third).join() === '1 server,2 peer');
    expect(third.ahead.refusals.get('peer-contradicts-server')).above(0);
    const ways = third.see().map(({ metres }) => metres);
    expect(Math.max(...ways)).at.most(310);
    const { name, standings } = rally.get(Rally);
    expect([name, standings.length]).deep.equal(['Fell', 3]);
    const all = [liar, honest, third];
    await until('all at the end', () => all.every(({ client }) => client.orders?.next === 0xffff));
    const times = rally.get(Rally).standings.map((row) => [row.number, row.stageTime]);
    expect(times).deep.equal([
      [1, 10_000],
      [2, 12_000],
      [3, 15_000],
    ]);
  });

  it('go on with what the server says when a driver has no relay network, or is gone', async () => {
    const definition = await host(4);
    const first = await driveByCommand(definition, 1, '--signaling', platform.signaling);
    await first.waitFor(/^Fell start/m);
    const second = await driveByCommand(definition, 2);
    await second.waitFor(/^ahead: car 1 \(the server\)$/m);
    const third = await drive(definition, 3, 25);
    await until('of each its own', () => from(third).join() === '1 peer,2 server');
    expect(third.failures.length, third.failures.join()).at.most(1);
    await first.kill();
    await until('from the server', () => from(third).join() === '1 server,2 server', 4);
    // The server lets go of who is silent for 15 s.
    await until('gone', () => from(third).join() === '2 server', 20);
  });
});
