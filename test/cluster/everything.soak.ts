import { expect } from 'chai';
import { needsRedis } from '../core/store/redis-process.js';
import { excess, runEverything } from './everything.js';

/** MINUTES=3 for a shorter one. */
const minutes = Number(process.env.MINUTES ?? 10);

describe(`everything at once on two nodes for ${minutes} minutes`, () => {
  before(needsRedis);

  it('grows by nothing and holds nothing afterwards', async () => {
    const { log, ...result } = await runEverything(minutes * 60, 60);
    const { rss, alive, before, after, tablesAfter } = result;
    const third = Math.floor(rss.length / 3);
    const mean = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const means = [0, 1, 2].map((i) => mean(rss.slice(i * third, (i + 1) * third)));
    const [, second = 0, last = 0] = means;
    console.log(`      RSS of the thirds ${means.map((value) => value.toFixed(1)).join(', ')} MiB`);
    const { done, failed, reasons } = result;
    console.log(`      ${JSON.stringify({ before, after, tablesAfter, done, failed, reasons })}`);
    expect(alive).to.equal(true);
    expect(log).to.not.match(/unhandled|uncaught/i);
    expect(last).to.be.at.most(second * 1.05);
    expect(excess(before, after)).to.deep.equal([]);
    for (const [name, size] of Object.entries(tablesAfter)) expect(size, name).to.equal(0);
  }).timeout((minutes * 60 + 300) * 1000);
});
