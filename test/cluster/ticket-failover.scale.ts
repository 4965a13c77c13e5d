import { expect } from 'chai';
import { needsRedis } from '../core/store/redis-process.js';
import { raceThroughFailover } from './ticket-failover.js';

describe('tickets while a replica that lacks the last second takes over', () => {
  before(needsRedis);

  it('let nobody in twice, of 2,000 raced from two nodes', async () => {
    const { doubles, once } = await raceThroughFailover(2000);
    expect(doubles).to.equal(0);
    expect(once).to.be.greaterThan(500);
  });
});
