import { expect } from 'chai';
import { needsRedis } from '../core/store/redis-process.js';
import { runEverything } from './everything.js';

/** MINUTES=3 for a shorter one. */
const minutes = Number(process.env.MINUTES ?? 10);

describe(`everything at once on two nodes for ${minutes} minutes`, () => {
  before(needsRedis);

  it('grows by nothing and holds nothing afterwards', async () => {
    const result = await runEverything(minutes * 60, 60);
    const { rss, alive, log, descriptorsBefore, descriptorsAfter, tablesAfter } = result;
    const third = Math.floor(rss.length / 3);
    const mean = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const [second, last] = [mean(rss.slice(third, 2 * third)), mean(rss.slice(2 * third))];
    const { done, failed } = result;
    console.log(
      `      RSS ${second.toFixed(1)} then ${last.toFixed(1)} MiB, descriptors ${descriptorsBefore} then ${descriptorsAfter}, ${JSON.stringify({ tablesAfter, done, failed })}`,
    );
    expect(alive).to.equal(true);
    expect(log).to.not.match(/unhandled|uncaught/i);
    expect(last).to.be.at.most(second * 1.05);
    expect(descriptorsAfter).to.be.at.most(descriptorsBefore + 2);
    for (const [name, size] of Object.entries(tablesAfter)) expect(size, name).to.equal(0);
  }).timeout((minutes * 60 + 300) * 1000);
});
