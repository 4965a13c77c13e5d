import { fileURLToPath } from 'node:url';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { EndpointCertificates } from '../../core/endpoint-certificates.js';
import type { Logger } from '../../core/logger.js';
import { MetricsRegistry } from '../../core/metrics.js';
import { readTlsFiles } from '../../core/net/tls-files.js';
import { silentLog } from './store/silent-log.js';

const pem = (name: string) =>
  fileURLToPath(new URL(`../../../fixtures/keys/${name}.pem`, import.meta.url));
const tls = { cert: pem('localhost-cert'), key: pem('localhost-key') };
const day = 86_400_000;

describe('the certificates of endpoints', () => {
  it('are complained of every day from 14 days before their end', async () => {
    const clock = new FakeClock();
    const { expires } = readTlsFiles('x', tls);
    clock.jump(expires - clock.now() - 15.5 * day);
    const warnings: string[] = [];
    const log: Logger = {
      ...silentLog,
      warn: (...said: unknown[]) => void warnings.push(String(said[1])),
    };
    const endpoint = { name: 'http', protocol: 'http', binds: [], shared: false, tls } as const;
    const metrics = new MetricsRegistry().prefixed('tls');
    const end = new EndpointCertificates([endpoint], { clock, log, metrics }).start();
    expect(warnings).deep.equal([]);
    for (let i = 0; i < 3; i++) await clock.advance(day);
    expect(warnings).deep.equal([
      'the certificate of endpoint http ends in 13 days: renew it and reload',
      'the certificate of endpoint http ends in 12 days: renew it and reload',
    ]);
    await clock.advance(20 * day);
    expect(warnings.at(-1)).contain('has ended');
    end();
    expect(clock.pending).equal(0);
  });
});
