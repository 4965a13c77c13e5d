import { DecodeError } from 'beaconry';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodePacket,
  encodeAnswer,
  encodeEndMark,
  encodePacket,
  encodeVerdict,
  largestBody,
  largestSize,
} from '../../../plugins/rcon/rcon-codec.js';

const text = (value: string) => new Uint8Array(Buffer.from(value));
/** As Valve's wiki shows it: SERVERDATA_AUTH with the password "passwrd". */
const auth = hex`11 00 00 00  # size 17
  00 00 00 00                 # id
  03 00 00 00                 # SERVERDATA_AUTH
  "passwrd" 00                # body
  00                          # empty string`;
const payload = (packet: Uint8Array) => packet.subarray(4);

describe('the codec of Source RCON', () => {
  it('reads and writes the bytes of the wiki', () => {
    const packet = { id: 0, type: 3, body: text('passwrd') };
    expect(decodePacket(payload(auth))).deep.equal(packet);
    expect(encodePacket(packet)).deep.equal(auth);
  });

  it('answers a login with an empty response and the verdict, -1 for a wrong password', () => {
    expect(Buffer.concat(encodeVerdict(7, true))).deep.equal(
      Buffer.from(hex`0a 00 00 00 07 00 00 00 00 00 00 00 00 00
                      0a 00 00 00 07 00 00 00 02 00 00 00 00 00`),
    );
    expect(encodeVerdict(7, false)[1]).deep.equal(hex`0a 00 00 00 ff ff ff ff 02 00 00 00 00 00`);
  });

  it('mirrors the end mark and puts 00 01 00 00 behind it', () => {
    expect(Buffer.concat(encodeEndMark(9))).deep.equal(
      Buffer.from(hex`0a 00 00 00 09 00 00 00 00 00 00 00 00 00
                      0e 00 00 00 09 00 00 00 00 00 00 00 00 01 00 00 00 00`),
    );
  });

  it('gives back every packet that it wrote', () => {
    const body = fc
      .uint8Array({ maxLength: largestBody })
      .map((bytes) => bytes.map((byte) => (byte === 0 ? 1 : byte)));
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0, 2, 3), body, (id, type, bytes) => {
        const packet = { id: id | 0, type, body: bytes };
        expect(decodePacket(payload(encodePacket(packet)))).deep.equal(packet);
      }),
    );
  });

  it('splits an answer of any length into packets that join to it, and cuts no character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (start) => {
        const value = start.repeat(60);
        const packets = encodeAnswer(1, value);
        expect(packets.length).least(1);
        const bodies = packets.map((packet) => {
          expect(packet.length).most(4 + largestSize);
          return Buffer.from(decodePacket(payload(packet)).body);
        });
        const joined = Buffer.concat(bodies).toString();
        expect(joined).equal(Buffer.from(value.replaceAll('\0', '')).toString());
        expect(bodies.map(String).join('')).equal(joined);
      }),
      { numRuns: 20 },
    );
    expect(encodeAnswer(1, 'x'.repeat(largestBody)).length).equal(1);
    expect(encodeAnswer(1, 'x'.repeat(largestBody + 1)).length).equal(2);
    expect(encodeAnswer(1, '')).deep.equal([hex`0a 00 00 00 01 00 00 00 00 00 00 00 00 00`]);
  });

  it('throws DecodeError and nothing else, for every packet cut short and for random bytes', () => {
    const whole = payload(auth);
    for (let length = 0; length < whole.length; length++) {
      // Cut in the text, the last bytes are no zeros.
      expect(() => decodePacket(whole.subarray(0, length)), String(length)).throw(DecodeError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodePacket(bytes);
        } catch (error) {
          expect(error).instanceOf(DecodeError);
        }
      }),
    );
  });
});
