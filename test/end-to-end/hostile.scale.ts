import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { QueryClient, UdpSocket } from 'beaconry/a2s-query';
import { expect } from 'chai';
import type { ReadyReport } from '../../core/ready-report.js';
import { BeaconryProcess, listed } from './beaconry-process.js';
import { temporaryFolder } from './temporary-folder.js';

const run = promisify(execFile);
const FLOOD = fileURLToPath(new URL('datagram-flood.js', import.meta.url));
const MEBIBYTE = 1024 * 1024;

/** Resident memory of a process in bytes. */
const residentBytes = (pid: number): number => {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
};

describe('UDP endpoints under a million hostile datagrams', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let server: BeaconryProcess | undefined;
  let report: ReadyReport;

  beforeEach(async () => {
    const config = join(folder.path, 'beaconry.yaml');
    writeFileSync(
      config,
      `endpoints:
  http: { http: '127.0.0.1:0' }
  admin: { http: '127.0.0.1:0' }
  game: { udp: '127.0.0.1:0' }
  master: { udp: '127.0.0.1:0' }
data: ./data
store: { driver: memory }
management: { token: test-token }
plugins: { game-server: {}, rules: { values: { a: b } }, a2s: {}, master: {}, browser: {} }
`,
    );
    server = new BeaconryProcess(['start', config], { cwd: folder.path });
    report = await server.ready();
  });
  afterEach(() => server?.kill());

  const portOf = (name: string) => report.endpoints[name]?.[0]?.port as number;
  const metrics = async (): Promise<(name: string, labels: string) => number> => {
    const response = await fetch(`http://127.0.0.1:${portOf('admin')}/metrics`, {
      headers: { authorization: 'Bearer test-token' },
    });
    const text = await response.text();
    return (name, labels) => {
      const line = text.split('\n').find((line) => line.startsWith(name) && line.includes(labels));
      return Number(line?.split(' ').at(-1));
    };
  };
  const flood = async (port: number, count: number, addresses: number, perSecond: number) => {
    const { stdout } = await run(process.execPath, [
      FLOOD,
      ...[port, count, addresses, perSecond].map(String),
    ]);
    return JSON.parse(stdout) as { sent: number; received: number };
  };
  const query = async (timeout = 1000) => {
    const socket = new UdpSocket();
    const client = new QueryClient(socket, { timeout, retries: 0 });
    try {
      const from = performance.now();
      await client.info({ host: '127.0.0.1', port: portOf('game') });
      return performance.now() - from;
    } finally {
      client.close();
      await socket.close();
    }
  };

  for (const endpoint of ['game', 'master']) {
    it(`${endpoint}: nothing escapes, memory stays, answers to the unproven stay small`, async () => {
      // The code and the sockets' memory are warm before anything is compared.
      await flood(portOf(endpoint), 100_000, 1000, 40_000);
      const before = residentBytes(report.pid);
      const { sent } = await flood(portOf(endpoint), 1_000_000, 1000, 40_000);
      const grown = residentBytes(report.pid) - before;
      const answered = await query();
      const value = await metrics();
      const label = `endpoint="${endpoint}"`;
      const received = value('beaconry_udp_received_total', label);
      console.log(
        `      ${endpoint}: ${sent} sent, ${received} received in all, RSS ${(grown / MEBIBYTE).toFixed(1)} MiB more, query after it ${answered.toFixed(1)} ms`,
      );
      expect(received).above(sent * 0.95);
      expect(grown).below(32 * MEBIBYTE);
      expect(answered).below(50);
      expect(value('beaconry_udp_dropped_total', `${label},reason="failed"`)).equal(0);
      expect(value('beaconry_udp_unproven_violations_total', label)).equal(0);
      expect(server?.stderr).not.match(/"level":(50|60)/);
      await listed(`127.0.0.1:${portOf('http')}`, 0);
    });
  }

  it('10,000 unproven packets a second in an address’s name do not delay its proven queries', async () => {
    const flooding = flood(portOf('game'), 50_000, 1, 10_000);
    const socket = new UdpSocket();
    const client = new QueryClient(socket, { timeout: 500, retries: 0 });
    const times: number[] = [];
    try {
      for (let i = 0; i < 80; i++) {
        const { ping } = await client.info({ host: '127.0.0.1', port: portOf('game') });
        times.push(ping);
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    } finally {
      client.close();
      await socket.close();
    }
    await flooding;
    times.sort((one, other) => one - other);
    console.log(`      slowest of ${times.length} queries: ${times.at(-1)?.toFixed(1)} ms`);
    expect(times).have.lengthOf(80);
    expect(times.at(-5)).below(50);
  });
});
