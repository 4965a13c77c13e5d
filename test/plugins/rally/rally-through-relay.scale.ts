import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rally } from 'beaconry/plugins/rally';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { freePorts } from '../../end-to-end/free-ports.js';
import { writeOneStage } from './one-stage-rally.js';
import { APP, type Player, RelayPlatform } from './relay-platform.js';

describe('a rally behind the datagram relay', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-behind-'));
  let platform: RelayPlatform;
  let rally: TestServer;
  const processes: BeaconryProcess[] = [];
  after(async () => {
    await Promise.all(processes.map((process) => process.kill()));
    await rally?.stop();
    await platform?.stop();
    rmSync(folder, { recursive: true });
  });
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const process = new BeaconryProcess(args, { env, cwd: folder });
    processes.push(process);
    return process;
  };
  const ready = async (process: BeaconryProcess) => {
    const ended = process.ended.then(({ stderr }) => {
      throw new Error(stderr);
    });
    await Promise.race([process.waitFor(/^beaconry forward ready/m), ended]);
  };

  it('is driven by FakeIP, by identity, and by a client that knows nothing of relays', async () => {
    platform = await RelayPlatform.start();
    const players = await Promise.all([1, 2, 3].map(() => platform.player()));
    const drivers = players.map(({ steamId }) => steamId);
    writeOneStage(join(folder, 'fell'), { name: 'Fell', kilometres: 0.2, drivers });
    rally = await startTestServer({
      real: true,
      plugins: {
        'steam-backend': { backend: platform.url.replace('http', 'ws') },
        ...{ 'auth-sessions': {}, 'game-server': { appId: APP } },
        rally: { definition: join(folder, 'fell'), startDelay: 0 },
      },
    });
    const network = ['--coordinator', platform.url, '--root', platform.root, '--app', `${APP}`];
    const [listen = 0, local = 0] = await freePorts(2, 'udp');
    const { identity: server, fakeIp } = await platform.hiddenServer();
    const game = ['--game', `${rally.address('game')}`, '--identity', server];
    await ready(
      start(['forward', 'server', ...game, ...network], {
        ...{ SDR_LISTEN_PORT: `${listen}`, SDR_IP: `127.0.0.1:${listen}` },
      }),
    );
    const drive = async (number: number, target: string, more: readonly string[]) => {
      const player = players[number - 1] as Player;
      const ticket = ['--ticket', await platform.ticketOf(player)];
      const car = ['--definition', join(folder, 'fell'), '--number', `${number}`];
      return start(['rally', 'drive', '+connect', target, ...car, ...ticket, ...more], {
        BEACONRY_TOKEN: player.token,
      });
    };
    const byFakeIp = await drive(1, fakeIp, network);
    const byIdentity = await drive(3, server, network);
    const [, second] = players;
    const own = ['--to', server, '--listen', `127.0.0.1:${local}`];
    const identity = ['--identity', `steamid:${second?.steamId}`];
    await ready(
      start(['forward', 'client', ...own, ...identity, ...network], {
        BEACONRY_TOKEN: second?.token ?? '',
      }),
    );
    const knowsNothing = await drive(2, `127.0.0.1:${local}`, []);
    for (const driver of [byFakeIp, byIdentity, knowsNothing]) {
      expect(await driver.ended, driver.stdout + driver.stderr).include({ code: 0 });
      expect(driver.stdout).match(/^Fell finish \d+\.\d s$/m);
    }
    const { standings } = rally.get(Rally);
    expect(standings.map(({ out, stages }) => `${out} ${stages}`)).deep.equal(
      Array(3).fill('null 1'),
    );
  });
});
