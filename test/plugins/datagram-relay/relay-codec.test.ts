import { readFileSync } from 'node:fs';
import { DecodeError, PeerAddress } from 'beaconry';
import { parseHex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeAgentControl,
  encodeAgentControl,
} from '../../../plugins/datagram-relay/agent/agent-control-codec.js';
import { EndToEnd } from '../../../plugins/datagram-relay/agent/end-to-end.js';
import { decodeControl, encodeControl } from '../../../plugins/datagram-relay/control-codec.js';
import {
  verifyHopTag,
  writeHopTag,
  writeWord,
} from '../../../plugins/datagram-relay/data-codec.js';
import { HopTag } from '../../../plugins/datagram-relay/hop-tag.js';
import * as codec from '../../../plugins/datagram-relay/relay-codec.js';
import * as keys from '../../../plugins/datagram-relay/relay-keys.js';

const fixture = (name: string): Uint8Array =>
  parseHex(readFileSync(`fixtures/relay/${name}.hex`, 'utf8'));
const fill = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, item: unknown) =>
      item instanceof Uint8Array
        ? Buffer.from(item).toString('hex')
        : item instanceof PeerAddress
          ? item.toString()
          : item,
    ),
  );

const part = {
  appId: 480,
  connection: fill(8, 0x11),
  key: fill(32, 0x12),
  random: fill(16, 0x13),
  client: 'str:alice',
  server: 'str:server',
  ports: [0, 27015],
};
const serverPart = {
  key: fill(32, 0x21),
  random: fill(16, 0x22),
  server: 'str:server',
  ports: [0, codec.NO_PORT],
};
const open = {
  cookie: fill(10, 3),
  clientId: 0x44332211,
  hopKey: fill(32, 4),
  random: fill(16, 5),
  relayKey: fill(32, 6),
  peerToPeer: false,
  next: PeerAddress.of('198.51.100.9', 27001),
  ticket: fill(5, 7),
  certificate: fill(4, 8),
  endPart: fixture('end-part'),
};
const openOk = {
  clientId: 0x44332211,
  relayId: 0x88776655,
  relayEphemeral: fill(32, 10),
  expiry: 1767247200,
  serverPart: fixture('server-part'),
  certificate: fill(4, 8),
  signature: fill(64, 9),
  token: new Uint8Array(),
};
const register = {
  cookie: fill(10, 3),
  id: 7,
  key: fill(32, 11),
  time: 1767225600,
  relayKey: fill(32, 6),
  appId: 480,
  pop: 6906212,
  identity: 'str:server',
  certificate: fill(4, 8),
};
const join = {
  senderId: 0x0a0b0c0d,
  hopSecret: fill(32, 12),
  frontHash: fill(32, 13),
  endPart: fixture('end-part'),
  certificate: fill(4, 8),
  signature: fill(64, 9),
  expiry: 1767247200,
  ticket: new Uint8Array(),
};
const probeOk = {
  nonce: fill(8, 1),
  time: fill(8, 2),
  relayTime: 1767225600,
  cookie: fill(10, 3),
  observed: PeerAddress.of('203.0.113.7', 40000),
  penalty: 5,
  shutdown: 65535,
  pings: [[6906212, 80]] as const,
};
const sign = () => fill(64, 9);
const hmac = (bytes: Uint8Array) => keys.hmac(fill(32, 0x31), bytes);
const joinOk = {
  code: 0,
  ownId: 0x01020304,
  serverPart: fixture('server-part'),
  certificate: fill(4, 8),
  signature: fill(64, 9),
};
const joinKeys = keys.serverJoinKeys(fill(32, 0x41), 0x1122334455667788n);

