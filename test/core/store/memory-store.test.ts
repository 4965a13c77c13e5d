import { expect } from 'chai';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { FakeClock } from '../../../core/testing/fake-clock.js';
import { describeStore } from './conformance.js';

describe('MemoryStore', () => {
  describeStore(async (clock) => new MemoryStore(clock));

  it('forgets expired entries in batches that hold up nobody', async () => {
    const clock = new FakeClock();
    const store = new MemoryStore(clock);
    for (let i = 0; i < 2500; i++) await store.set(`k${i}`, i, { ttl: 10 });
    await store.set('stays', 1);
    await clock.advance(10_000);
    expect(store.size).to.equal(1501);
    await clock.advance(200);
    expect(store.size).to.equal(1);
    await store.close();
  });
});
