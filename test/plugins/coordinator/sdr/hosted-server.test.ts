import { PeerAddress } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeCertificateText } from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import { decodeHostedAddress } from '../../../../plugins/coordinator/sdr/hosted-address-codec.js';
import {
  HostedServer,
  type HostedServerOptions,
} from '../../../../plugins/coordinator/sdr/hosted-server.js';
import {
  readDevTicket,
  readHostedServerEnvironment,
} from '../../../../plugins/coordinator/sdr/hosted-server-environment.js';
import { checkServerLogin } from '../../../../plugins/coordinator/sdr/server-login.js';
import { certify, codeOf, NOW, root, testKey } from '../credentials.js';
import { readVector } from '../vectors.js';

const key = testKey('hosted');
const certificate = certify(key, { appIds: [730], pops: ['fra'] });
const environment = {
  SDR_LISTEN_PORT: '30000',
  SDR_IP: '192.0.2.10',
  SDR_POPID: 'fra',
  SDR_PRIVATE_KEY: key.toPrivateText(),
  SDR_CERT: encodeCertificateText(certificate),
  SDR_NETWORK_CONFIG: '/etc/game/network.json',
};

describe('environment of a hosted server', () => {
  it('without SDR_LISTEN_PORT leaves hosting off', () => {
    expect(readHostedServerEnvironment({ ...environment, SDR_LISTEN_PORT: undefined })).to.equal(
      undefined,
    );
  });

  it('gives port, address, POP, credentials and config file', () => {
    const settings = readHostedServerEnvironment(environment);
    expect([
      settings?.listenPort,
      String(settings?.publicAddress),
      settings?.pop,
      settings?.credentials?.key.id,
      settings?.networkConfigFile,
    ]).to.deep.equal([30000, '192.0.2.10:30000', 'fra', key.id, '/etc/game/network.json']);
  });

  it('takes keys and certificates folded into one line', () => {
    const folded = Object.fromEntries(
      Object.entries(environment).map(([name, text]) => [name, text.replaceAll('\n', ' ')]),
    );
    expect(readHostedServerEnvironment(folded)?.credentials?.certificate).to.deep.equal(
      certificate,
    );
  });

  it('takes what the public cert tool writes', () => {
    const settings = readHostedServerEnvironment({
      ...environment,
      SDR_PRIVATE_KEY: readVector('keys/certtool-dc.key'),
      SDR_CERT: readVector('certs/certtool-dc.pem'),
    });
    expect(settings?.credentials?.key.id).to.equal(1640103484240511966n);
  });

  it('takes another public port in SDR_IP', () => {
    expect(
      String(
        readHostedServerEnvironment({ ...environment, SDR_IP: '192.0.2.10:31000' })?.publicAddress,
      ),
    ).to.equal('192.0.2.10:31000');
  });

  it('with a blank SDR_POPID is POP dev, which needs no certificate', () => {
    const settings = readHostedServerEnvironment({ SDR_LISTEN_PORT: '30000', SDR_POPID: ' ' });
    expect(settings).to.deep.equal({ listenPort: 30000, pop: 'dev' });
  });

  for (const [name, change, variable, words] of [
    ['a port that is none', { SDR_LISTEN_PORT: 'many' }, 'SDR_LISTEN_PORT', '"many" is not a port'],
    ['port 0', { SDR_LISTEN_PORT: '0' }, 'SDR_LISTEN_PORT', 'not a port'],
    ['port 65536', { SDR_LISTEN_PORT: '65536' }, 'SDR_LISTEN_PORT', 'not a port'],
    [
      'a name in place of an address',
      { SDR_IP: 'gs.example.org' },
      'SDR_IP',
      'not an IPv4 address',
    ],
    ['an IPv6 address', { SDR_IP: '[2001:db8::1]:5' }, 'SDR_IP', 'not an IPv4 address'],
    ['a POP code that is none', { SDR_POPID: 'Frankfurt' }, 'SDR_POPID', 'not a POP code'],
    ['a key that is none', { SDR_PRIVATE_KEY: 'secret' }, 'SDR_PRIVATE_KEY', 'BEGIN OPENSSH'],
    ['no key', { SDR_PRIVATE_KEY: '' }, 'SDR_PRIVATE_KEY', 'is missing'],
    ['no certificate', { SDR_CERT: undefined }, 'SDR_CERT', 'is missing'],
    [
      'neither in a real POP',
      { SDR_CERT: undefined, SDR_PRIVATE_KEY: undefined },
      'SDR_CERT',
      'only dev does not',
    ],
    ['a certificate that is none', { SDR_CERT: '*' }, 'SDR_CERT', 'not base64'],
    [
      'a certificate of another key',
      { SDR_CERT: readVector('certs/certtool-dc.pem') },
      'SDR_CERT',
      'certificate is for key 1640103484240511966',
    ],
  ] as const) {
    it(`with ${name} is refused, naming ${variable}`, () => {
      let error: { code: string; message: string } | undefined;
      try {
        readHostedServerEnvironment({ ...environment, ...change });
      } catch (thrown) {
        error = thrown as typeof error;
      }
      expect(error?.code).to.equal('SDR_ENVIRONMENT');
      expect(error?.message)
        .to.match(new RegExp(`^environment ${variable}: `))
        .and.include(words);
    });
  }

  it('of a client may hold a ticket for developers', () => {
    expect(readDevTicket({})).to.equal(undefined);
    expect(readDevTicket({ SDR_DEVTICKET: 'AQID' })).to.deep.equal(Uint8Array.of(1, 2, 3));
    expect(codeOf(() => readDevTicket({ SDR_DEVTICKET: '***' }))).to.equal('SDR_ENVIRONMENT');
  });
});

