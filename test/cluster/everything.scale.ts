import { expect } from 'chai';
import { needsRedis } from '../core/store/redis-process.js';
import { runEverything } from './everything.js';

describe('everything at once on two nodes', () => {
  before(needsRedis);

  it('lives through a Redis that hangs, dies and comes back, and holds nothing of the traffic afterwards', async () => {
    const { alive, log, done, descriptorsBefore, descriptorsAfter, tablesAfter } =
      await runEverything(10, 1, 5);
    expect(alive).to.equal(true);
    expect(log).to.not.match(/unhandled|uncaught/i);
    expect(Object.keys(done)).to.include.members([
      'a2s',
      'master',
      'page',
      'lobby',
      'relay',
      'auth',
    ]);
    expect(descriptorsAfter).to.be.at.most(descriptorsBefore + 8);
    const { master_registrations: _, vcmi_lobby_pipes: __, ...rest } = tablesAfter;
    for (const [name, size] of Object.entries(rest)) expect(size, name).to.be.at.most(4);
  });
});
