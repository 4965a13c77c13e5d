import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodePrivateKey,
  decodePublicLine,
  encodePrivateKey,
  encodePublicLine,
  keyIdOf,
} from '../../../../plugins/coordinator/sdr/openssh-key-codec.js';
import { SigningKey } from '../../../../plugins/coordinator/sdr/signing-key.js';
import { fromHex, readVector, toHex, vectors } from '../vectors.js';

const leaf = readVector('keys/leaf.key');

describe('OpenSSH keys', () => {
  for (const [name, key] of Object.entries(vectors.keys)) {
    it(`reads the pair ${name} and its id`, () => {
      const pair = decodePrivateKey(readVector(key.private_pem_file));
      expect(toHex(pair.seed)).to.equal(key.seed_hex);
      expect(toHex(pair.publicKey)).to.equal(key.public_hex);
      expect(keyIdOf(pair.publicKey)).to.equal(BigInt(key.key_id));
      expect(SigningKey.fromSeed(pair.seed).publicKey.bytes).to.deep.equal(pair.publicKey);
      const line = readVector(key.public_line_file).trim();
      expect(toHex(decodePublicLine(line))).to.equal(key.public_hex);
      expect(encodePublicLine(pair.publicKey)).to.equal(line);
    });
  }

  for (const name of ['certtool-app-ca', 'certtool-dc']) {
    it(`reads ${name} of the public cert tool, which has neither comment nor padding`, () => {
      const pair = decodePrivateKey(readVector(`keys/${name}.key`));
      const line = readVector(`keys/${name}.pub`);
      expect(decodePublicLine(line)).to.deep.equal(pair.publicKey);
    });
  }

  it('reads any line ends, and one line with blanks instead of them', () => {
    const expected = decodePrivateKey(leaf);
    expect(decodePrivateKey(leaf.replaceAll('\n', '\r\n'))).to.deep.equal(expected);
    expect(decodePrivateKey(leaf.replaceAll('\n', ' '))).to.deep.equal(expected);
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const { publicKey } = SigningKey.fromSeed(seed);
        const pair = { seed, publicKey: publicKey.bytes };
        const read = decodePrivateKey(encodePrivateKey(pair));
        expect([toHex(read.seed), toHex(read.publicKey)]).to.deep.equal([
          toHex(seed),
          toHex(publicKey.bytes),
        ]);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a public line whose comment names another key id', () => {
    const line = readVector('keys/leaf.pub').replace(/ID\d+/, 'ID1');
    expect(() => decodePublicLine(line)).to.throw(DecodeError, /its comment says 1/);
  });

  it('refuses a pair whose halves do not belong together', () => {
    const publicKey = fromHex(vectors.keys.root?.public_hex ?? '');
    const { seed } = decodePrivateKey(leaf);
    expect(() => SigningKey.fromText(encodePrivateKey({ seed, publicKey }), 'x.key'))
      .to.throw(/^x\.key: .*do not belong together/)
      .with.property('code', 'KEY_MALFORMED');
  });

  it('throws only DecodeError for truncated, changed and random text', () => {
    const body = leaf.split('\n').slice(1, -2).join('');
    const bytes = Buffer.from(body, 'base64');
    const wrap = (part: Uint8Array) =>
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from(part).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----`;
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodePrivateKey(wrap(bytes.subarray(0, length)))).to.throw(DecodeError);
    }
    const judge = (text: string) => {
      try {
        decodePrivateKey(text);
      } catch (error) {
        expect(error).to.be.instanceOf(DecodeError);
      }
    };
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        judge(wrap(changed));
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (random) => judge(wrap(random))));
    fc.assert(fc.property(fc.string(), judge));
  });

  describe('and ssh-keygen', () => {
    let folder = '';
    before(function () {
      if (spawnSync('ssh-keygen', ['-?']).error !== undefined) {
        console.log('      skipped: needs ssh-keygen');
        this.skip();
      }
      folder = mkdtempSync(join(tmpdir(), 'beaconry-keys-'));
    });
    after(() => {
      if (folder !== '') rmSync(folder, { recursive: true });
    });
    const keygen = (...parameters: string[]) =>
      execFileSync('ssh-keygen', parameters, { encoding: 'utf8', stdio: 'pipe' });

    it('reads a key that ssh-keygen wrote', () => {
      const file = join(folder, 'theirs');
      keygen('-q', '-t', 'ed25519', '-N', '', '-C', 'somebody@somewhere', '-f', file);
      const key = SigningKey.fromText(readFileSync(file, 'utf8'), file);
      const line = readFileSync(`${file}.pub`, 'utf8');
      expect(decodePublicLine(line)).to.deep.equal(key.publicKey.bytes);
    });

    it('refuses a key with a passphrase and says how to remove it', () => {
      const file = join(folder, 'locked');
      keygen('-q', '-t', 'ed25519', '-N', 'secret', '-f', file);
      expect(() => decodePrivateKey(readFileSync(file, 'utf8'))).to.throw(
        DecodeError,
        /ssh-keygen -p/,
      );
    });

    it('refuses a key of another kind', () => {
      const file = join(folder, 'ecdsa');
      keygen('-q', '-t', 'ecdsa', '-N', '', '-f', file);
      expect(() => decodePrivateKey(readFileSync(file, 'utf8'))).to.throw(
        DecodeError,
        /not an Ed25519/,
      );
    });

    it('writes a key that ssh-keygen -y reads', () => {
      const file = join(folder, 'ours');
      const key = SigningKey.generate();
      writeFileSync(file, key.toPrivateText(), { mode: 0o600 });
      expect(keygen('-y', '-f', file).trim()).to.equal(key.publicKey.toString());
    });
  });
});
