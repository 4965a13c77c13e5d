import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import type { ReadyReport } from '../../core/ready-report.js';
import { eventually } from '../core/store/eventually.js';
import { fillDisk, needsMount } from '../core/store/small-disk.js';
import { BeaconryProcess } from './beaconry-process.js';

const ANY = '127.0.0.1:0';

describe('a node whose disk is full', function () {
  this.timeout(60_000);
  let folder = '';
  let process: BeaconryProcess;
  let report: ReadyReport;
  /** The small disk: the data folder, as the process sees it. */
  const disk = (name = '') => join('/proc', String(report.pid), 'root', folder, 'data', name);
  const portOf = (endpoint: string): number => report.endpoints[endpoint]?.[0]?.port ?? 0;
  const start = async () => {
    const file = join(folder, 'node.yaml');
    process = new BeaconryProcess(['start', file], { cwd: folder });
    report = await process.ready();
  };
  const admin = (path: string, body?: object) =>
    fetch(`http://127.0.0.1:${portOf('admin')}/v1/admin${path}`, {
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  const acknowledged: string[] = [];
  let bans = 0;
  /** Bans an address; what was answered. */
  const ban = async (): Promise<{ readonly status: number; readonly text: string }> => {
    const subject = `10.0.${bans >> 8}.${bans++ & 255}/32`;
    const answer = await admin('/bans', { subject, reason: 'x'.repeat(200) });
    const text = await answer.text();
    if (answer.status === 201) acknowledged.push(JSON.parse(text).subject as string);
    return { status: answer.status, text };
  };
  const readiness = async () => {
    const answer = await fetch(`http://127.0.0.1:${portOf('http')}/readyz`);
    return { status: answer.status, text: await answer.text() };
  };
  before(needsMount);
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-full-disk-'));
    mkdirSync(join(folder, 'data'));
    const plugins = { bans: {}, 'game-server': {}, a2s: {} };
    const endpoints = { http: { http: ANY }, admin: { http: ANY }, game: { udp: ANY } };
    const management = { token: 'secret' };
    writeFileSync(
      join(folder, 'node.yaml'),
      stringify({ data: './data', store: { driver: 'sqlite' }, endpoints, management, plugins }),
    );
  });
  afterEach(async () => {
    await process?.kill();
    rmSync(folder, { recursive: true });
  });

  it('refuses what it cannot keep, says so, serves on, and goes on when there is room', async () => {
    // Of a namespace of its own, which ends with the process; its content is taken along before.
    process = new BeaconryProcess(['start', join(folder, 'node.yaml')], {
      cwd: folder,
      within: [
        ...['unshare', '--mount', 'sh', '-c'],
        `mount -t tmpfs -o size=1m,mode=700 tmpfs '${join(folder, 'data')}' && exec "$@"`,
        'sh',
      ],
    });
    report = await process.ready();
    for (let i = 0; i < 20; i++) expect((await ban()).status).to.equal(201);
    fillDisk(disk());
    let refused = await ban();
    for (let i = 0; i < 500 && refused.status === 201; i++) refused = await ban();
    expect(refused.status).to.be.oneOf([500, 503]);
    expect(refused.text).to.match(/STORE_|INTERNAL/);
    const { status, text } = await readiness();
    expect(status).to.equal(503);
    expect(text).to.include('free space');
    const udp = createSocket('udp4');
    const question = Buffer.from('\xff\xff\xff\xffTSource Engine Query\0', 'latin1');
    udp.send(question, portOf('game'), '127.0.0.1');
    await once(udp, 'message', { signal: AbortSignal.timeout(3000) });
    udp.close();
    const backup = await admin('/backup', {});
    expect(backup.status).to.not.equal(200);
    expect(readdirSync(disk()).filter((name) => /partial|backup/.test(name))).to.deep.equal([]);
    rmSync(disk('filler'));
    await eventually(async () => (await ban()).status === 201);
    expect((await readiness()).status).to.equal(200);
    expect(acknowledged.length).to.be.greaterThan(20);
    process.signal('SIGSTOP');
    spawnSync('cp', ['-a', disk(), join(folder, 'kept')]);
    await process.kill();
    rmSync(join(folder, 'data'), { recursive: true });
    spawnSync('mv', [join(folder, 'kept'), join(folder, 'data')]);
    await start();
    const answer = await admin('/bans?limit=1000');
    const { items } = (await answer.json()) as { items: { subject: string }[] };
    const kept = new Set(items.map(({ subject }) => subject));
    expect(acknowledged.filter((subject) => !kept.has(subject))).to.deep.equal([]);
  });
});
