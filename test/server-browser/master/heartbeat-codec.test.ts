import { DecodeError, PeerAddress } from 'beaconry';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeGameServerMessage,
  decodeMasterMessage,
  encodeGameServerMessage,
  encodeMasterMessage,
  type GameServerMessage,
  joinChallenge,
  type MasterMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import { vector } from './master-vectors.js';

const joinText = (text: string): Uint8Array => new TextEncoder().encode(`0\n${text}`);

describe('heartbeat codec', () => {
  const fromServer: readonly (readonly [string, Uint8Array, GameServerMessage])[] = [
    ['a classic challenge request', vector('heartbeat'), { kind: 'challenge-request', echo: null }],
    [
      'the challenge request of Xash3D',
      vector('heartbeat_xash'),
      { kind: 'challenge-request', echo: 0x11223344 },
    ],
    ['the start of the oldest Valve servers', hex`4D FF`, { kind: 'start' }],
    ['a shutdown', vector('shutdown'), { kind: 'shutdown' }],
  ];
  for (const [what, bytes, message] of fromServer) {
    it(`reads and writes ${what}`, () => {
      expect(decodeGameServerMessage(bytes)).to.deep.equal(message);
      expect(encodeGameServerMessage(message)).to.deep.equal(bytes);
    });
  }

  const fromMaster: readonly (readonly [string, Uint8Array, MasterMessage])[] = [
    [
      'a classic challenge',
      vector('challenge'),
      { kind: 'challenge', challenge: 123456789, echo: null },
    ],
    [
      'the challenge of Xash3D with its echo',
      vector('challenge_xash'),
      { kind: 'challenge', challenge: 123456789, echo: 0x11223344 },
    ],
    [
      'the answer to a start',
      hex`FFFFFFFF 4E 0A 15CD5B07`,
      { kind: 'start-answer', challenge: 123456789 },
    ],
    [
      'a restart request',
      vector('restart_request'),
      { kind: 'restart-request', challenge: 123456789 },
    ],
    [
      'a print',
      hex`FFFFFFFF "lYour server is out of date" 00`,
      { kind: 'print', text: 'Your server is out of date' },
    ],
    [
      'a connect request',
      hex`FFFFFFFF "c 192.0.2.1:27005"`,
      { kind: 'connect-request', address: PeerAddress.of('192.0.2.1', 27005) },
    ],
  ];
  for (const [what, bytes, message] of fromMaster) {
    it(`reads and writes ${what}`, () => {
      expect(encodeMasterMessage(message)).to.deep.equal(bytes);
      const decoded = decodeMasterMessage(bytes);
      expect(encodeMasterMessage(decoded)).to.deep.equal(bytes);
      if (message.kind !== 'connect-request') expect(decoded).to.deep.equal(message);
    });
  }

  it('reads and writes a join', () => {
    const message = decodeGameServerMessage(vector('join'));
    expect(message.kind).to.equal('join');
    if (message.kind !== 'join') return;
    expect([...message.values].slice(0, 3)).to.deep.equal([
      ['protocol', '7'],
      ['challenge', '123456789'],
      ['players', '0'],
    ]);
    expect(message.values.get('product')).to.equal('cstrike');
    expect(encodeGameServerMessage(message)).to.deep.equal(vector('join'));
  });

  it('reads a join without its final newline, as Xash3D sends it', () => {
    const message = decodeGameServerMessage(vector('join').subarray(0, -1));
    expect(message).to.deep.equal(decodeGameServerMessage(vector('join')));
  });

  it('keeps empty values and the last of a repeated key', () => {
    const message = decodeGameServerMessage(joinText('\\map\\\\challenge\\1\\challenge\\2\n'));
    expect(message).to.deep.equal({
      kind: 'join',
      values: new Map([
        ['map', ''],
        ['challenge', '2'],
      ]),
    });
  });

  it('refuses a join with a zero in it', () => {
    expect(() => decodeGameServerMessage(joinText('\\map\\de\0dust'))).to.throw(
      DecodeError,
      'zero',
    );
  });

  it('refuses a join of more than 1400 bytes', () => {
    const long = joinText(`\\map\\${'m'.repeat(1395)}`);
    expect(() => decodeGameServerMessage(long)).to.throw(DecodeError, 'too long');
  });

  it('reads the challenge of a join without decoding the rest', () => {
    expect(joinChallenge(vector('join'))).to.equal(123456789);
    expect(joinChallenge(vector('join').subarray(0, -1))).to.equal(123456789);
    expect(joinChallenge(joinText('\\challenge\\4294967295'))).to.equal(4294967295);
  });

  for (const text of [
    '',
    'challenge\\5',
    '\\challenge',
    '\\challenge\\',
    '\\challenge\\0',
    '\\challenge\\-5',
    '\\challenge\\+5',
    '\\challenge\\ 5',
    '\\challenge\\5 ',
    '\\challenge\\0x5',
    '\\challenge\\05',
    '\\challenge\\4294967296',
    '\\challenge\\12345678901',
    '\\map\\challenge\\5\\x',
    '\\challenge\\5\\challenge\\x',
    '\\challengE\\5',
  ]) {
    it(`finds no challenge in ${JSON.stringify(text)}`, () => {
      expect(joinChallenge(joinText(text))).to.equal(0);
    });
  }

  it('finds the same challenge as the whole decoding does', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '5', '7', '\n'), maxLength: 4 });
    const pair = fc.tuple(fc.oneof(fc.constant('challenge'), part), part);
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 6 }), (pairs) => {
        const bytes = joinText(pairs.map(([key, value]) => `\\${key}\\${value}`).join(''));
        const message = decodeGameServerMessage(bytes);
        const text = message.kind === 'join' ? (message.values.get('challenge') ?? '') : '';
        expect(joinChallenge(bytes)).to.equal(/^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0);
      }),
    );
  });

  it('round-trips whatever a join may say', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((text) => !/[\\\0\n]/.test(text));
    fc.assert(
      fc.property(fc.dictionary(text, text, { minKeys: 1, maxKeys: 8 }), (values) => {
        const message = { kind: 'join', values: new Map(Object.entries(values)) } as const;
        expect(decodeGameServerMessage(encodeGameServerMessage(message))).to.deep.equal(message);
      }),
    );
  });

  it('will not write a value that would split into two', () => {
    const values = new Map([['map', 'de\\dust']]);
    expect(() => encodeGameServerMessage({ kind: 'join', values })).to.throw(RangeError);
  });

  it('throws nothing but DecodeError, wherever a message is cut and whatever bytes come', () => {
    const tries = (read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void => {
      try {
        read(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(DecodeError);
      }
    };
    for (const [, bytes] of [...fromServer, ...fromMaster, ['', vector('join')] as const]) {
      for (let length = 0; length < bytes.length; length++) {
        tries(decodeGameServerMessage, bytes.subarray(0, length));
        tries(decodeMasterMessage, bytes.subarray(0, length));
        tries(joinChallenge, bytes.subarray(0, length));
      }
    }
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom(...'qM0bslONc'),
        (bytes, letter) => {
          tries(decodeGameServerMessage, Uint8Array.of(letter.charCodeAt(0), ...bytes));
          tries(
            decodeMasterMessage,
            Uint8Array.of(255, 255, 255, 255, letter.charCodeAt(0), ...bytes),
          );
          tries(joinChallenge, bytes);
        },
      ),
    );
  });

  for (const [what, bytes] of [
    ['an empty datagram', hex``],
    ['a challenge request with half an echo', hex`71 FF 44 33`],
    ['a challenge request with more than an echo', hex`71 FF 44332211 00`],
    ['a shutdown with more behind it', hex`62 0A 00`],
    ['a join without a backslash', hex`30 0A "protocol"`],
    ['an answer of a master', vector('challenge')],
  ] as const) {
    it(`refuses ${what} as a message of a game server`, () => {
      expect(() => decodeGameServerMessage(bytes)).to.throw(DecodeError);
    });
  }
});
