import { expect } from 'chai';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { FakeClock } from '../../../core/testing/fake-clock.js';
import { HistoryTurn } from '../../../server-browser/web/history-turn.js';

describe('HistoryTurn', () => {
  let clock: FakeClock;
  let store: MemoryStore;
  beforeEach(() => {
    clock = new FakeClock();
    store = new MemoryStore(clock);
  });
  afterEach(() => store.close());

  it('lets one of several nodes write, and another one when that one is gone', async () => {
    const [one, other] = [new HistoryTurn(store, true), new HistoryTurn(store, true)];
    for (const turn of [one, other]) await turn.look();
    expect([one.isMine, other.isMine]).to.deep.equal([true, false]);
    for (let i = 0; i < 5; i++) {
      await clock.advance(5000);
      for (const turn of [one, other]) await turn.look();
    }
    expect([one.isMine, other.isMine]).to.deep.equal([true, false]);
    await clock.advance(15_000);
    await other.look();
    await one.look();
    expect([one.isMine, other.isMine]).to.deep.equal([false, true]);
  });

  it('always writes on a node that is alone', async () => {
    const turn = new HistoryTurn(store, false);
    await turn.look();
    expect(turn.isMine).to.equal(true);
  });

  it('keeps its part while the store is away', async () => {
    const turn = new HistoryTurn(store, true);
    await turn.look();
    await store.close();
    await turn.look();
    expect(turn.isMine).to.equal(true);
  });
});