describe('hosted server', () => {
  const clock = new FakeClock(NOW * 1000);
  const store = new CertificateStore({ roots: [root.publicKey.bytes] });
  const create = (
    env: Record<string, string | undefined>,
    more: Partial<HostedServerOptions> = {},
  ) =>
    new HostedServer(readHostedServerEnvironment(env), {
      appId: 730,
      identity: 'steamid:90071992547409921',
      clock,
      certificates: () => store,
      ownAddresses: () => [],
      ...more,
    });

  it('has port 0, no POP and no address while hosting is off', () => {
    const server = create({});
    expect([server.port, server.pop, server.address().state]).to.deep.equal([
      0,
      undefined,
      'invalid',
    ]);
    expect(codeOf(() => server.login())).to.equal('HOSTED_ADDRESS');
  });

  it('gives its address with the routing secret, in the plain form for the coordinator', () => {
    const server = create(environment);
    expect([server.port, server.pop]).to.deep.equal([30000, 'fra']);
    const result = server.address();
    const address = result.state === 'ok' ? decodeHostedAddress(result.address) : undefined;
    expect(address).to.deep.include({ kind: 'plain', pop: 'fra' });
    expect(address?.kind === 'plain' && address.route.secret).to.equal(server.routingSecret);
  });

  it('signs on with a login that the coordinator accepts', () => {
    const login = create(environment).login(Buffer.from('{"freeSlots":5}'));
    const checked = checkServerLogin(login, store, { now: NOW });
    expect([checked.route.pop, String(checked.route.address), checked.keyId]).to.deep.equal([
      'fra',
      '192.0.2.10:30000',
      key.id,
    ]);
  });

  it('has no address yet while the network config is missing', () => {
    expect(create(environment, { certificates: () => undefined }).address().state).to.equal(
      'pending',
    );
  });

  it('says what is wrong with its certificate', () => {
    const refusalOf = (server: HostedServer) => {
      const result = server.address();
      return result.state === 'ok' ? '' : `${result.state}: ${result.text}`;
    };
    expect(refusalOf(create({ ...environment, SDR_POPID: 'iad' }))).to.match(
      /^invalid: SDR_CERT: certificate is not for POP iad/,
    );
    expect(refusalOf(create(environment, { appId: 440 }))).to.match(
      /^invalid: SDR_CERT: certificate is not for app 440/,
    );
    const late = new FakeClock((NOW + 999_999) * 1000);
    expect(refusalOf(create(environment, { clock: late }))).to.match(
      /^invalid: SDR_CERT: certificate expired/,
    );
  });

  it('without SDR_IP takes the only address of the machine, and asks when there are several', () => {
    const { SDR_IP: _, ...rest } = environment;
    const address = (own: string[]) => create(rest, { ownAddresses: () => own }).address();
    expect(address(['198.51.100.1']).state).to.equal('ok');
    for (const own of [[], ['198.51.100.1', '198.51.100.2']]) {
      expect(address(own)).to.deep.include({ state: 'invalid' });
      expect(JSON.stringify(address(own))).to.include('set SDR_IP');
    }
    expect(PeerAddress.of('198.51.100.1', 1).isIPv4).to.equal(true);
  });

  it('of a developer signs on unsigned', () => {
    const login = create({ SDR_LISTEN_PORT: '30000', SDR_IP: '127.0.0.1' }).login();
    expect(checkServerLogin(login, store, { now: NOW, dev: true }).route.pop).to.equal('dev');
    expect(codeOf(() => checkServerLogin(login, store, { now: NOW }))).to.equal('LOGIN_UNSIGNED');
  });
});