interface Case {
  readonly message: unknown;
  readonly encode: () => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** The message ends in padding, which may be cut as far as the least length. */
  readonly padded?: true;
}
const cases: Readonly<Record<string, Case>> = {
  probe: {
    message: { nonce: fill(8, 1), time: fill(8, 2) },
    encode: () => codec.encodeProbe({ nonce: fill(8, 1), time: fill(8, 2) }),
    decode: codec.decodeProbe,
  },
  'probe-ok': {
    message: probeOk,
    encode: () => codec.encodeProbeOk(probeOk, 64),
    decode: codec.decodeProbeOk,
  },
  'end-part': {
    message: part,
    encode: () => codec.encodeEndPart(part),
    decode: codec.decodeEndPart,
  },
  'server-part': {
    message: serverPart,
    encode: () => codec.encodeServerPart(serverPart),
    decode: codec.decodeServerPart,
  },
  open: {
    message: { ...open, signature: sign() },
    encode: () => codec.encodeOpen(open, sign),
    decode: (bytes) => {
      const { frontHash: _front, hash: _hash, ...rest } = codec.decodeOpen(bytes);
      return rest;
    },
  },
  'open-ok': {
    message: openOk,
    encode: () => codec.encodeOpenOk(openOk, hmac),
    decode: (bytes) => codec.decodeOpenOk(bytes).message,
  },
  refused: {
    message: { clientId: 0x44332211, code: 1, text: 'expired' },
    encode: () => codec.encodeRefused({ clientId: 0x44332211, code: 1, text: 'expired' }),
    decode: codec.decodeRefused,
  },
  register: {
    message: { ...register, signature: sign() },
    encode: () => codec.encodeRegister(register, sign),
    decode: (bytes) => {
      const { signedHash: _signed, hash: _hash, ...rest } = codec.decodeRegister(bytes);
      return rest;
    },
  },
  'register-ok': {
    message: { id: 7, relayEphemeral: fill(32, 10), lease: 90, shutdown: 65535 },
    encode: () =>
      codec.encodeRegisterOk(
        { id: 7, relayEphemeral: fill(32, 10), lease: 90, shutdown: 65535 },
        hmac,
      ),
    decode: (bytes) => codec.decodeRegisterOk(bytes).message,
  },
  'join-plain': {
    message: join,
    encode: () => codec.encodeJoin(join),
    decode: codec.decodeJoin,
    padded: true,
  },
  join: {
    message: join,
    encode: () => keys.seal(5, 7, joinKeys.join, codec.encodeJoin(join), fill(12, 14)),
    decode: (bytes) => codec.decodeJoin(keys.unseal(bytes, codec.Lead.join, joinKeys.join)),
  },
  'join-ok': {
    message: joinOk,
    encode: () => keys.seal(6, 0x0a0b0c0d, joinKeys.ok, codec.encodeJoinOk(joinOk), fill(12, 15)),
    decode: (bytes) => codec.decodeJoinOk(keys.unseal(bytes, codec.Lead.joinOk, joinKeys.ok)),
  },
  control: {
    message: { type: 'pathChallenge', value: fill(8, 0x61) },
    encode: () => {
      const bytes = encodeControl(0x88776655 | 0, 9, {
        type: 'pathChallenge',
        value: fill(8, 0x61),
      });
      writeHopTag(bytes, keys.joinedHopKeys(fill(32, 12)).forward, 0, 0);
      return bytes;
    },
    decode: decodeControl,
  },
};

