import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { freePorts } from '../end-to-end/free-ports.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { type QuakestatServer, quakestat } from './quakestat.js';

const openarena = ['/usr/games/openarena-server', '/usr/bin/openarena-server'].find(existsSync);
const plugin = fileURLToPath(new URL('../../../examples/quake3-master/index.js', import.meta.url));

/** A dedicated OpenArena server that sends heartbeats to one master. */
function startOpenarena(program: string, home: string, port: number, master: string): ChildProcess {
  const settings = {
    dedicated: 2,
    net_enabled: 1,
    net_ip: '127.0.0.1',
    net_port: port,
    sv_master1: master,
    sv_master2: '',
    sv_master3: '',
    sv_hostname: '^1Loopback ^7OA',
    com_hunkmegs: 128,
  };
  const set = Object.entries(settings).flatMap(([key, value]) => ['+set', key, String(value)]);
  return spawn(program, [...set, '+map', 'oa_dm1'], {
    env: { ...process.env, HOME: home },
    stdio: 'ignore',
  });
}

describe('an OpenArena server', function () {
  this.timeout(100_000);
  const folder = temporaryFolder();
  let host: BeaconryProcess | undefined;
  let game: ChildProcess | undefined;
  afterEach(async () => {
    if (game !== undefined && game.exitCode === null) {
      const closed = new Promise((resolve) => game?.once('close', resolve));
      game.kill('SIGKILL');
      await closed;
    }
    await host?.kill();
  });

  it('registers with the example plugin, is listed to quakestat and in /v1/servers', async function () {
    if (openarena === undefined) {
      console.log('      skipped: needs openarena-server');
      this.skip();
    }
    writeFileSync(
      join(folder.path, 'beaconry.yaml'),
      `endpoints: { master: { udp: '127.0.0.1:0' }, http: { http: '127.0.0.1:0' } }
plugins: { browser: {}, quake3-master: { use: ${JSON.stringify(plugin)} } }
`,
    );
    host = new BeaconryProcess(['start'], { cwd: folder.path });
    const { endpoints } = await host.ready();
    const master = `127.0.0.1:${endpoints.master?.[0]?.port}`;
    const [port = 0] = await freePorts(1, 'udp');
    game = startOpenarena(openarena, folder.path, port, master);

    const listed = await firstItem(`http://127.0.0.1:${endpoints.http?.[0]?.port}/v1/servers`);
    expect(listed).deep.include({
      address: `127.0.0.1:${port}`,
      name: 'Loopback OA',
      map: 'oa_dm1',
      product: 'Quake3Arena',
      source: 'quake3-master',
      verified: true,
    });

    const shown = await shownByQuakestat(master, `127.0.0.1:${port}`);
    if (shown === 'not installed') {
      console.log('      skipped: needs qstat');
      this.skip();
    }
    expect(shown).deep.include({ status: 'online', map: 'oa_dm1' });
  });
});

/**
 * Asks until the game server answers too: on a busy machine OpenArena sends its first heartbeat long before it
 * answers anything.
 */
async function shownByQuakestat(master: string, address: string) {
  let last: unknown;
  for (let tries = 0; tries < 4; tries++) {
    try {
      const servers = await quakestat('-q3m,71,empty,full', master);
      if (servers === undefined) return 'not installed';
      last = servers.find((server) => server.address === address);
      if ((last as QuakestatServer | undefined)?.status === 'online') return last;
    } catch (error) {
      last = error;
    }
  }
  return last;
}

/** Asks until something is listed; the time limit of the test ends it. */
async function firstItem(url: string): Promise<unknown> {
  for (;;) {
    const answer = await fetch(url);
    const { items } = (await answer.json()) as { items: unknown[] };
    if (items.length > 0) return items[0];
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
