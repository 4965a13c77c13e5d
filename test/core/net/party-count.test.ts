import { expect } from 'chai';
import { PartyCount } from '../../../core/net/party-count.js';

describe('PartyCount', () => {
  it('lets each party hold as many as the limit says', () => {
    const count = new PartyCount(2);
    const taken = ['a', 'a', 'a', 'b'].map((party) => count.take(party) !== undefined);
    expect(taken).to.deep.equal([true, true, false, true]);
  });

  it('takes a thing back once, however often it is given back', () => {
    const count = new PartyCount(2);
    const release = count.take('a');
    count.take('a');
    release?.();
    release?.();
    count.take('a');
    expect(count.take('a')).to.equal(undefined);
  });

  it('remembers nobody who holds nothing', () => {
    const count = new PartyCount(1);
    count.take('a')?.();
    expect(count.size).to.equal(0);
  });

  it('has no limit at 0', () => {
    const count = new PartyCount(0);
    for (let i = 0; i < 1000; i++) expect(count.take('a')).to.not.equal(undefined);
  });
});