describe('relay protocol R1', () => {
  for (const [name, { message, encode, decode, padded }] of Object.entries(cases)) {
    describe(name, () => {
      it('is these bytes', () =>
        expect(Buffer.from(encode()).toString('hex')).equal(
          Buffer.from(fixture(name)).toString('hex'),
        ));
      it('is read back', () => expect(plain(decode(fixture(name)))).deep.equal(plain(message)));
      it('is refused when it is cut off anywhere', () => {
        const bytes = fixture(name);
        // Zeros at the end of a plaintext carry nothing; its length is checked by the encryption.
        const zeros =
          padded === true ? bytes.length - 1 - bytes.findLastIndex((byte) => byte !== 0) : 0;
        for (let end = 0; end < bytes.length - zeros; end++) {
          expect(() => decode(bytes.slice(0, end)), `${end}`).throw(DecodeError);
        }
      });
      it('throws nothing but DecodeError for random bytes', () => {
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 1400 }), fc.boolean(), (random, lead) => {
            const bytes = random.slice();
            if (lead) bytes.set(fixture(name).subarray(0, 2).subarray(0, bytes.length));
            try {
              decode(bytes);
            } catch (error) {
              if (!(error instanceof DecodeError)) throw error;
            }
          }),
          { numRuns: 100 },
        );
      });
    });
  }

  it('reads back any end part', () => {
    const text = fc.string({ maxLength: 40 });
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const parts = fc.record({
      appId: u32,
      connection: bytes(8),
      key: bytes(32),
      random: bytes(16),
      client: text,
      server: text,
      ports: fc.array(u32, { minLength: 1, maxLength: 16 }),
    });
    fc.assert(
      fc.property(parts, (one) => {
        expect(plain(codec.decodeEndPart(codec.encodeEndPart(one)))).deep.equal(plain(one));
      }),
    );
  });

  it('reads back any control of agents', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const quality = fc.option(
      fc.nat(200).map((half) => half / 200),
      { nil: undefined },
    );
    const bytes = fc.uint8Array({ maxLength: 200 });
    const segment = fc.record({
      ...{ type: fc.constant('segment' as const), number: u32, last: fc.boolean(), bytes },
    });
    const acknowledge = fc.record({
      ...{ type: fc.constant('acknowledge' as const), next: u32, following: u32 },
    });
    const single = fc.oneof(
      fc.record({ type: fc.constant('ping' as const), primary: fc.boolean(), time: u32, quality }),
      fc.record({ type: fc.constant('pong' as const), time: u32, quality }),
      segment,
      acknowledge,
      fc.record({
        type: fc.constant('lane' as const),
        lane: fc.nat(255),
        control: fc.oneof(segment, acknowledge),
      }),
      fc.record({ type: fc.constant('message' as const), bytes }),
    );
    const controls = fc.oneof(
      single,
      fc.record({
        type: fc.constant('several' as const),
        controls: fc.array(single, { maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(controls, (one) => {
        expect(plain(decodeAgentControl(encodeAgentControl(one)))).deep.equal(plain(one));
      }),
    );
  });

  it('computes SipHash-2-4 as its authors published it', () => {
    // Key 00..0f over the 8 bytes 00..07; from the reference vectors (little-endian 0x93f5f5799a932462).
    const tag = new HopTag();
    const key = Int32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);
    tag.of(key, 0, Int32Array.of(0x03020100, 0x07060504), 2);
    expect([tag.low >>> 0, tag.high >>> 0]).deep.equal([0x9a932462, 0x93f5f579]);
  });

  it('protects a data packet as in the vector, end to end and hop by hop', () => {
    const salt = Buffer.concat([
      codec.sha256(fixture('end-part')),
      codec.sha256(fixture('server-part')),
    ]);
    const { toServer, toClient } = keys.endKeys(fill(32, 0x51), salt);
    const hop = keys.joinedHopKeys(fill(32, 12)).forward;
    const bytes = new EndToEnd(toServer, toClient, 0).seal(0, 1, Buffer.from('hello'), 0);
    writeWord(bytes, 1, 0x88776655 | 0);
    writeHopTag(bytes, hop, 0, 0);
    expect(Buffer.from(bytes).toString('hex')).equal(Buffer.from(fixture('data')).toString('hex'));
    const opened = new EndToEnd(toClient, toServer, 0).open(fixture('data'), 1, 0);
    expect(Buffer.from(opened?.payload ?? []).toString()).equal('hello');
  });

  it('rejects a data packet with any bit of header, end-to-end tag or hop tag changed', () => {
    const hop = keys.joinedHopKeys(fill(32, 12)).forward;
    expect(verifyHopTag(fixture('data'), hop, 0, 0)).equal(true);
    let rejected = 0;
    for (const at of [...Array(9).keys(), ...Array.from({ length: 24 }, (_, i) => 16 + i)]) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = fixture('data');
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        if (!verifyHopTag(bytes, hop, 0, 0)) rejected++;
      }
    }
    expect(rejected).equal(33 * 8);
  });

  it('changes keys of a direction in time and reads both phases for a moment', () => {
    const one = { key: fill(32, 1), iv: fill(12, 2) };
    const other = { key: fill(32, 3), iv: fill(12, 4) };
    const sender = new EndToEnd(one, other, 0, 1000);
    const receiver = new EndToEnd(other, one, 0);
    const early = sender.seal(0, 0, Buffer.from('early'), 500);
    const late = sender.seal(0, 0, Buffer.from('late'), 1500);
    expect((late[0] as number) & 4).equal(4);
    const read = (bytes: Uint8Array, number: number, now: number) =>
      Buffer.from(receiver.open(bytes, number, now)?.payload ?? []).toString();
    expect([read(late, 2, 1500), read(early, 1, 1600), read(early, 1, 1600)]).deep.equal([
      'late',
      'early',
      '',
    ]);
  });
});
