import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DecodeError } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type FetchedConfig,
  NetworkConfigCache,
} from '../../../../plugins/coordinator/sdr/network-config-cache.js';
import {
  decodeConfigSignature,
  decodeNetworkConfig,
  encodeConfigSignature,
  encodeNetworkConfig,
  type NetworkConfig,
} from '../../../../plugins/coordinator/sdr/network-config-codec.js';
import { certify, codeOf, NOW, root, testKey } from '../credentials.js';

const signer = testKey('signer');
const config = (fields: Partial<NetworkConfig> = {}): NetworkConfig => ({
  revision: 7,
  pops: new Map([
    [
      'fra',
      {
        desc: 'Frankfurt',
        geo: [8.7, 50.1],
        partners: 2,
        tier: 1,
        aliases: ['fra4'],
        groups: ['eu'],
        relays: [
          {
            ipv4: '192.0.2.1',
            portRange: [30000, 30003],
            id: 'fra-1',
            keyId: 12345678901234567890n,
          },
        ],
        serviceAddressRanges: ['192.0.2.0/28'],
        routeKey: new Uint8Array(32).fill(7),
      },
    ],
    [
      'sto',
      {
        desc: 'Stockholm',
        partners: 1,
        tier: 0,
        aliases: [],
        groups: [],
        relays: [],
        serviceAddressRanges: [],
      },
    ],
  ]),
  certificates: [certify(signer)],
  revokedKeys: [1n, 18446744073709551615n],
  relayPublicKey: new Uint8Array(32).fill(9),
  p2pShareIp: { default: 40, cn: 20 },
  typicalPings: [['fra', 'sto', 25]],
  directMode: 'relay',
  ...fields,
});

describe('network config', () => {
  it('has the keys of the public one', () => {
    const json = JSON.parse(encodeNetworkConfig(config()));
    expect(Object.keys(json)).to.deep.equal([
      'revision',
      'success',
      'pops',
      'certs',
      'revoked_keys',
      'relay_public_key',
      'p2p_share_ip',
      'typical_pings',
      'direct_mode',
    ]);
    expect(json.pops.fra).to.deep.equal({
      desc: 'Frankfurt',
      geo: [8.7, 50.1],
      partners: 2,
      tier: 1,
      aliases: ['fra4'],
      groups: ['eu'],
      relays: [
        {
          ipv4: '192.0.2.1',
          port_range: [30000, 30003],
          id: 'fra-1',
          key_id: '12345678901234567890',
        },
      ],
      service_address_ranges: ['192.0.2.0/28'],
      relay_public_key: '07'.repeat(32),
    });
    expect(json.revoked_keys).to.deep.equal(['1', '18446744073709551615']);
  });

  it('comes back as it was', () => {
    expect(decodeNetworkConfig(encodeNetworkConfig(config()))).to.deep.equal(config());
  });

  it('is read tolerantly: what is unknown or wrong is left out', () => {
    const read = decodeNetworkConfig(
      JSON.stringify({
        revision: 1,
        news: true,
        pops: {
          fra: {
            relays: [
              '192.0.2.1:30000-30003',
              '192.0.2.2:30000',
              { ipv4: 'x', port_range: [1, 2] },
              { ipv4: '192.0.2.3', port_range: [5, 4] },
              7,
            ],
            geo: 'west',
          },
          Frankfurt: {},
          sto: null,
        },
        certs: ['***', 'AAAA'],
        revoked_keys: ['x', '5', 6],
        typical_pings: [['fra', 'sto'], ['fra', 'sto', 3], 1],
        relay_public_key: 'short',
        p2p_share_ip: { default: 40, cn: 'x' },
      }),
    );
    expect([...read.pops.keys()]).to.deep.equal(['fra', 'sto']);
    expect(read.pops.get('fra')?.relays).to.deep.equal([
      { ipv4: '192.0.2.1', portRange: [30000, 30003] },
      { ipv4: '192.0.2.2', portRange: [30000, 30000] },
    ]);
    expect([
      read.certificates,
      read.revokedKeys,
      read.typicalPings,
      read.relayPublicKey,
      read.p2pShareIp,
    ]).to.deep.equal([[], [5n], [['fra', 'sto', 3]], undefined, { default: 40 }]);
  });

  it('throws only DecodeError for anything else', () => {
    for (const text of [
      '',
      '[]',
      'null',
      '{}',
      '{"revision":1.5}',
      '{"revision":1,"success":false}',
      ' '.repeat(5_000_000),
    ]) {
      expect(() => decodeNetworkConfig(text), text.slice(0, 30)).to.throw(DecodeError);
    }
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          decodeNetworkConfig(text);
          decodeNetworkConfig(
            `{"revision":1,"pops":${text},"certs":${text},"typical_pings":${text}}`,
          );
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
    );
    for (const header of ['', '1', 'x.AAAA', '1.***']) {
      expect(() => {
        if (decodeConfigSignature(header).signature.length === 0)
          throw new DecodeError('invalid', 0, 'is empty');
      }).to.throw(DecodeError);
    }
  });
});

