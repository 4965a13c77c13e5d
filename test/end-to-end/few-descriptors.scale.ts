import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import type { ReadyReport } from '../../core/ready-report.js';
import { startGame } from '../plugins/vcmi-lobby/start-games.js';
import { BeaconryProcess } from './beaconry-process.js';

const ANY = '127.0.0.1:0';
const limit = 200;

describe('a node without file descriptors', function () {
  this.timeout(60_000);
  let folder = '';
  let process: BeaconryProcess;
  let report: ReadyReport;
  let udp: UdpSocket;
  const sockets: Socket[] = [];
  /** Keeps its one connection. */
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const portOf = (endpoint: string): number => report.endpoints[endpoint]?.[0]?.port ?? 0;
  const reasons = async (): Promise<string> => {
    const request = get({ port: portOf('http'), host: '127.0.0.1', path: '/readyz', agent });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    expect(answer.statusCode).to.equal(200);
    let text = '';
    for await (const chunk of answer) text += chunk;
    return text;
  };
  const query = async (): Promise<number | undefined> => {
    const question = Buffer.from('\xff\xff\xff\xffTSource Engine Query\0', 'latin1');
    udp.send(question, portOf('game'), '127.0.0.1');
    const [answer] = (await once(udp, 'message', { signal: AbortSignal.timeout(3000) })) as [
      Buffer,
    ];
    return answer[4];
  };

  before(function () {
    if (globalThis.process.platform === 'linux') return;
    console.log('      skipped: needs Linux');
    this.skip();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-descriptors-'));
    const file = join(folder, 'node.yaml');
    const plugins = { 'game-server': {}, a2s: {}, 'vcmi-lobby': { perAddressLimit: 0 } };
    const endpoints = { http: { http: ANY }, game: { udp: ANY }, lobby: { tcp: ANY } };
    writeFileSync(file, stringify({ data: './data', endpoints, plugins }));
    process = new BeaconryProcess(['start', file], {
      cwd: folder,
      within: ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'],
    });
    report = await process.ready();
    udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    agent.destroy();
    udp?.close();
    await process?.kill();
    rmSync(folder, { recursive: true });
  });

  it('says so, serves who is here, and everybody again when there are some', async () => {
    expect(await reasons()).to.not.include('descriptor');
    for (let i = 0; i < 2 * limit; i++) {
      const socket = connect(portOf('lobby'), '127.0.0.1');
      socket.on('error', () => {}).resume();
      sockets.push(socket);
    }
    await process.logged(/file descriptor/);
    expect(await reasons()).to.include('LimitNOFILE');
    expect(await query()).to.equal('A'.charCodeAt(0));
    // Who gets no connection hears of it at once.
    const refused = connect(portOf('lobby'), '127.0.0.1');
    sockets.push(refused);
    refused.on('error', () => {}).resume();
    await once(refused, 'close', { signal: AbortSignal.timeout(5000) });
    for (const socket of sockets.splice(0)) socket.destroy();
    await process.logged(/there are file descriptors again/);
    expect(await reasons()).to.not.include('descriptor');
    await startGame(portOf('lobby'), 1);
  });
});
