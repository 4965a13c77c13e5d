import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { BotField } from '../../../plugins/rally/bot-field.js';
import { readRally } from '../../../plugins/rally/definition.js';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';
import { fixture } from './simulated-rally.js';

const ENTRIES = 60;
const MEBIBYTE = 2 ** 20;

describe('a rally of 60 entries', function () {
  this.timeout(90_000);
  const folder = temporaryFolder();
  let node: BeaconryProcess | undefined;
  let stop = async () => {};
  after(async () => {
    await stop();
    await node?.kill();
  });

  it('needs less than 150 MB of memory with all of them connected and spectators looking', async () => {
    const any = '127.0.0.1:0';
    const config = {
      endpoints: { game: { udp: any }, http: { http: any } },
      data: join(folder.path, 'data'),
      plugins: {
        ...{ 'game-server': {}, rules: {}, a2s: {} },
        rally: {
          ...{ definition: fixture, authentication: 'entry-list' },
          ...{ startDelay: 0, startInterval: '1s', timeScale: 10 },
        },
      },
    };
    const file = join(folder.path, 'rally.yaml');
    writeFileSync(file, JSON.stringify(config));
    node = new BeaconryProcess(['start', file], { cwd: folder.path });
    const { pid, endpoints } = await node.ready();
    const game = PeerAddress.of('127.0.0.1', endpoints.game?.[0]?.port ?? 0);
    const url = `http://127.0.0.1:${endpoints.http?.[0]?.port}/v1/rally`;
    const who = { password: '', ticket: new Uint8Array() };
    const now = () => performance.now();
    const drivers = new BotField(ENTRIES, who, { addresses: [game] }, now);
    drivers.change(readRally(fixture));
    const timer = setInterval(() => drivers.drive(), 50);
    const spectators = Array.from({ length: 20 }, () => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/live/ws`);
      return socket;
    });
    stop = async () => {
      clearInterval(timer);
      for (const socket of spectators) socket.close();
      await drivers.close();
    };
    const read = async () =>
      (await (await fetch(url)).json()) as { connected: number; stage: { number: number } };
    let highest = 0;
    let rally = await read();
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
      rally = await read();
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      highest = Math.max(highest, Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) * 1024);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(rally.connected).equal(ENTRIES);
    expect(highest / MEBIBYTE).within(20, 150);
  });
});