describe('network config on the side of a client', () => {
  let folder = '';
  let clock: FakeClock;
  let answer: FetchedConfig | Error;
  let asked: (string | undefined)[];
  const signed = (fields: Partial<NetworkConfig> = {}, by = signer): FetchedConfig => {
    const text = encodeNetworkConfig(config(fields));
    const signature = encodeConfigSignature(by.id, by.sign(Buffer.from(text)));
    return { status: 200, text, etag: `"${fields.revision ?? 7}"`, signature };
  };
  const failures: string[] = [];
  const cache = (file?: string) =>
    new NetworkConfigCache({
      clock,
      roots: [root.publicKey.bytes],
      appId: 730,
      ...(file === undefined ? {} : { file }),
      fetch: async (etag) => {
        asked.push(etag);
        if (answer instanceof Error) throw answer;
        return answer;
      },
      onFailure: (message) => failures.push(message),
    });
  const file = () => join(folder, 'network.json');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-config-'));
    clock = new FakeClock(NOW * 1000);
    asked = [];
    failures.length = 0;
    answer = signed();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is fetched, checked, and written in one step to the file it is told', async () => {
    const client = cache(file());
    await client.start();
    client.stop();
    expect(client.config?.revision).to.equal(7);
    expect(client.certificates.trusted(signer.id, NOW).key.id).to.equal(signer.id);
    expect(readFileSync(file(), 'utf8')).to.equal((answer as FetchedConfig).text);
    expect(readdirSync(folder)).to.deep.equal(['network.json']);
  });

  it('is refreshed every hour, by its entity tag', async () => {
    const client = cache();
    await client.start();
    answer = { status: 304, text: '', etag: undefined, signature: undefined };
    await clock.advance(3_600_000);
    answer = signed({ revision: 8 });
    await clock.advance(3_600_000);
    client.stop();
    expect(asked).to.deep.equal([undefined, '"7"', '"7"']);
    expect(client.config?.revision).to.equal(8);
    expect(clock.pending).to.equal(0);
  });

  it('goes on with a stale copy while nobody answers, from the file even after a restart', async () => {
    const first = cache(file());
    await first.start();
    first.stop();
    answer = new Error('connection refused');
    const second = cache(file());
    await second.start();
    await clock.advance(24 * 3_600_000);
    second.stop();
    expect(second.config?.revision).to.equal(7);
    expect(failures).to.have.length(25);
  });

  it('cannot start with neither copy nor answer, and says why', async () => {
    answer = new Error('connection refused');
    let failure: Error | undefined;
    await cache(file())
      .start()
      .catch((error: Error) => {
        failure = error;
      });
    expect(
      codeOf(() => {
        throw failure;
      }),
    ).to.equal('NO_NETWORK_CONFIG');
    expect(failure?.message).to.include('connection refused').and.include('network.json');
  });

  it('skips a damaged local copy', async () => {
    writeFileSync(file(), '{"revis');
    const client = cache(file());
    await client.start();
    client.stop();
    expect(client.config?.revision).to.equal(7);
  });

  const stranger = testKey('stranger');
  for (const [name, make, words] of [
    ['unsigned', () => ({ ...signed(), signature: undefined }), /unsigned/],
    ['signed by a stranger', () => signed({ revision: 9 }, stranger), /not known here/],
    [
      'changed on the way',
      () => ({ ...signed(), text: encodeNetworkConfig(config({ revision: 9 })) }),
      /not signed by/,
    ],
    ['older than the one at hand', () => signed({ revision: 6 }), /revision 6, but 7 is known/],
    [
      'signed by a key for another app',
      () => signed({ revision: 9, certificates: [certify(signer, { appIds: [440] })] }),
      /may not sign for this app/,
    ],
    [
      'signed by a key it revokes itself',
      () => signed({ revision: 9, revokedKeys: [signer.id] }),
      /revoked/,
    ],
    [
      'an error page',
      () => ({ status: 500, text: 'oops', etag: undefined, signature: undefined }),
      /answered 500/,
    ],
  ] as const) {
    it(`does not take one that is ${name}`, async () => {
      const client = cache(file());
      await client.start();
      answer = make();
      expect(await client.refresh()).to.match(words);
      client.stop();
      expect(client.config?.revision).to.equal(7);
      expect(JSON.parse(readFileSync(file(), 'utf8')).revision).to.equal(7);
    });
  }

  it('never forgets a revocation', async () => {
    answer = signed({ revokedKeys: [5n] });
    const client = cache();
    await client.start();
    answer = signed({ revision: 8, revokedKeys: [] });
    await client.refresh();
    client.stop();
    expect(client.certificates.isRevoked(5n)).to.equal(true);
  });
});
