import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Coordinator } from 'beaconry/plugins/coordinator';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import {
  decodeCertificateBody,
  decodeCertificateText,
} from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { keyIdOf } from '../../../../plugins/coordinator/sdr/openssh-key-codec.js';
import { RelayMembership } from '../../../../plugins/coordinator/sdr/relay-membership.js';
import { SigningKey } from '../../../../plugins/coordinator/sdr/signing-key.js';
import { BeaconryProcess } from '../../../end-to-end/beaconry-process.js';
import { testKey } from '../credentials.js';
import { ADMIN, base64, dataCentre, post, startCoordinator } from '../network.js';

describe('commands of a running coordinator', () => {
  let folder = '';
  let server: TestServer;
  const relayKey = testKey('relay');
  const run = async (name: string, texts: object = {}) => {
    const answer = await server.request(
      {
        method: 'POST',
        url: `/v1/admin/commands/${name}`,
        payload: { texts },
        headers: { authorization: `Bearer ${ADMIN}` },
      },
      'admin',
    );
    const { result, error } = answer.json() as { result?: unknown; error?: { code: string } };
    return result ?? error?.code;
  };
  const listed = () =>
    server.get(Coordinator).networkConfig(730)?.config.pops.get('fra')?.relays ?? [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-commands-'));
    server = await startCoordinator(folder, {
      pops: { fra: { relays: [{ ipv4: '198.51.100.1', firstPort: 30000, lastPort: 30003 }] } },
      relayRanges: ['198.51.100.0/24'],
    });
    const root = SigningKey.fromText(readFileSync(join(folder, 'root.key'), 'utf8'), 'root');
    const now = Math.floor(server.clock.now() / 1000);
    const member = new RelayMembership({
      key: relayKey,
      certificate: dataCentre(root, relayKey, ['fra'], now),
      pop: 'fra',
      ipv4: '198.51.100.1',
      firstPort: 30000,
      lastPort: 30003,
      clock: server.clock,
    });
    const answer = await post(server, '/coordinator/relays', { checkIn: base64(member.checkIn()) });
    expect(answer.body.state).to.equal('listed');
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('pop list, pop drain, pop remove and pop admit show and move relays', async () => {
    const relay = {
      relay: 'fra-198.51.100.1-30000',
      pop: 'fra',
      address: '198.51.100.1:30000',
      keyId: String(relayKey.id),
    };
    expect(await run('pop-list')).to.deep.equal([{ ...relay, state: 'listed' }]);
    expect(listed().map(({ keyId }) => keyId)).to.deep.equal([relayKey.id]);
    expect(await run('pop-drain', { relay: relay.relay })).to.deep.equal({
      drained: [relay.relay],
    });
    expect(listed().map(({ keyId }) => keyId)).to.deep.equal([undefined]);
    expect(await run('pop-remove', { relay: 'fra' })).to.deep.equal({ removed: [relay.relay] });
    expect(await run('pop-list')).to.deep.equal([{ ...relay, state: 'removed' }]);
    expect(await run('pop-admit', { relay: 'fra' })).to.deep.equal({ admitted: [relay.relay] });
  });

  it('coordinator revoke and coordinator rotate change keys', async () => {
    expect(await run('coordinator-revoke', { keyId: String(relayKey.id) })).to.deep.equal({
      revoked: String(relayKey.id),
    });
    const config = () => server.get(Coordinator).networkConfig(730)?.config;
    expect(config()?.revokedKeys).to.deep.equal([relayKey.id]);
    const before = config()?.certificates.length ?? 0;
    const { keyId } = (await run('coordinator-rotate')) as { keyId: string };
    expect(keyId).to.match(/^\d+$/);
    expect(config()?.certificates).to.have.length(before + 1);
  });
});

describe('beaconry key and beaconry cert', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-cli-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const run = (...parameters: string[]) => new BeaconryProcess(parameters, { cwd: folder }).ended;

  it('make a root and certify it for a player', async () => {
    const line = (await run('key', 'new', 'root.key')).stdout;
    const issue = ['cert', 'issue', '--ca', 'root.key', '--app', '730', '--identity', 'str:alice'];
    const [certified, wrong, gone] = await Promise.all([
      run(...issue, '--key', 'root.key'),
      run(...issue),
      run('key', 'show', 'gone.key'),
    ]);
    const body = decodeCertificateBody(decodeCertificateText(certified.stdout).body);
    expect(body.identityString).to.equal('str:alice');
    expect(line).to.include(`ID${keyIdOf(body.keyData)}`);
    expect([wrong.code, wrong.stdout]).to.deep.equal([2, '']);
    expect([gone.code, gone.stdout]).to.deep.equal([1, '']);
    expect(gone.stderr).to.include('gone.key');
  });
});
