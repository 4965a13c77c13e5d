import type { Json } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { SharedRegistrations } from '../../../server-browser/master/shared-registrations.js';
import { SharedBus } from '../../core/bus/shared-bus.js';
import { at, described, tableOf, usual } from './build.js';

const ttl = 300_000;

describe('SharedRegistrations', () => {
  let clock: FakeClock;
  let store: MemoryStore;
  let bus: SharedBus;
  const nodes: SharedRegistrations[] = [];
  const node = async (name: string): Promise<SharedRegistrations> => {
    const made = new SharedRegistrations({
      ...{ store, clock, ttl, node: name, bus: bus.of(name), log: pino({ level: 'silent' }) },
      table: tableOf(clock, { ttl }),
    });
    nodes.push(made);
    await made.load();
    return made;
  };
  const settle = async () => {
    for (let i = 0; i < 5; i++) await clock.advance(100);
  };

  beforeEach(() => {
    clock = new FakeClock();
    store = new MemoryStore(clock);
    bus = new SharedBus();
  });
  afterEach(async () => {
    for (const made of nodes.splice(0)) made.close();
    await store.close();
  });

  it('has on one node what joined at another, and loses it where it signs off at a third', async () => {
    const [one, two, three] = [await node('one'), await node('two'), await node('three')];
    one.upsert(at('192.0.2.1:27015'), described({ name: 'Here' }), usual);
    await settle();
    expect([two, three].map((other) => other.find(at('192.0.2.1:27015'))?.name)).to.deep.equal([
      'Here',
      'Here',
    ]);
    three.remove(at('192.0.2.1:27015'), 'signed-off');
    await settle();
    expect([one, two, three].map(({ size }) => size)).to.deep.equal([0, 0, 0]);
  });

  it('catches up with what was said while a node did not hear, both ways', async () => {
    const [one, two] = [await node('one'), await node('two')];
    bus.cut('two');
    one.upsert(at('192.0.2.1:27015'), described(), usual);
    two.upsert(at('192.0.2.2:27015'), described(), usual);
    await settle();
    expect([one.size, two.size]).to.deep.equal([1, 1]);
    bus.mend('two');
    await settle();
    expect([one.size, two.size]).to.deep.equal([2, 2]);
  });

  it('passes over what a newer version says, and keeps what it knows', async () => {
    const one = await node('one');
    one.upsert(at('192.0.2.1:27015'), described(), usual);
    const newer = bus.of('newer');
    const say = (word: Json) => newer.publish('registrations', word);
    say({ kind: 'moved', servers: ['192.0.2.1:27015'] });
    say({ kind: 'put', servers: [['no address', {}]] });
    await settle();
    expect(one.size).to.equal(1);
  });
});
