import { expect } from 'chai';
import { SystemClock } from '../../../core/clock.js';
import type { RedisConfig } from '../../../core/store/redis-link.js';
import { RedisStoreDriver } from '../../../core/store/redis-store.js';
import type { StoreDriver } from '../../../core/store/store.js';
import { FakeClock } from '../../../core/testing/fake-clock.js';
import { describeStore, refused } from './conformance.js';
import { needsRedis, RedisProcess } from './redis-process.js';
import { silentLog } from './silent-log.js';

describe('RedisStore', () => {
  let redis: RedisProcess;
  let count = 0;
  const opened: StoreDriver[] = [];
  const configOf = (more: Partial<RedisConfig> = {}): RedisConfig => ({
    url: redis.url,
    prefix: `test-${++count}`,
    replicas: 0,
    durability: 'normal',
    ca: null,
    ...more,
  });
  const open = async (more: Partial<RedisConfig> = {}, clock = new FakeClock()) => {
    const store = await RedisStoreDriver.open(configOf(more), { clock, log: silentLog });
    opened.push(store);
    return store;
  };

  before(needsRedis);
  before(async () => {
    redis = await RedisProcess.start();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  after(() => redis?.end());

  describe('as a store', () => describeStore((clock) => open({}, clock)));

  it('shows a write of one node to another, and keeps communities apart by prefix', async () => {
    const [one, same, other] = [
      await open({ prefix: 'a' }),
      await open({ prefix: 'a' }),
      await open({ prefix: 'b' }),
    ];
    await one.namespace('x').set('k', 1);
    expect(await same.namespace('x').get('k')).to.equal(1);
    expect(await other.namespace('x').get('k')).to.equal(undefined);
  });

  it('refuses what a newer program wrote, and shares with other versions of its own format', async () => {
    await open({ prefix: 'newer' });
    expect(redis.ask('GET', 'newer:format')).to.equal('1');
    await open({ prefix: 'newer' });
    redis.ask('SET', 'newer:format', '2');
    const error = await refused('STORE_TOO_NEW', open({ prefix: 'newer' }));
    expect(error.message).to.include('format 2').and.include('prefix newer');
  });

  it('loses none of many updates from two nodes', async () => {
    const nodes = [await open({ prefix: 'u' }), await open({ prefix: 'u' })];
    const raise = (store: StoreDriver) => store.update<number>('n', (n = 0) => n + 1);
    await Promise.all(nodes.flatMap((node) => Array.from({ length: 40 }, () => raise(node))));
    expect(await nodes[0]?.get('n')).to.equal(80);
  });

  it('lets one of two nodes win each of many races for take and setIfAbsent', async () => {
    const [one, other] = [await open({ prefix: 'r' }), await open({ prefix: 'r' })];
    for (let i = 0; i < 200; i++) await one.set(`t${i}`, i);
    const races = Array.from({ length: 200 }, async (_, i) => {
      const taken = await Promise.all([one.take(`t${i}`), other.take(`t${i}`)]);
      const set = await Promise.all([one.setIfAbsent(`s${i}`, 1), other.setIfAbsent(`s${i}`, 2)]);
      return [taken.filter((value) => value === i).length, set.filter(Boolean).length];
    });
    for (const result of await Promise.all(races)) expect(result).to.deep.equal([1, 1]);
  });

  it('reads long ranges in pieces and passes over what has ended', async () => {
    const clock = new FakeClock();
    const store = await open({}, clock);
    const writes = Array.from({ length: 2500 }, (_, i) =>
      store.set(`k${String(i).padStart(4, '0')}`, i, i % 5 === 0 ? {} : { ttl: 1000 }),
    );
    await Promise.all(writes);
    await clock.advance(1000);
    const found = await store.scan<number>('k', { limit: 400, after: 'k0010' });
    expect(found).to.have.length(400);
    expect(found[0]).to.deep.equal(['k0015', 15]);
    expect(found.at(-1)).to.deep.equal(['k2010', 2010]);
  });

  it('deletes from Redis what has ended', async () => {
    const clock = new FakeClock();
    const config = configOf();
    const store = await RedisStoreDriver.open(config, { clock, log: silentLog });
    opened.push(store);
    const part = store.namespace('p');
    await Promise.all(Array.from({ length: 1500 }, (_, i) => part.set(`k${i}`, 1, { ttl: 10 })));
    await part.set('stays', 1);
    await clock.advance(10_000);
    const left = () => redis.ask('HLEN', `${config.prefix}:{/p}:v`);
    for (let i = 0; i < 100 && left() !== '1'; i++) await part.get('stays');
    expect(left()).to.equal('1');
    expect(redis.ask('ZCARD', `${config.prefix}:{/p}:k`)).to.equal('1');
    expect(redis.ask('ZCARD', `${config.prefix}:{/p}:x`)).to.equal('0');
  });

  it('goes on when the scripts of the server were flushed', async () => {
    const store = await open();
    redis.ask('SCRIPT', 'FLUSH');
    await store.set('a', 1);
    expect(await store.take('a')).to.equal(1);
  });

  it('ends entries by the time of the server, whatever the clock of the node says', async () => {
    const wrong = new (class extends SystemClock {
      override now() {
        return super.now() + 86_400_000;
      }
    })();
    const config = configOf();
    const [ahead, right] = await Promise.all(
      [wrong, new SystemClock()].map((clock) =>
        RedisStoreDriver.open(config, { clock, log: silentLog }),
      ),
    );
    opened.push(ahead as StoreDriver, right as StoreDriver);
    await right?.set('a', 1, { ttl: 60_000 });
    expect(await ahead?.get('a')).to.equal(1);
    expect(await ahead?.setIfAbsent('a', 2)).to.equal(false);
  });

  describe('at the start', () => {
    it('says what to do when nobody listens there', async () => {
      const error = await refused('STORE_OPEN', open({ url: 'redis://:secret@127.0.0.1:1' }));
      expect(error.message)
        .to.include('redis://127.0.0.1:1')
        .and.include('ECONNREFUSED')
        .and.include('store.driver sqlite')
        .and.not.include('secret');
    });

    it('says when the password is wrong or missing', async () => {
      redis.ask('CONFIG', 'SET', 'requirepass', 'right');
      try {
        const url = (user: string) => `redis://${user}127.0.0.1:${redis.port}`;
        expect((await refused('STORE_OPEN', open({ url: url(':wrong@') }))).message).to.match(
          /WRONGPASS/,
        );
        expect((await refused('STORE_OPEN', open({ url: url('') }))).message).to.match(/NOAUTH/);
        await open({ url: url(':right@') });
      } finally {
        redis.ask('-a', 'right', 'CONFIG', 'SET', 'requirepass', '');
      }
    });

    const demands: readonly (readonly [string, string, string, Partial<RedisConfig>?])[] = [
      ['appendonly', 'no', 'yes'],
      ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
      ['appendfsync', 'everysec', 'everysec', { durability: 'full' }],
    ];
    for (const [name, bad, good, config] of demands) {
      it(`refuses a server with ${name} ${bad} and says how to change it`, async () => {
        redis.ask('CONFIG', 'SET', name, bad);
        try {
          const error = await refused('STORE_VOLATILE', open(config));
          expect(error.message).to.include(name).and.include(`CONFIG SET ${name}`);
        } finally {
          redis.ask('CONFIG', 'SET', name, good);
        }
      });
    }

    it('refuses a server with fewer replicas than must hold a write', async () => {
      const error = await refused('STORE_REPLICAS', open({ replicas: 1 }));
      expect(error.message).to.include('has 0 connected');
    });
  });
});
