import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { HeavySources } from '../../../core/net/heavy-sources.js';

describe('HeavySources', () => {
  it('finds the heaviest among ten thousand light ones, in a table of fixed size', () => {
    const sources = new HeavySources(256);
    const heavy = ['192.0.2.1', '2001:db8::7'].map((host) => PeerAddress.of(host, 5));
    for (let i = 0; i < 10_000; i++) {
      sources.count(new PeerAddress().set(0, 0, 0xffff, 0x0a000000 + i, 1));
      for (const address of heavy) sources.count(address);
    }
    const top = sources.top(2);
    expect(new Set(top.map(({ host }) => host))).deep.equal(new Set(['192.0.2.1', '2001:db8::7']));
    for (const { datagrams } of top) expect(datagrams).within(10_000, 10_300);
    expect(sources.top(1000).length).at.most(256);
  });

  it('forgets what is past', () => {
    const sources = new HeavySources();
    sources.count(PeerAddress.of('192.0.2.1', 5));
    sources.fade();
    expect(sources.top(10)).deep.equal([]);
  });
});
