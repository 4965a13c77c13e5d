import { expect } from 'chai';
import { certIssue, certShow } from '../../../../plugins/coordinator/commands/cert-commands.js';
import type { CommandFiles } from '../../../../plugins/coordinator/commands/command-files.js';
import { keyNew, keyShow } from '../../../../plugins/coordinator/commands/key-commands.js';
import {
  relayTicketIssue,
  relayTicketShow,
} from '../../../../plugins/coordinator/commands/relay-ticket-commands.js';
import { checkCertificate } from '../../../../plugins/coordinator/sdr/certificate-check.js';
import { decodeCertificateText } from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import { checkRelayTicket } from '../../../../plugins/coordinator/sdr/relay-ticket.js';
import { RouteKey } from '../../../../plugins/coordinator/sdr/sealed-route.js';
import { SigningKey } from '../../../../plugins/coordinator/sdr/signing-key.js';
import { NOW, root, testKey } from '../credentials.js';
import { readVector, vectors } from '../vectors.js';

describe('offline commands', () => {
  let disk: Map<string, string | Uint8Array>;
  let modes: Map<string, number>;
  let files: CommandFiles;
  beforeEach(() => {
    disk = new Map<string, string | Uint8Array>([
      ['root.key', root.toPrivateText()],
      ['leaf.key', testKey('leaf').toPrivateText()],
    ]);
    modes = new Map();
    files = {
      now: () => NOW,
      read: async (file) => {
        const content = disk.get(file);
        if (content === undefined) throw new Error(`no such file`);
        return Buffer.from(content as string);
      },
      writeNew: async (file, text, mode) => {
        if (disk.has(file)) throw new Error('file already exists');
        disk.set(file, text);
        modes.set(file, mode);
      },
    };
  });
  const failure = async (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: { code: string; message: string }) => error,
    );
  const store = () => new CertificateStore({ roots: [root.publicKey.bytes] });

  it('key new writes a private key for its owner only and prints the public line', async () => {
    const line = await keyNew(files, 'new.key');
    expect(modes.get('new.key')).to.equal(0o600);
    const key = SigningKey.fromText(String(disk.get('new.key')), 'new.key');
    expect(line).to.equal(`${key.publicKey}\n`);
    expect(line).to.match(/^ssh-ed25519 \S+ ID\d+\n$/);
  });

  it('key new never overwrites a file', async () => {
    expect((await failure(keyNew(files, 'root.key')))?.code).to.equal('FILE_EXISTS');
    expect(disk.get('root.key')).to.equal(root.toPrivateText());
  });

  it('key show prints the public line of private and public keys', async () => {
    const line = readVector('keys/leaf.pub');
    disk.set('a', readVector('keys/leaf.key'));
    disk.set('-', line);
    expect(await keyShow(files, 'a')).to.equal(line);
    expect(await keyShow(files, '-')).to.equal(line);
  });

  it('cert issue certifies a player for two days, a data centre for two years', async () => {
    const issue = (more: object) =>
      certIssue(files, { ca: 'root.key', app: [730], pop: [], key: 'leaf.key', ...more });
    const player = decodeCertificateText(await issue({ identity: 'str:alice' }));
    const verified = checkCertificate(player, store(), {
      now: NOW,
      appId: 730,
      identity: 'str:alice',
    });
    expect(verified.scope.expiresAt - NOW).to.equal(2 * 86_400);
    const centre = decodeCertificateText(await issue({ pop: ['fra', 'iad'] }));
    const shared = checkCertificate(centre, store(), { now: NOW, appId: 730, pop: 'iad' });
    expect(shared.scope.expiresAt - NOW).to.equal(730 * 86_400);
    expect(shared.key.id).to.equal(testKey('leaf').id);
  });

  it('cert issue takes requests of the library, base64 or raw', async () => {
    const base64 = vectors.certificate_requests[0]?.base64 ?? '';
    disk.set('-', `${base64}\n`);
    disk.set('raw', Uint8Array.from(Buffer.from(base64, 'base64')));
    for (const request of ['-', 'raw']) {
      const text = await certIssue(files, { ca: 'root.key', app: [730], pop: [], request });
      const verified = checkCertificate(decodeCertificateText(text), store(), { now: NOW });
      expect(verified.identity).to.equal('str:peer-a');
    }
  });

  it('cert show prints what a certificate says', async () => {
    disk.set('dc', readVector('certs/certtool-dc.pem'));
    expect(JSON.parse(await certShow(files, 'dc'))).to.deep.include({
      keyId: '1640103484240511966',
      identity: null,
      apps: [730],
      pops: ['fra', 'tyo1'],
      caKeyId: '1384242851867048464',
    });
  });

  it('relay-ticket issue makes a ticket for developers, with the chain of its key', async () => {
    disk.set('signer.key', testKey('signer').toPrivateText());
    disk.set('signer.pub', `${testKey('signer').publicKey}\n`);
    disk.set(
      'signer.cert',
      await certIssue(files, { ca: 'root.key', app: [730], pop: [], key: 'signer.pub' }),
    );
    const text = await relayTicketIssue(files, {
      key: 'signer.key',
      cert: ['signer.cert'],
      app: 730,
      client: 'str:alice',
      server: 'str:gs',
      address: '127.0.0.1:27015',
      virtualPort: 3,
    });
    const ticket = checkRelayTicket(Buffer.from(text, 'base64'), store(), {
      now: NOW,
      dev: true,
      virtualPort: 3,
    });
    expect([ticket.server, ticket.expiresAt - NOW]).to.deep.equal(['str:gs', 6 * 3600]);
    disk.set('t', text);
    expect(JSON.parse(await relayTicketShow(files, 't'))).to.deep.include({
      client: 'str:alice',
      pop: 'dev',
      virtualPort: 3,
      secondsLeft: 21600,
      certificates: 1,
    });
  });

  it('relay-ticket issue seals the address outside of POP dev', async () => {
    const key = RouteKey.generate();
    const options = {
      key: 'root.key',
      cert: [],
      app: 730,
      client: 'str:a',
      server: 'str:b',
      address: '192.0.2.1:5',
      pop: 'fra',
    };
    expect((await failure(relayTicketIssue(files, options)))?.message).to.include('--route-key');
    const routeKey = Buffer.from(key.publicKey).toString('hex');
    const text = await relayTicketIssue(files, { ...options, routeKey });
    const ticket = checkRelayTicket(Buffer.from(text, 'base64'), store(), { now: NOW });
    expect(String(key.open(ticket.route).address)).to.equal('192.0.2.1:5');
  });

  const issue = { ca: 'root.key', app: [730], pop: [], key: 'leaf.key' };
  for (const [name, call, code, words] of [
    ['a file that is not there', () => keyShow(files, 'gone'), 'FILE_UNREADABLE', 'gone'],
    [
      'a key that is none',
      () => certIssue(files, { ...issue, ca: 't.txt' }),
      'KEY_MALFORMED',
      't.txt',
    ],
    ['a certificate that is none', () => certShow(files, 't.txt'), 'FILE_MALFORMED', 't.txt'],
    ['a ticket that is none', () => relayTicketShow(files, 't.txt'), 'FILE_MALFORMED', 't.txt'],
    [
      'no subject',
      () => certIssue(files, { ca: 'root.key', app: [], pop: [] }),
      'USAGE',
      '--key FILE',
    ],
    ['two subjects', () => certIssue(files, { ...issue, request: '-' }), 'USAGE', '--request'],
    [
      'an identity without app',
      () => certIssue(files, { ...issue, app: [], identity: 'str:a' }),
      'USAGE',
      '--app',
    ],
    [
      'an identity that is none',
      () => certIssue(files, { ...issue, identity: 'alice' }),
      'FILE_MALFORMED',
      '--identity',
    ],
    [
      'a POP that is none',
      () => certIssue(files, { ...issue, pop: ['Frankfurt'] }),
      'USAGE',
      'Frankfurt',
    ],
    ['days out of range', () => certIssue(files, { ...issue, days: 0 }), 'USAGE', '--days'],
  ] as const) {
    it(`refuse ${name} and name it`, async () => {
      disk.set('t.txt', 'nonsense ***');
      const error = await failure(call());
      expect(error?.code).to.equal(code);
      expect(error?.message).to.include(words);
    });
  }
});
