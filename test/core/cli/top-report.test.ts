import { expect } from 'chai';
import { type TopSample, topReport } from '../../../core/cli/top-report.js';

const sample = (at: number, received: number, refused: number): TopSample => ({
  at,
  plugins: [
    { name: 'master', state: 'running' },
    { name: 'relay', state: 'failed' },
  ],
  endpoints: [
    { name: 'master', protocol: 'udp', received, sent: 7, decode: 3, shape: 0 },
    { name: 'lobby', protocol: 'tcp', open: 2, accepted: 5 },
    { name: 'http', protocol: 'http' },
  ],
  top: [{ endpoint: 'master', sources: [{ host: '192.0.2.1', datagrams: 12 }] }],
  metrics: [
    '# HELP beaconry_master_refusals_total x',
    `beaconry_master_refusals_total{reason="challenge"} ${refused}`,
    'beaconry_master_refusals_total{reason="filter"} 0',
    'beaconry_master_registrations 4',
  ].join('\n'),
});

describe('the screen of top', () => {
  it('shows plugins that do not run, work and drops of endpoints, refusals and sources', () => {
    const text = topReport(sample(0, 100, 5));
    expect(text).contain('plugins: 1 of 2 running; relay failed');
    expect(text).match(/master +udp +received 100 +sent 7\n +dropped: decode 3\n/);
    expect(text).match(/lobby +tcp +open 2 +accepted 5\n/);
    expect(text).match(/refusals\n +5 +master: challenge\n\n/);
    expect(text).match(/master: heaviest sources.*\n +12 +192\.0\.2\.1\n/);
  });

  it('shows rates from the second look on', () => {
    const text = topReport(sample(2000, 140, 6), sample(0, 100, 5));
    expect(text).contain('received 140 (20/s)').and.contain('sent 7 (0/s)');
    expect(text).contain('6 (0.5/s)  master: challenge');
  });
});
