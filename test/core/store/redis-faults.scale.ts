import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { SystemClock } from '../../../core/clock.js';
import { ServerError } from '../../../core/errors.js';
import { RedisStoreDriver } from '../../../core/store/redis-store.js';
import { eventually } from './eventually.js';
import { needsRedis, RedisProcess } from './redis-process.js';
import { silentLog } from './silent-log.js';
import { fillDisk, needsMount } from './small-disk.js';

describe('RedisStore when Redis fails', () => {
  let redis: RedisProcess;
  let count = 0;
  let log: typeof silentLog & { error: sinon.SinonSpy };
  const opened: RedisStoreDriver[] = [];
  const open = async (replicas = 0, prefix = `faults-${++count}`): Promise<RedisStoreDriver> => {
    const config = { url: redis.url, prefix, replicas, durability: 'normal' as const, ca: null };
    const store = await RedisStoreDriver.open(config, { clock: new SystemClock(), log });
    opened.push(store);
    return store;
  };
  /** Writes without end; gives the keys that were acknowledged, and the codes of failures. */
  const traffic = (store: RedisStoreDriver) => {
    const acknowledged: string[] = [];
    const codes = new Set<string>();
    let running = true;
    const writer = async (name: string) => {
      for (let i = 0; running; i++) {
        const key = `${name}-${i}`;
        try {
          await store.set(key, i);
          acknowledged.push(key);
        } catch (error) {
          codes.add((error as ServerError).code);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    const writers = ['a', 'b', 'c', 'd'].map(writer);
    const stop = async () => {
      running = false;
      await Promise.all(writers);
    };
    return { acknowledged, codes, stop };
  };

  before(needsRedis);
  beforeEach(async () => {
    log = { ...silentLog, error: sinon.spy() };
    redis = await RedisProcess.start();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await redis?.end();
  });

  it('has every acknowledged write after Redis was killed under traffic and started again', async () => {
    const store = await open();
    const { acknowledged, codes, stop } = traffic(store);
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length;
      await eventually(() => acknowledged.length > before + 200);
      await redis.kill();
      await eventually(() => store.health() !== undefined);
      await redis.resume();
      await eventually(() => store.health() === undefined);
    }
    await stop();
    const kept = new Set<string>();
    for (const prefix of ['a', 'b', 'c', 'd']) {
      for (const [key] of await store.scan(prefix, { limit: 10_000 })) kept.add(key);
    }
    expect(acknowledged.filter((key) => !kept.has(key))).to.deep.equal([]);
    expect([...codes]).to.include('STORE_UNAVAILABLE');
    expect([...codes].filter((code) => !/UNAVAILABLE|UNSURE/.test(code))).to.deep.equal([]);
  });

  it('refuses at once while Redis is away, and says so in its health', async () => {
    const store = await open();
    await redis.kill();
    await eventually(() => store.health() !== undefined);
    expect(store.health()).to.include(`redis://127.0.0.1:${redis.port}`);
    const started = performance.now();
    const error = await store.set('a', 1).catch((reason: ServerError) => reason);
    expect(error).to.be.instanceOf(ServerError).with.property('code', 'STORE_UNAVAILABLE');
    expect(performance.now() - started).to.be.lessThan(500);
  });

  it('tells when Redis came back without what it held, and works on', async () => {
    const store = await open();
    const returned = sinon.spy();
    store.link.onReturn(returned);
    await store.set('a', 1);
    await redis.kill();
    redis.empty();
    await redis.resume();
    await eventually(() => returned.callCount > 0);
    expect(await store.get('a')).to.equal(undefined);
    expect(log.error.args.flat().join()).to.include('came back without what it held');
    await store.set('a', 2);
    expect(await store.get('a')).to.equal(2);
  });

  it('does not do later what it gave up on while Redis hung', async () => {
    const store = await open();
    await store.set('a', 'before');
    redis.pause();
    const error = await store.set('a', 'given up').catch((reason: ServerError) => reason);
    expect(error).to.have.property('code', 'STORE_UNSURE');
    expect(store.health()).to.include('does not answer');
    const refused = await store.set('a', 'at once').catch((reason: ServerError) => reason);
    expect(refused).to.have.property('code', 'STORE_UNAVAILABLE');
    redis.unpause();
    await eventually(() => store.health() === undefined);
    expect(await store.get('a')).to.equal('before');
  }).timeout(15_000);

  describe('on a small disk', () => {
    let small: RedisProcess;
    before(needsMount);
    beforeEach(async () => {
      small = await RedisProcess.startOnDisk(2 * 1024 * 1024);
    });
    afterEach(() => small?.end());

    it('says that it takes no writes when the disk is full, reads on, and has all that was acknowledged', async () => {
      const store = await RedisStoreDriver.open(
        { url: small.url, prefix: 'small', replicas: 0, durability: 'normal', ca: null },
        { clock: new SystemClock(), log },
      );
      opened.push(store);
      const acknowledged: string[] = [];
      let refused: ServerError | undefined;
      const write = async (): Promise<void> => {
        const key = `k${acknowledged.length}`;
        await store.set(key, 'x'.repeat(1000)).then(
          () => acknowledged.push(key),
          (error: ServerError) => {
            refused = error;
          },
        );
      };
      for (let i = 0; i < 20; i++) await write();
      fillDisk(small.files);
      for (let i = 0; i < 2000 && refused === undefined; i++) await write();
      expect(refused).to.have.property('code', 'STORE_UNAVAILABLE');
      expect(store.health()).to.include('disk');
      expect(await store.get('k0')).to.equal('x'.repeat(1000));
      rmSync(join(small.files, 'filler'));
      await eventually(() => store.health() === undefined);
      await write();
      const kept = new Set((await store.scan('k', { limit: 10_000 })).map(([key]) => key));
      expect(acknowledged.length).to.be.greaterThan(20);
      expect(acknowledged.filter((key) => !kept.has(key))).to.deep.equal([]);
    }).timeout(30_000);
  });

  describe('with a replica', () => {
    let replica: RedisProcess;
    beforeEach(async () => {
      replica = await RedisProcess.start('--replicaof', `127.0.0.1 ${redis.port}`);
      await eventually(() => replica.ask('INFO', 'replication').includes('link_status:up'));
    });
    afterEach(() => replica?.end());

    it('acknowledges only what the replica holds: promoted, it lacks nothing', async () => {
      const store = await open(1);
      const { acknowledged, codes, stop } = traffic(store);
      await eventually(() => acknowledged.length > 100);
      // From here on the replica lacks everything.
      replica.pause();
      // Not any failure: on a busy machine the replica may have been late before, and caught up.
      await eventually(() => store.health()?.includes('0 of 1 replicas') === true);
      expect([...codes]).to.include('STORE_UNSURE');
      await redis.kill();
      await stop();
      replica.unpause();
      replica.ask('REPLICAOF', 'NO', 'ONE');
      const promoted = await RedisStoreDriver.open(
        {
          url: replica.url,
          prefix: `faults-${count}`,
          replicas: 0,
          durability: 'normal',
          ca: null,
        },
        { clock: new SystemClock(), log },
      );
      opened.push(promoted);
      const kept = new Set<string>();
      for (const [key] of await promoted.scan('', { limit: 10_000 })) kept.add(key);
      expect(acknowledged.length).to.be.greaterThan(100);
      expect(acknowledged.filter((key) => !kept.has(key))).to.deep.equal([]);
    });

    it('refuses to write through a replica and names the way to the primary', async () => {
      const config = { url: replica.url, prefix: 'x', replicas: 0, durability: 'normal' as const };
      const error = await RedisStoreDriver.open(
        { ...config, ca: null },
        { clock: new SystemClock(), log },
      ).catch((reason: ServerError) => reason);
      expect(error).to.have.property('code', 'STORE_OPEN');
      expect((error as ServerError).message).to.include('redis+sentinel://');
    });
  });
});
