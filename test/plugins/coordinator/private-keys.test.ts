import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Coordinator } from 'beaconry/plugins/coordinator';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import sinon from 'sinon';
import { LocalBus } from '../../../core/bus/local-bus.js';
import coordinator from '../../../plugins/coordinator/index.js';
import { RelayNetwork } from '../../../plugins/coordinator/relay-network.js';
import { encodeCertificateRequest } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { readHostedServerEnvironment } from '../../../plugins/coordinator/sdr/hosted-server-environment.js';
import { decodePrivateKey } from '../../../plugins/coordinator/sdr/openssh-key-codec.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { testKey } from './credentials.js';
import { dataCentre, login, players, post } from './network.js';

describe('private keys', () => {
  let folder = '';
  let server: TestServer;
  const said: string[] = [];
  let published: sinon.SinonSpy;

  /** Every text in which 32 secret bytes could hide. */
  const forms = (secret: Uint8Array): string[] => {
    const bytes = Buffer.from(secret);
    return [
      bytes.toString('hex'),
      bytes.toString('base64').slice(0, 42),
      bytes.toString('base64url').slice(0, 42),
      bytes.toString('latin1'),
      [...bytes].join(','),
      [...bytes].join(', '),
    ];
  };
  const secrets = (): string[] => {
    const texts = readdirSync(join(folder, 'keys'))
      .filter((name) => name.endsWith('.key'))
      .map((name) => readFileSync(join(folder, 'keys', name), 'utf8'));
    const seeds = texts
      .filter((text) => text.includes('OPENSSH'))
      .map((text) => decodePrivateKey(text).seed);
    return [
      ...seeds.flatMap(forms),
      ...texts.map((text) => text.split('\n')[2] ?? text.split('\n')[1] ?? ''),
    ].filter((text) => text.length > 20);
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-secrets-'));
    published = sinon.spy(LocalBus.prototype, 'publish');
    const log = pino({ level: 'trace' }, { write: (line: string) => said.push(line) });
    server = await startTestServer({
      plugins: {
        players: {},
        coordinator: { keys: join(folder, 'keys'), apps: [730], dev: true, pops: { fra: {} } },
      },
      atHand: { players, coordinator },
      config: { store: { driver: 'sqlite', path: join(folder, 'store.db') } },
      log,
    });
    const rootKey = SigningKey.fromText(
      readFileSync(join(folder, 'keys', 'root.key'), 'utf8'),
      'root',
    );
    const now = Math.floor(server.clock.now() / 1000);
    const key = testKey('hosted');
    const certificate = dataCentre(rootKey, key, ['fra'], now);
    await post(server, '/coordinator/servers', {
      login: login({ generatedAt: now }, { key, certificate }),
    });
    await post(
      server,
      '/coordinator/tickets',
      { appId: 730, server: 'steamid:90071992547409921' },
      'token-alice',
    );
    await server
      .get(Coordinator)
      .signon(
        { identity: 'str:a', appId: 730 },
        encodeCertificateRequest({ publicKey: key.publicKey.bytes }),
      );
    await server.get(RelayNetwork).rotate();
    await server.clock.advance(120_000);
    await post(server, '/coordinator/servers', { login: 'AAAA' });
  });
  after(async () => {
    published.restore();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const expectNone = (place: string) => {
    const known = secrets();
    expect(known.length).to.be.greaterThan(15);
    for (const secret of known) expect(place.includes(secret)).to.equal(false);
  };

  it('are found by this search when they are there', () => {
    const text = readFileSync(join(folder, 'keys', 'root.key'), 'utf8');
    expect(secrets().some((secret) => text.includes(secret))).to.equal(true);
  });

  it('are in no line of the log, at any level', () => {
    expect(said.length).to.be.greaterThan(3);
    expectNone(said.join(''));
  });

  it('are neither in the store nor in what a copy of it holds', () => {
    const files = readdirSync(folder).filter((name) => name.startsWith('store.db'));
    expect(files).to.include('store.db');
    for (const file of files) expectNone(readFileSync(join(folder, file), 'latin1'));
  });

  it('are in no word on the bus', () => {
    expect(published.callCount).to.be.greaterThan(0);
    expectNone(JSON.stringify(published.args));
  });

  it('are in no process argument', () => {
    expectNone(process.argv.join(' '));
    expectNone(
      execFileSync('ps', ['-o', 'args=', '-p', String(process.pid)], { encoding: 'utf8' }),
    );
  });

  it('are neither printed by util.inspect nor by JSON', () => {
    const key = SigningKey.generate();
    const { seed } = decodePrivateKey(key.toPrivateText());
    const text =
      inspect(key, { depth: 9, showHidden: true }) +
      JSON.stringify(key, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    for (const form of forms(seed)) expect(text.includes(form)).to.equal(false);
  });

  it('are not in the message about a broken SDR_PRIVATE_KEY', () => {
    const text = testKey('hosted').toPrivateText();
    const broken = text.replace('b3BlbnNzaC1rZXktdjE', 'b3BlbnNzaC1rZXktdjI');
    let message = '';
    try {
      readHostedServerEnvironment({
        SDR_LISTEN_PORT: '30000',
        SDR_PRIVATE_KEY: broken,
        SDR_CERT: 'x',
      });
    } catch (error) {
      const { message: text, stack, cause } = error as Error;
      message = `${text}${stack}${String((cause as Error).stack)}`;
    }
    expect(message).to.include('SDR_PRIVATE_KEY');
    for (const line of broken.split('\n').slice(1, -2))
      expect(message.includes(line)).to.equal(false);
  });
});
