import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { RedisBus } from '../../../core/bus/redis-bus.js';
import { SystemClock } from '../../../core/clock.js';
import { RedisStoreDriver } from '../../../core/store/redis-store.js';
import { freePorts } from '../../end-to-end/free-ports.js';
import { refused } from './conformance.js';
import { eventually } from './eventually.js';
import { needsRedis, RedisProcess } from './redis-process.js';
import { silentLog } from './silent-log.js';

describe('RedisStore on other kinds of Redis', () => {
  let redis: RedisProcess | undefined;
  const open = (url: string, ca: string | null = null) =>
    RedisStoreDriver.open(
      { url, prefix: 'kinds', replicas: 0, durability: 'normal', ca },
      { clock: new SystemClock(), log: silentLog },
    );
  /** Everything once: values, one step, order, and words. */
  const works = async (store: RedisStoreDriver) => {
    const bus = await RedisBus.open(store.link, { node: 'one', log: silentLog });
    try {
      const [part, other] = [store.namespace('a'), store.namespace('b')];
      await Promise.all(['z', 'a', 'm'].map((key) => part.set(key, key)));
      await other.set('k', 1, { ttl: 60_000 });
      expect(await part.scan('')).to.deep.equal([
        ['a', 'a'],
        ['m', 'm'],
        ['z', 'z'],
      ]);
      expect(await other.setIfAbsent('k', 2)).to.equal(false);
      expect(await other.take('k')).to.equal(1);
      await Promise.all(
        Array.from({ length: 10 }, () => other.update<number>('n', (n = 0) => n + 1)),
      );
      expect(await other.get('n')).to.equal(10);
      const heard: unknown[] = [];
      bus.subscribe('c', (message) => heard.push(message));
      bus.publish('c', 'word');
      await eventually(() => heard.length === 1);
      expect(store.health()).to.equal(undefined);
    } finally {
      await bus.close();
      await store.close();
    }
  };

  before(needsRedis);
  afterEach(() => redis?.end());

  it('works on a Redis Cluster', async () => {
    redis = await RedisProcess.start(
      ...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    );
    redis.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(() => redis?.ask('CLUSTER', 'INFO').includes('cluster_state:ok') === true);
    await works(await open(`redis+cluster://127.0.0.1:${redis.port}`));
  });

  it('speaks TLS, and only to a server whose certificate it can check', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'beaconry-tls-'));
    try {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
      const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'];
      spawnSync('openssl', ['req', '-x509', ...made, ...subject]);
      const [port = 0] = await freePorts(1, 'tcp');
      redis = await RedisProcess.start(
        ...['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key],
        ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
      );
      await works(await open(`rediss://localhost:${port}`, cert));
      const error = await refused('STORE_OPEN', open(`rediss://localhost:${port}`));
      expect(error.message).to.match(/self.signed/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
