import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { Availability } from '../../../../plugins/coordinator/sdr/availability.js';
import { checkCertificate } from '../../../../plugins/coordinator/sdr/certificate-check.js';
import {
  decodeCertificateRequest,
  encodeSignedCertificate,
  type SignedCertificate,
} from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../../../plugins/coordinator/sdr/certificate-issue.js';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import { PlayerCredentials } from '../../../../plugins/coordinator/sdr/player-credentials.js';
import { certify, codeOf, NOW, root, testKey } from '../credentials.js';

const HOUR = 3600;
const signer = testKey('signer');
const base64 = (certificate: SignedCertificate) =>
  Buffer.from(encodeSignedCertificate(certificate)).toString('base64');

describe('credentials of a player', () => {
  let clock: FakeClock;
  let asked: number;
  let online: boolean;
  let lie: Partial<Parameters<typeof issueCertificate>[1]>;
  let cas: SignedCertificate[];
  const seconds = () => Math.floor(clock.now() / 1000);
  const create = () =>
    new PlayerCredentials({
      appId: 730,
      identity: 'str:alice',
      roots: [root.publicKey.bytes],
      clock,
      signon: async (request) => {
        if (!online) throw new Error('connection refused');
        asked++;
        const publicKey = decodeCertificateRequest(request).keyData;
        const fields = {
          publicKey,
          createdAt: seconds(),
          expiresAt: seconds() + 48 * HOUR,
          appIds: [730],
          identity: 'str:alice',
          ...lie,
        };
        return {
          caCertificates: cas.map(base64),
          certificate: base64(issueCertificate(signer, fields)),
        };
      },
    });
  const relay = new CertificateStore({ roots: [root.publicKey.bytes] });
  relay.add(certify(signer, { expiresAt: NOW + 999 * HOUR }));
  const handshake = ({ certificate }: { certificate: SignedCertificate }) =>
    checkCertificate(certificate, relay, { now: seconds(), appId: 730, identity: 'str:alice' });

  beforeEach(() => {
    clock = new FakeClock(NOW * 1000);
    asked = 0;
    online = true;
    lie = {};
    cas = [certify(signer, { expiresAt: NOW + 999 * HOUR })];
  });

  it('are asked for once and used for every handshake', async () => {
    const credentials = create();
    const [first, second] = await Promise.all([
      credentials.forHandshake(),
      credentials.forHandshake(),
    ]);
    expect(first).to.equal(second);
    expect(await credentials.forHandshake()).to.equal(first);
    expect(asked).to.equal(1);
    expect(handshake(first).identity).to.equal('str:alice');
  });

  it('say how it stands with them, in words a player understands and in the numbers of Steam', async () => {
    const credentials = create();
    const heard: number[] = [];
    credentials.onStatus = ({ availability }) => heard.push(availability);
    expect(credentials.status.availability).to.equal(Availability.neverTried);
    online = false;
    const failed = await credentials.init();
    expect(failed).to.deep.equal({
      availability: Availability.failed,
      text: 'There is no certificate: connection refused',
    });
    online = true;
    expect((await credentials.init()).availability).to.equal(Availability.current);
    expect(heard).to.deep.equal([
      ...[Availability.attempting, Availability.failed],
      ...[Availability.retrying, Availability.current],
    ]);
    clock.jump(49 * HOUR * 1000);
    expect(credentials.status.availability).to.equal(Availability.previously);
  });

  it('are renewed two hours before they expire', async () => {
    const credentials = create();
    const first = await credentials.forHandshake();
    clock.jump(45 * HOUR * 1000);
    expect(await credentials.forHandshake()).to.equal(first);
    clock.jump(HOUR * 1000 + 1000);
    const renewed = await credentials.forHandshake();
    expect(renewed.certificate).to.not.deep.equal(first.certificate);
    expect(renewed.key).to.equal(first.key);
  });

  it('let a session older than its certificate go on, and serve the next handshake renewed', async () => {
    const credentials = create();
    const first = await credentials.forHandshake();
    const session = handshake(first);
    clock.jump(49 * HOUR * 1000);
    // The session judged its peer once: what it holds still verifies what the peer signs.
    const said = Buffer.from('rekey');
    expect(session.key.verifies(said, first.key.sign(said))).to.equal(true);
    expect(codeOf(() => handshake(first))).to.equal('CERT_EXPIRED');
    expect(handshake(await credentials.forHandshake()).identity).to.equal('str:alice');
  });

  it('stay in use while the coordinator is away, as long as they are valid', async () => {
    const credentials = create();
    const first = await credentials.forHandshake();
    online = false;
    clock.jump(47 * HOUR * 1000);
    expect(await credentials.forHandshake()).to.equal(first);
    clock.jump(2 * HOUR * 1000);
    let message = '';
    await credentials.forHandshake().catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.equal('connection refused');
  });

  for (const [name, arrange, code] of [
    [
      'for another key',
      () => {
        lie = { publicKey: testKey('other').publicKey.bytes };
      },
      'CERT_KEY_MISMATCH',
    ],
    [
      'for another identity',
      () => {
        lie = { identity: 'str:bob' };
      },
      'CERT_WRONG_IDENTITY',
    ],
    [
      'for another app',
      () => {
        lie = { appIds: [440] };
      },
      'CERT_WRONG_APP',
    ],
    [
      'whose CA it does not bring along',
      () => {
        cas = [];
      },
      'CERT_CA_UNKNOWN',
    ],
    [
      'of a foreign network',
      () => {
        cas = [certify(signer, { ca: testKey('foreign root') })];
      },
      'CERT_CA_UNKNOWN',
    ],
  ] as const) {
    it(`are not taken ${name}: ${code}`, async () => {
      arrange();
      let failure: string | undefined;
      await create()
        .forHandshake()
        .catch((error: { code: string }) => {
          failure = error.code;
        });
      expect(failure).to.equal(code);
    });
  }
});
