import { expect } from 'chai';
import { MetricsRegistry } from '../../core/metrics.js';

describe('MetricsRegistry', () => {
  const make = () => {
    const registry = new MetricsRegistry();
    const lines = async () =>
      (await registry.registry.metrics()).split('\n').filter((line) => /^[a-z]/.test(line));
    return { registry, metrics: registry.prefixed('vcmi-lobby'), lines };
  };

  it('shows a counter under the prefix of its plugin, as it stands when scraped', async () => {
    const { metrics, lines } = make();
    const counter = metrics.counter('rooms_total', 'Rooms opened.');
    counter.value += 3;
    expect(await lines()).to.deep.equal(['beaconry_vcmi_lobby_rooms_total 3']);
    counter.value++;
    expect(await lines()).to.deep.equal(['beaconry_vcmi_lobby_rooms_total 4']);
  });

  it('gives one series per set of labels, whatever their order', async () => {
    const { metrics, lines } = make();
    const one = metrics.counter('refused_total', 'Refused.', { reason: 'full', kind: 'a' });
    const other = metrics.counter('refused_total', 'Refused.', { kind: 'a', reason: 'banned' });
    const again = metrics.counter('refused_total', 'Refused.', { kind: 'a', reason: 'full' });
    expect(again).to.equal(one);
    one.value = 1;
    other.value = 2;
    expect(await lines()).to.have.members([
      'beaconry_vcmi_lobby_refused_total{reason="full",kind="a"} 1',
      'beaconry_vcmi_lobby_refused_total{kind="a",reason="banned"} 2',
    ]);
  });

  it('reads a gauge at each scrape, the one declared last', async () => {
    const { metrics, lines } = make();
    let value = 1;
    metrics.gauge('players', 'Players.', () => -1);
    metrics.gauge('players', 'Players.', () => value);
    expect(await lines()).to.deep.equal(['beaconry_vcmi_lobby_players 1']);
    value = 2;
    expect(await lines()).to.deep.equal(['beaconry_vcmi_lobby_players 2']);
  });

  it('shows a gauge that fails as NaN and all others as they are', async () => {
    const { metrics, lines } = make();
    metrics.gauge('broken', 'Broken.', () => {
      throw new Error('broken');
    });
    metrics.gauge('fine', 'Fine.', () => 1);
    expect(await lines()).to.have.members([
      'beaconry_vcmi_lobby_broken Nan',
      'beaconry_vcmi_lobby_fine 1',
    ]);
  });

  it('counts into the buckets of one histogram, declared twice or not', async () => {
    const { metrics, lines } = make();
    metrics.histogram('seconds', 'Time.', [1, 2]).observe(1.5);
    metrics.histogram('seconds', 'Time.', [1, 2]).observe(0.5);
    expect(await lines()).to.include.members([
      'beaconry_vcmi_lobby_seconds_bucket{le="1"} 1',
      'beaconry_vcmi_lobby_seconds_bucket{le="2"} 2',
      'beaconry_vcmi_lobby_seconds_count 2',
    ]);
  });

  it('refuses a name that is taken by another kind or other labels', () => {
    const { metrics } = make();
    metrics.counter('a_total', 'A.', { reason: 'x' });
    const conflicts = [
      () => metrics.counter('a_total', 'A.'),
      () => metrics.counter('a_total', 'A.', { kind: 'x' }),
      () => metrics.gauge('a_total', 'A.', () => 1, { reason: 'x' }),
      () => metrics.histogram('a_total', 'A.', [1]),
    ];
    for (const conflict of conflicts) expect(conflict).to.throw().with.property('code', 'METRIC');
  });

  it('refuses names that Prometheus would not read', () => {
    const { metrics } = make();
    const wrong = [
      () => metrics.counter('rooms', 'No _total.'),
      () => metrics.gauge('round trip', 'Space.', () => 1),
      () => metrics.gauge('a', 'Label.', () => 1, { 'a-b': 'x' }),
    ];
    for (const declare of wrong) expect(declare).to.throw().with.property('code', 'METRIC');
  });

  it('bounds the series of one name', () => {
    const { metrics } = make();
    const declare = (n: number) => metrics.counter('a_total', 'A.', { n: String(n) });
    for (let n = 0; n < 1000; n++) declare(n);
    expect(() => declare(1000))
      .to.throw()
      .with.property('code', 'METRIC');
    expect(() => declare(999)).not.to.throw();
  });
});
