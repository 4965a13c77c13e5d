import { readFileSync } from 'node:fs';
import { DecodeError } from 'beaconry';
import { parseHex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { decodeClient, encodeClient } from '../../../plugins/rally/client-message-codec.js';
import type { ClientMessage, ServerMessage } from '../../../plugins/rally/rally-messages.js';
import { decodeServer, encodeServer } from '../../../plugins/rally/server-message-codec.js';

const hash = '0123456789abcdef';
const clientMessages: ClientMessage[] = [
  { type: 'hello' },
  {
    ...{ type: 'join', cookie: 7, protocol: 1, steamId: 76561197960266729n, number: 2 },
    ...{ carsHash: hash, roadbookHash: hash, gameVersion: '1.0', password: 'p' },
    ticket: Uint8Array.of(1, 2, 3),
  },
  { type: 'clock', session: 1, token: 2 },
  { type: 'position', session: 1, sequence: 2, metres: 3.5, x: -4, y: 5, speed: 6 },
  { type: 'passage', session: 1, sequence: 2, control: 3, at: 4n },
  { type: 'leave', session: 1 },
];
const serverMessages: ServerMessage[] = [
  { type: 'cookie', cookie: 7 },
  { type: 'welcome', session: 1, now: 2n, timeScale: 10 },
  { type: 'refused', sequence: 1, reason: 'cars-hash', expected: hash },
  { type: 'clockReply', token: 1, now: 2n },
  { type: 'passageReply', sequence: 1, control: 2, elapsed: 3 },
  {
    ...{ type: 'orders', next: 3, due: 4n, out: false, roadbookHash: hash },
    ahead: [{ number: 1, steamId: 5n }],
  },
  {
    type: 'cars',
    cars: [
      { number: 7, stage: 3, age: 1234, metres: 1232, x: 100, y: -200, speed: 3000 },
      { number: 11, stage: 3, age: 0, metres: 0, x: 0, y: 0, speed: 0 },
    ],
  },
];
const sides = [
  ['client', clientMessages, decodeClient, encodeClient],
  ['server', serverMessages, decodeServer, encodeServer],
] as const;

describe('rally codec', () => {
  it('has the bytes of the specification', () => {
    const bytes = encodeClient({ type: 'passage', session: 1, sequence: 2, control: 3, at: 4n });
    const expected = '524c593105010000000200000003000400000000000000';
    expect(Buffer.from(bytes).toString('hex')).equal(expected);
    expect(decodeClient(bytes)).deep.equal(clientMessages[4]);
    const cookie = Uint8Array.from(Buffer.from('524c59314107000000', 'hex'));
    expect(decodeServer(cookie)).deep.equal(serverMessages[0]);
    expect(encodeServer({ type: 'cookie', cookie: 7 })).deep.equal(cookie);
    const cars = parseHex(readFileSync('fixtures/packets/rally-cars.hex', 'utf8'));
    expect(encodeServer(serverMessages[6] as ServerMessage)).deep.equal(cars);
    expect(decodeServer(cars)).deep.equal(serverMessages[6]);
  });

  it('keeps a ticket that came in memory that is read into again', () => {
    const memory = Buffer.from(encodeClient(clientMessages[1] as ClientMessage));
    const message = decodeClient(memory);
    memory.fill(0xee);
    expect(message).deep.equal(clientMessages[1]);
  });

  for (const [side, messages, decode, encode] of sides) {
    it(`gives every message of a ${side} back, and refuses it cut at any length`, () => {
      for (const message of messages) {
        const bytes = (encode as (message: unknown) => Uint8Array)(message);
        expect(decode(bytes)).deep.equal(message);
        for (let length = 0; length < bytes.length; length++) {
          expect(() => decode(bytes.subarray(0, length))).throw(DecodeError);
        }
        expect(() => decode(Uint8Array.of(...bytes, 0))).throw(DecodeError);
      }
    });

    it(`throws nothing but DecodeError for random bytes to a ${side}`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 80 }),
          fc.uint8Array({ maxLength: 60 }),
          (type, rest) => {
            try {
              decode(Uint8Array.of(0x52, 0x4c, 0x59, 0x31, type, ...rest));
            } catch (error) {
              if (!(error instanceof DecodeError)) throw error;
            }
          },
        ),
      );
    });
  }

  it('gives positions back as they were', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const metre = fc
      .float({ noNaN: true, noDefaultInfinity: true })
      .filter((f) => !Object.is(f, -0));
    fc.assert(
      fc.property(u32, u32, metre, (session, sequence, metres) => {
        const position = {
          type: 'position',
          session,
          sequence,
          metres,
          x: 1,
          y: 2,
          speed: 3,
        } as const;
        expect(decodeClient(encodeClient(position))).deep.equal(position);
      }),
    );
  });
});
