import { expect } from 'chai';
import sinon from 'sinon';
import { RedisBus } from '../../../core/bus/redis-bus.js';
import { SystemClock } from '../../../core/clock.js';
import { RedisStoreDriver } from '../../../core/store/redis-store.js';
import type { Json } from '../../../core/store/store.js';
import { eventually } from '../store/eventually.js';
import { needsRedis, RedisProcess } from '../store/redis-process.js';
import { silentLog } from '../store/silent-log.js';

describe('RedisBus', () => {
  let redis: RedisProcess;
  let count = 0;
  let log: typeof silentLog & { error: sinon.SinonSpy };
  const closings: (() => Promise<void>)[] = [];

  const open = async (node: string, prefix: string): Promise<RedisBus> => {
    const store = await RedisStoreDriver.open(
      { url: redis.url, prefix, replicas: 0, durability: 'normal', ca: null },
      { clock: new SystemClock(), log: silentLog },
    );
    const bus = await RedisBus.open(store.link, { node, log });
    closings.push(async () => {
      await bus.close();
      await store.close();
    });
    return bus;
  };
  const pair = async () => {
    const prefix = `bus-${++count}`;
    return [await open('one', prefix), await open('other', prefix)] as const;
  };
  const record = (bus: { subscribe: RedisBus['subscribe'] }, channel = 'a') => {
    const heard: (readonly [Json, string])[] = [];
    const leave = bus.subscribe(channel, (message, from) => heard.push([message, from]));
    return { heard, leave };
  };
  /** Subscriptions made before arrive at Redis before words that are spoken after this. */
  const settled = async (bus: RedisBus, other: RedisBus) => {
    const { heard, leave } = record(bus, 'settled');
    await eventually(() => {
      other.publish('settled', 1);
      return heard.length > 0;
    });
    leave();
  };

  before(needsRedis);
  before(async () => {
    redis = await RedisProcess.start();
  });
  beforeEach(() => {
    log = { ...silentLog, error: sinon.spy() };
  });
  afterEach(async () => {
    for (const close of closings.splice(0)) await close();
  });
  after(() => redis?.end());

  it('reaches every subscriber on every node once, its own node included, in order', async () => {
    const [one, other] = await pair();
    const [mine, theirs] = [record(one), record(other)];
    await settled(other, one);
    for (let i = 0; i < 100; i++) one.publish('a', i);
    await eventually(() => theirs.heard.length === 100 && mine.heard.length === 100);
    const wanted = Array.from({ length: 100 }, (_, i) => [i, 'one']);
    expect(theirs.heard).to.deep.equal(wanted);
    expect(mine.heard).to.deep.equal(wanted);
  });

  it('keeps channels, namespaces and communities apart', async () => {
    const [one, other] = await pair();
    const stranger = await open('stranger', 'elsewhere');
    const records = [record(other, 'b'), record(other.namespace('x')), record(stranger)];
    const right = record(other.namespace('x').namespace('y'));
    await settled(other, one);
    one.namespace('x').namespace('y').publish('a', 1);
    await eventually(() => right.heard.length === 1);
    expect(records.map(({ heard }) => heard)).to.deep.equal([[], [], []]);
  });

  it('tells a subscriber nothing more once he has left', async () => {
    const [one, other] = await pair();
    const [leaving, staying] = [record(other), record(other)];
    await settled(other, one);
    leaving.leave();
    one.publish('a', 1);
    await eventually(() => staying.heard.length === 1);
    expect(leaving.heard).to.deep.equal([]);
  });

  it('logs a listener that throws and goes on to the others', async () => {
    const [one, other] = await pair();
    other.subscribe('a', () => {
      throw new Error('broken');
    });
    const { heard } = record(other);
    await settled(other, one);
    one.publish('a', 1);
    await eventually(() => heard.length === 1);
    expect(log.error.callCount).to.equal(1);
  });

  it('drops what is no message of a node', async () => {
    const [one, other] = await pair();
    const { heard } = record(other);
    await settled(other, one);
    redis.ask('PUBLISH', `bus-${count}:bus:a`, 'no json');
    one.publish('a', 1);
    await eventually(() => heard.length === 1);
    expect(heard).to.deep.equal([[1, 'one']]);
  });

  it('refuses messages that are too large or no JSON', async () => {
    const [one] = await pair();
    for (const message of ['x'.repeat(1024 * 1024), undefined as unknown as Json]) {
      expect(() => one.publish('a', message))
        .to.throw()
        .with.property('code', 'BUS_MESSAGE');
    }
  });

  it('speaks to its own node while Redis is away, and tells of the gap when it is back', async () => {
    const [one, other] = await pair();
    const [mine, theirs] = [record(one), record(other)];
    const gap = sinon.spy();
    other.onGap(gap);
    await settled(other, one);
    await redis.kill();
    await eventually(() => one.health() !== undefined);
    one.publish('a', 'meanwhile');
    await eventually(() => mine.heard.length === 1);
    expect(gap.callCount).to.equal(0);
    await redis.resume();
    await eventually(() => gap.callCount > 0 && one.health() === undefined);
    await settled(other, one);
    one.publish('a', 'after');
    await eventually(() => theirs.heard.length > 0);
    expect(theirs.heard).to.deep.equal([['after', 'one']]);
    expect(one.lost).to.be.greaterThan(0);
  });
});
