import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import {
  decodeListPage,
  encodeListRequest,
  LIST_START,
} from '../../server-browser/a2s-query/list-codec.js';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import type { Flood, Flooded } from './heartbeat-flood.js';
import { NetworkNamespaces } from './network-namespaces.js';
import { RemoteGame } from './remote-game.js';
import { RemoteHost, type RemoteSocket } from './remote-host.js';

const FLOOD = fileURLToPath(new URL('heartbeat-flood.js', import.meta.url));
const master = PeerAddress.of('203.0.113.1', 27011);
const MASTER_IPV6 = '2001:db8:1::1';
const FLOODER = { ipv4: '192.0.2.66', ipv6: '2001:db8:66::66' };
/** Servers of others, each in a /24 of its own. */
const others = Array.from({ length: 20 }, (_, n) => `198.51.${n}.7`);
const run = promisify(execFile);

describe('a flood over real sockets', function () {
  this.timeout(60_000);
  let network: NetworkNamespaces<'master' | 'others' | 'asker' | 'flooder'> | undefined;
  let folder = '';
  let process_: BeaconryProcess | undefined;
  const agents: RemoteHost[] = [];
  afterEach(async () => {
    await Promise.all([process_?.kill(), ...agents.splice(0).map((agent) => agent.stop())]);
    network?.close();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  it('of heartbeats of one /24 and one /64 with new ports leaves lists of others intact and memory bounded', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    network = new NetworkNamespaces({
      master: ['203.0.113.1/24', `${MASTER_IPV6}/64`],
      others: others.map((address) => `${address}/24`),
      asker: ['192.0.2.3/24'],
      flooder: [`${FLOODER.ipv4}/24`, `${FLOODER.ipv6}/64`],
    });
    const inside = (host: 'master' | 'others' | 'asker' | 'flooder') =>
      network?.host(host).within ?? [];
    const flooding = { ipv4: '203.0.115.', ipv6: '2001:db8:5::' };
    network.own('flooder', `${flooding.ipv4}0/24`, 'master', FLOODER.ipv4);
    network.own('flooder', `${flooding.ipv6}/64`, 'master', FLOODER.ipv6);
    folder = await mkdtemp(join(tmpdir(), 'beaconry-test-'));
    const file = join(folder, 'beaconry.yaml');
    writeFileSync(file, 'endpoints: { master: { udp: "[::]:27011" } }\nplugins: { master: {} }\n');
    process_ = new BeaconryProcess(['start', file], { cwd: folder, within: inside('master') });
    const [{ pid }, good, asking] = await Promise.all([
      process_.ready(),
      RemoteHost.start(inside('others')),
      RemoteHost.start(inside('asker')),
    ]);
    agents.push(good, asking);
    const asker = await asking.bind('192.0.2.3');
    const servers = await Promise.all(
      others.map(async (host) =>
        new RemoteGame(await good.bind(host), master, { values: { gamedir: 'good' } }).join(),
      ),
    );
    const expected = servers.map(({ address }) => address).sort();
    while (JSON.stringify((await list(asker)).servers.sort()) !== JSON.stringify(expected))
      await pause(50);

    const calm = median(await listMany(asker, 40));
    const before = memoryOf(pid);
    const flood: Flood = {
      ipv4: { master: master.host, prefix: flooding.ipv4 },
      ipv6: { master: MASTER_IPV6, prefix: flooding.ipv6 },
      ...{ port: master.port, perSecond: 10_000, seconds: 3 },
    };
    const [program = '', ...args] = [
      ...inside('flooder'),
      process.execPath,
      FLOOD,
      JSON.stringify(flood),
    ];
    let isOver = false;
    const flooded = run(program, args).then(({ stdout }) => {
      isOver = true;
      return JSON.parse(stdout) as Flooded;
    });
    const during: number[] = [];
    while (!isOver) {
      const { servers, time } = await list(asker);
      expect(servers.sort()).deep.equal(expected);
      during.push(time);
      await pause(40);
    }
    const { heartbeats, challenges, perSecond } = await flooded;
    const grown = memoryOf(pid) - before;
    console.log(
      `      ${heartbeats} heartbeats, ${perSecond} a second, ${challenges} challenges given; memory ` +
        `${grown.toFixed(0)} MiB more; a list took ${median(during).toFixed(1)} ms, ${calm.toFixed(1)} in calm`,
    );
    expect(heartbeats).greaterThan(3000);
    expect(challenges).greaterThan(1000);
    expect(grown).lessThan(64);
    await new RemoteGame(await good.bind(others[0] ?? ''), master, {
      values: { gamedir: 'late' },
    }).join();
    while ((await list(asker, 'late')).servers.length !== 1) await pause(50);
  });
});

/** One list, and how long it took; asked again when it got lost. */
async function list(
  asker: RemoteSocket,
  modDir = 'good',
): Promise<{ servers: string[]; time: number }> {
  for (;;) {
    const begun = performance.now();
    asker.send(
      encodeListRequest({ region: 255, after: LIST_START, filter: `\\gamedir\\${modDir}` }),
      master,
    );
    const page = await asker.next(({ bytes }) => bytes[4] === 0x66, 1000);
    if (page === undefined) continue;
    const servers = decodeListPage(page.bytes).servers.map(({ host, port }) => `${host}:${port}`);
    return { servers, time: performance.now() - begun };
  }
}

async function listMany(asker: RemoteSocket, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) times.push((await list(asker)).time);
  return times;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** MiB that a process has resident. */
const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
