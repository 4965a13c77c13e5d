import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { readRally } from '../../../plugins/rally/definition.js';
import { RallyRuns } from '../../../plugins/rally/rally-run.js';
import { fixture, newEngine } from './simulated-rally.js';

describe('results of rallies', () => {
  it('are those of the last fifty, however often a rally repeats itself', async () => {
    const clock = new FakeClock();
    const store = new MemoryStore(clock).namespace('rally');
    const runs = new RallyRuns(store, () => clock.now());
    const engine = newEngine();
    const definition = readRally(fixture);
    for (let i = 0; i < 120; i++) {
      const { run } = await runs.open(definition);
      await runs.finish(engine, run);
      await runs.next(run);
    }
    const ids = ((await runs.history()) as { id: number }[]).map(({ id }) => id);
    expect(ids.length).equal(50);
    const last = ids[0] ?? 0;
    expect(ids).deep.equal(Array.from({ length: 50 }, (_, i) => last - i));
    expect((await store.scan('history/')).length).equal(50);
  });
});
