import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  addressProofBytes,
  decodeAddressAnswer,
  decodeAddressProbe,
  encodeAddressAnswer,
  encodeAddressProbe,
} from '../../../../plugins/coordinator/sdr/address-proof-codec.js';
import {
  decodeCheckIn,
  decodeSignedCheckIn,
  encodeCheckIn,
  encodeSignedCheckIn,
  type RelayCheckIn,
} from '../../../../plugins/coordinator/sdr/relay-check-in-codec.js';
import { fromHex, toHex } from '../vectors.js';

const challenge = fromHex('000102030405060708090a0b0c0d0e0f');
const signature = new Uint8Array(64).fill(0xee);

describe('address proofs', () => {
  const probe = `1001${toHex(challenge)}${'00'.repeat(78)}`;
  const answer = `1101${toHex(challenge)}${'ee'.repeat(64)}`;

  it('are asked for in 96 bytes and answered in 82', () => {
    expect(toHex(encodeAddressProbe(challenge))).to.equal(probe);
    expect(decodeAddressProbe(fromHex(probe))).to.deep.equal(challenge);
    expect(toHex(encodeAddressAnswer({ challenge, signature }))).to.equal(answer);
    expect(decodeAddressAnswer(fromHex(answer))).to.deep.equal({ challenge, signature });
  });

  it('are copied out of memory that is used again', () => {
    const challenge = new Uint8Array(16).fill(7);
    const memory = Buffer.from(
      encodeAddressAnswer({ challenge, signature: new Uint8Array(64).fill(9) }),
    );
    const answer = decodeAddressAnswer(memory);
    const probe = Buffer.from(encodeAddressProbe(challenge));
    const asked = decodeAddressProbe(probe);
    memory.fill(0xff);
    probe.fill(0xff);
    expect([answer.challenge[0], answer.signature[0], asked[0]]).to.deep.equal([7, 9, 7]);
  });

  it('sign what cannot be mistaken for a certificate or ticket', () => {
    const bytes = Buffer.from(addressProofBytes(challenge, '192.0.2.1:30000'));
    expect(bytes.toString('latin1'))
      .to.match(/^beaconry address proof\0/)
      .and.match(/192\.0\.2\.1:30000$/);
  });

  it('are refused at every other length, and random bytes with DecodeError', () => {
    for (let length = 0; length < 96; length++) {
      expect(() => decodeAddressProbe(fromHex(probe).subarray(0, length))).to.throw(DecodeError);
    }
    for (let length = 0; length < 82; length++) {
      expect(() => decodeAddressAnswer(fromHex(answer).subarray(0, length))).to.throw(DecodeError);
    }
    expect(() => decodeAddressAnswer(fromHex(`${answer}00`))).to.throw(DecodeError);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(decodeAddressProbe, decodeAddressAnswer),
        (random, decode) => {
          try {
            decode(random);
          } catch (error) {
            expect(error).to.be.instanceOf(DecodeError);
          }
        },
      ),
    );
  });
});

describe('relay check-ins', () => {
  const checkIn: RelayCheckIn = {
    time: 0x0102030405060708n,
    pop: 0x667261,
    ipv4: '192.0.2.1',
    firstPort: 30000,
    lastPort: 30003,
    routeKey: new Uint8Array(),
    answered: [{ challenge, address: '192.0.2.2:30000', signature }],
  };

  it('have these fields', () => {
    expect(toHex(encodeCheckIn({ ...checkIn, answered: [] }))).to.equal(
      [
        '090807060504030201',
        '1561726600',
        `1a09${Buffer.from('192.0.2.1').toString('hex')}`,
        '20b0ea01',
        '28b3ea01',
        '3200',
      ].join(''),
    );
  });

  it('come back as they were', () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    const record = fc.record({
      time: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      pop: fc.nat(0xffffffff),
      ipv4: fc.string(),
      firstPort: fc.nat(65535),
      lastPort: fc.nat(65535),
      routeKey: bytes,
      answered: fc.array(fc.record({ challenge: bytes, address: fc.string(), signature: bytes }), {
        maxLength: 16,
      }),
    });
    fc.assert(
      fc.property(record, (checkIn) => {
        expect(decodeCheckIn(encodeCheckIn(checkIn))).to.deep.equal(checkIn);
      }),
    );
    const signed = {
      certificate: { body: Uint8Array.of(1), caKeyId: 5n, signature },
      body: encodeCheckIn(checkIn),
      signature,
    };
    expect(decodeSignedCheckIn(encodeSignedCheckIn(signed))).to.deep.equal(signed);
  });

  it('report at most 16 probes', () => {
    const answered = Array.from({ length: 20 }, () => ({
      challenge,
      address: '',
      signature: new Uint8Array(),
    }));
    expect(decodeCheckIn(encodeCheckIn({ ...checkIn, answered })).answered).to.have.length(16);
  });

  it('throw only DecodeError for truncated and random bytes', () => {
    const bytes = encodeCheckIn(checkIn);
    const judge = (bytes: Uint8Array) => {
      for (const decode of [decodeCheckIn, decodeSignedCheckIn]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }
    };
    for (let length = 0; length < bytes.length; length++) judge(bytes.subarray(0, length));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), judge));
  });
});
