import { expect } from 'chai';
import { needsRedis } from '../core/store/redis-process.js';
import { excess, runEverything } from './everything.js';

describe('everything at once on two nodes', () => {
  before(needsRedis);

  it('lives through a Redis that hangs, dies and comes back, and holds nothing of the traffic afterwards', async () => {
    const result = await runEverything(10, 3, 8);
    const { alive, log, done, reasons, before, after, tablesAfter } = result;
    expect(alive).to.equal(true);
    expect(log).to.not.match(/unhandled|uncaught/i);
    expect(Object.keys(done), JSON.stringify(reasons)).to.include.members([
      ...['a2s', 'master', 'page', 'lobby', 'lobby-json', 'relay', 'signaling', 'auth'],
      'datagram-relay',
    ]);
    expect(excess(before, after)).to.deep.equal([]);
    // Registrations live for twenty seconds, and halves of pipes are waited for as long.
    const {
      master_registrations: _,
      browser_servers: __,
      vcmi_lobby_pipes: ___,
      ...rest
    } = tablesAfter;
    for (const [name, size] of Object.entries(rest)) expect(size, name).to.be.at.most(4);
  });
});
