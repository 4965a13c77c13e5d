import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Coordinator } from 'beaconry/plugins/coordinator';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { KeyFolder } from '../../../plugins/coordinator/key-folder.js';
import { RelayNetwork } from '../../../plugins/coordinator/relay-network.js';
import { checkCertificate } from '../../../plugins/coordinator/sdr/certificate-check.js';
import {
  decodeCertificateText,
  encodeCertificateRequest,
  encodeCertificateText,
} from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../../plugins/coordinator/sdr/certificate-issue.js';
import { CertificateStore } from '../../../plugins/coordinator/sdr/certificate-store.js';
import { NetworkConfigCache } from '../../../plugins/coordinator/sdr/network-config-cache.js';
import { decodeNetworkConfig } from '../../../plugins/coordinator/sdr/network-config-codec.js';
import { checkRelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { codeOf, testKey } from './credentials.js';
import { base64, dataCentre, fromBase64, login, post, startCoordinator } from './network.js';

const HOUR = 3_600_000;
/** Before the clock of tests, in Unix seconds. */
const NOW = 1_500_000_000;

describe('keys of a coordinator', () => {
  let folder = '';
  let server: TestServer;
  const keys = () => join(folder, 'keys');
  const start = async (config: object = {}) => {
    server = await startCoordinator(
      keys(),
      { apps: [730], pops: { fra: {} }, ...config },
      {
        config: { store: { driver: 'sqlite', path: join(folder, 'store.db') } },
      },
    );
  };
  const now = () => Math.floor(server.clock.now() / 1000);
  const rootKey = () => SigningKey.fromText(readFileSync(join(keys(), 'root.key'), 'utf8'), 'root');
  const player = testKey('player');
  const signon = async () => {
    const signed = await server
      .get(Coordinator)
      .signon(
        { identity: 'str:alice', appId: 730 },
        encodeCertificateRequest({ publicKey: player.publicKey.bytes }),
      );
    return { config: signed.config, certificate: decodeCertificateText(signed.certificate) };
  };
  const ticket = async () => {
    const key = testKey('hosted');
    const certificate = dataCentre(rootKey(), key, ['fra'], now());
    const answer = await post(server, '/coordinator/servers', {
      login: login({ generatedAt: now() }, { key, certificate }),
    });
    expect(answer.status).to.equal(200);
    return fromBase64(
      (
        await post(
          server,
          '/coordinator/tickets',
          { appId: 730, server: 'steamid:90071992547409921' },
          'token-alice',
        )
      ).body.ticket,
    );
  };
  /** What a client trusts that has just this config. */
  const trust = (config: string) => {
    const { certificates, revokedKeys } = decodeNetworkConfig(config);
    const store = new CertificateStore({ roots: [rootKey().publicKey.bytes] });
    for (const certificate of certificates) store.add(certificate);
    store.setRevoked(revokedKeys);
    return store;
  };
  const configText = () => server.get(Coordinator).networkConfig(730)?.text ?? '';
  const judge = (certificate: Awaited<ReturnType<typeof signon>>['certificate'], config: string) =>
    codeOf(() =>
      checkCertificate(certificate, trust(config), {
        now: now(),
        appId: 730,
        identity: 'str:alice',
      }),
    );

  /** Moves time in one step and waits until the coordinator has looked at its keys and published again. */
  const later = async (ms: number) => {
    const before = server.get(Coordinator).networkConfig(730);
    server.clock.jump(ms);
    await server.clock.advance(60_000);
    const limit = performance.now() + 5000;
    while (server.get(Coordinator).networkConfig(730) === before && performance.now() < limit) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-rotation-'));
  });
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  it('lie in files that only their owner may read', async () => {
    await start();
    expect(statSync(keys()).mode & 0o777).to.equal(0o700);
    const files = readdirSync(keys()).filter((name) => name.endsWith('.key'));
    expect(files).to.have.length(3);
    for (const file of files)
      expect(statSync(join(keys(), file)).mode & 0o777, file).to.equal(0o600);
  });

  it('stay the same over a restart: certificates, config and tickets of before verify after it', async () => {
    await start();
    const [before, given] = [await signon(), await ticket()];
    const revision = decodeNetworkConfig(before.config).revision;
    await server.stop();
    await start();
    expect(judge(before.certificate, configText())).to.equal(undefined);
    expect(decodeNetworkConfig(configText()).revision).to.equal(revision);
    expect(checkRelayTicket(given, trust(configText()), { now: now() }).client).to.equal(
      'str:alice',
    );
    expect(judge((await signon()).certificate, before.config)).to.equal(undefined);
  });

  it('remember revocations over a restart', async () => {
    await start();
    await server.get(RelayNetwork).revoke(player.id, 'stolen laptop');
    await server.stop();
    await start();
    expect(decodeNetworkConfig(configText()).revokedKeys).to.deep.equal([player.id]);
  });

  it('are rotated in two steps: published at once, used when every client heard of it', async () => {
    await start({ rotationDelay: '24h' });
    const old = await signon();
    await server.clock.advance(1000);
    const id = await server.get(RelayNetwork).rotate();
    const during = await signon();
    expect(during.certificate.caKeyId).to.equal(old.certificate.caKeyId);
    expect(judge(during.certificate, old.config)).to.equal(undefined);
    await later(24 * HOUR);
    const after = await signon();
    expect(String(after.certificate.caKeyId)).to.equal(id);
    expect(judge(after.certificate, during.config)).to.equal(undefined);
    expect(judge(old.certificate, after.config)).to.equal(undefined);
  });

  it('bring their chain along in tickets, so that a relay with an older config takes them', async () => {
    await start({ rotationDelay: '0s' });
    const stale = configText();
    await server.clock.advance(1000);
    await server.get(RelayNetwork).rotate();
    const fresh = await ticket();
    expect(checkRelayTicket(fresh, trust(stale), { now: now() }).client).to.equal('str:alice');
  });

  it('when revoked fall with all they certified, and are replaced at once by new ones', async () => {
    await start();
    const before = await signon();
    const signer = before.certificate.caKeyId;
    await server.get(RelayNetwork).revoke(signer, 'leaked');
    expect(judge(before.certificate, configText())).to.equal('CERT_CA_REVOKED');
    const after = await signon();
    expect(after.certificate.caKeyId).to.not.equal(signer);
    expect(judge(after.certificate, configText())).to.equal(undefined);
    const { config, signature } = server.get(Coordinator).networkConfig(730) ?? {};
    expect(signature?.startsWith(`${signer}.`)).to.equal(false);
    expect(config?.revokedKeys).to.deep.equal([signer]);
  });

  it('of players, once revoked, are certified no more', async () => {
    await start();
    await server.get(RelayNetwork).revoke(player.id, 'leaked');
    let code: string | undefined;
    await signon().catch((error: { code: string }) => {
      code = error.code;
    });
    expect(code).to.equal('CERT_KEY_REVOKED');
  });

  it('of hosted servers, once revoked, get no more tickets', async () => {
    await start();
    await ticket();
    await server.get(RelayNetwork).revoke(testKey('hosted').id, 'leaked');
    const answer = await post(
      server,
      '/coordinator/tickets',
      { appId: 730, server: 'steamid:90071992547409921' },
      'token-alice',
    );
    expect(answer.code).to.equal('SERVER_UNKNOWN');
  });

  it('are renewed before they expire', async () => {
    await start();
    const before = (await signon()).certificate.caKeyId;
    await later(340 * 24 * HOUR);
    await later(24 * HOUR);
    const after = await signon();
    expect(after.certificate.caKeyId).to.not.equal(before);
    expect(judge(after.certificate, configText())).to.equal(undefined);
  });

  describe('whose root lies elsewhere', () => {
    const offSite = testKey('root elsewhere');
    const putKey = (name: string): SigningKey => {
      const key = testKey(name);
      mkdirSync(keys(), { recursive: true, mode: 0o700 });
      writeFileSync(join(keys(), `signing-${name}.key`), key.toPrivateText(), { mode: 0o600 });
      const fields = { publicKey: key.publicKey.bytes, createdAt: NOW, expiresAt: NOW * 2 };
      const certificate = encodeCertificateText(issueCertificate(offSite, fields));
      writeFileSync(join(keys(), `signing-${name}.cert`), certificate);
      return key;
    };
    const cache = () =>
      new NetworkConfigCache({
        clock: server.clock,
        appId: 730,
        roots: [offSite.publicKey.bytes],
        fetch: async () => {
          const published = server.get(Coordinator).networkConfig(730);
          const { text = '', signature } = published ?? {};
          return { status: 200, text, etag: undefined, signature };
        },
      });

    it('give nothing out once the last signing key is revoked, tell everybody, and go on with a new one', async () => {
      const first = putKey('first');
      await start({ rootKey: offSite.publicKey.toString() });
      const client = cache();
      await client.start();
      await signon();
      await server.get(RelayNetwork).revoke(first.id, 'leaked');
      const request = {
        request: base64(encodeCertificateRequest({ publicKey: player.publicKey.bytes })),
      };
      const refused = await post(server, '/coordinator/signon', request, 'token-alice');
      expect([refused.status, refused.code]).to.deep.equal([503, 'NO_SIGNER']);
      expect(JSON.stringify(refused.body)).to.not.include(folder);
      expect(codeOf(() => server.get(Coordinator).certificates.trusted(first.id, now()))).to.equal(
        'CERT_CA_REVOKED',
      );
      expect(server.get(Coordinator).networkConfig(730)?.config.revokedKeys).to.include(first.id);
      // A client that has an older config takes the revocation, and nothing else.
      await client.refresh();
      expect(client.certificates.isRevoked(first.id)).to.equal(true);
      expect(client.config?.revision).to.equal(1);

      const second = putKey('second');
      await later(60_000);
      expect((await signon()).certificate.caKeyId).to.equal(second.id);
      await client.refresh();
      expect(client.certificates.isTrusted(second.id, now())).to.equal(true);
      client.stop();
    });

    it('start with a last signing key that is revoked already, but give nothing out', async () => {
      const first = putKey('first');
      await start({ rootKey: offSite.publicKey.toString(), revokedKeys: [String(first.id)] });
      const login = server.get(Coordinator).certificates;
      expect(login.isTrusted(first.id, now())).to.equal(false);
      expect(server.get(Coordinator).networkConfig(730)?.config.revokedKeys).to.include(first.id);
    });
  });

  describe('folder', () => {
    const silent = { info: () => {}, warn: () => {} } as never;
    const open = (rootKey: string | null = null) =>
      KeyFolder.open({
        folder: keys(),
        rootKey,
        apps: [],
        rotationDelay: 0,
        clock: server.clock,
        log: silent,
      });
    const failure = async (call: Promise<unknown>) => {
      try {
        await call;
        return undefined;
      } catch (error) {
        return error as { code: string; message: string };
      }
    };

    it('is refused while others may read a key, with the command that helps', async () => {
      await start();
      chmodSync(join(keys(), 'root.key'), 0o644);
      const error = await failure(open());
      expect(error?.code).to.equal('KEY_FILE_MODE');
      expect(error?.message).to.include(`chmod 600 ${join(keys(), 'root.key')}`);
    });

    it('whose root lies elsewhere needs a signing key that the root certified', async () => {
      await start();
      const other = await open(testKey('root elsewhere').publicKey.toString());
      expect(other.active(() => true)).to.equal(undefined);
      expect((await failure(other.rotate()))?.message).to.include('beaconry key new');
    });

    it('names a certificate that does not belong to the key beside it', async () => {
      await start();
      const name = readdirSync(keys()).find(
        (file) => file.startsWith('signing-') && file.endsWith('.key'),
      );
      writeFileSync(join(keys(), name ?? ''), player.toPrivateText());
      expect((await failure(open()))?.message).to.match(
        /signing-\d+\.cert: certificate is for key/,
      );
    });
  });
});
