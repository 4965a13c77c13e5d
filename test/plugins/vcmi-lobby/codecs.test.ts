import { DecodeError } from 'beaconry';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { encodeFrame, FrameDecoder } from '../../../plugins/vcmi-lobby/frame-codec.js';
import {
  decodeCommands,
  decodeGreeting,
  encodeCommands,
  encodeGreeting,
  LOBBY_TAGS,
} from '../../../plugins/vcmi-lobby/lobby-codec.js';
import {
  decodePipeHandshake,
  encodePipeHandshake,
} from '../../../plugins/vcmi-lobby/pipe-codec.js';
import { isRoomName } from '../../../plugins/vcmi-lobby/room.js';
import {
  encodeServerMessage,
  type ServerMessage,
} from '../../../plugins/vcmi-lobby/server-message.js';
import { decodeServerMessages } from '../../../plugins/vcmi-lobby/server-message-reader.js';
import { cleanText } from '../../../plugins/vcmi-lobby/shown-text.js';
import { findTextEncoding } from '../../../plugins/vcmi-lobby/text-encoding.js';

const kindOf = (run: () => unknown): string => {
  try {
    run();
    return 'no error';
  } catch (error) {
    if (error instanceof DecodeError) return error.kind;
    throw error;
  }
};

describe('vcmi-lobby: frames', () => {
  it('are a length, little-endian, and that many bytes', () => {
    expect(Uint8Array.from(encodeFrame(Buffer.from('hey')))).to.deep.equal(hex`03 00 00 00 "hey"`);
  });

  it('come out the same however the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
        (payloads, cuts) => {
          const stream = Buffer.concat(payloads.map((payload) => encodeFrame(payload)));
          const decoder = new FrameDecoder(300);
          const seen: number[][] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            decoder.push(stream.subarray(at, at + size));
            at += size;
            for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
              seen.push([...frame]);
            }
          }
          expect(seen).to.deep.equal(payloads.map((payload) => [...payload]));
          expect(decoder.buffered).to.equal(0);
        },
      ),
    );
  });

  it('of length 0 or over the limit are refused at once, before their bytes come', () => {
    for (const header of [hex`00 00 00 00`, hex`01 01 00 00`, hex`ff ff ff ff`]) {
      const decoder = new FrameDecoder(256);
      decoder.push(Buffer.from(header));
      expect(kindOf(() => decoder.next())).to.equal('invalid');
    }
  });

  it('that are incomplete do not hold on to the chunk they came in', () => {
    const decoder = new FrameDecoder(1024);
    const chunk = Buffer.concat([encodeFrame(Buffer.alloc(1000)), Buffer.of(5, 0, 0, 0, 1)]);
    decoder.push(chunk);
    decoder.next();
    expect(decoder.next()).to.equal(undefined);
    chunk.fill(0xff);
    decoder.push(Buffer.of(2, 3, 4, 5));
    expect([...(decoder.next() ?? [])]).to.deep.equal([1, 2, 3, 4, 5]);
  });
});

describe('vcmi-lobby: greeting', () => {
  const bytes = hex`03 04 "utf8<GREETINGS>RealClient<VER>VCMI 1.1.0"`;

  it('is a version, an encoding and tags', () => {
    const greeting = decodeGreeting(bytes);
    expect(greeting.version).to.equal(3);
    expect(greeting.encoding).to.equal('utf8');
    expect(decodeCommands(Buffer.from(greeting.text).toString())).to.deep.equal([
      { tag: 'GREETINGS', value: 'RealClient' },
      { tag: 'VER', value: 'VCMI 1.1.0' },
    ]);
    expect(Uint8Array.from(encodeGreeting(greeting))).to.deep.equal(bytes);
  });

  it('throws DecodeError when it ends inside its head', () => {
    for (let length = 0; length < 6; length++) {
      expect(kindOf(() => decodeGreeting(bytes.subarray(0, length)))).to.equal('truncated');
    }
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (random) => {
        expect(kindOf(() => decodeGreeting(random))).to.be.oneOf(['no error', 'truncated']);
      }),
    );
  });
});

describe('vcmi-lobby: commands', () => {
  it('end only at a known tag, so a text may contain <', () => {
    expect(decodeCommands('x<MSG>a < b <i>c</i> <3<HERE>')).to.deep.equal([
      { tag: 'MSG', value: 'a < b <i>c</i> <3' },
      { tag: 'HERE', value: '' },
    ]);
  });

  it('come back as they were written', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '>', ':', '&', 'ж', '/') });
    fc.assert(
      fc.property(
        fc.array(fc.record({ tag: fc.constantFrom(...LOBBY_TAGS), value })),
        (commands) => {
          expect(decodeCommands(encodeCommands(commands))).to.deep.equal(commands);
        },
      ),
    );
  });

  it('are found in any text in linear time', () => {
    const many = '<MSG>'.repeat(13_000);
    expect(decodeCommands(many)).to.have.length(13_000);
    expect(decodeCommands('<'.repeat(65_536))).to.deep.equal([]);
  });
});

describe('vcmi-lobby: messages of the server', () => {
  const name = fc.stringMatching(/^[a-zж0-9_.%+-]{3,24}$/);
  const mods = fc.array(fc.record({ name, version: fc.oneof(name, fc.constant('')) }));
  const message: fc.Arbitrary<ServerMessage> = fc.oneof(
    fc.record({
      type: fc.constant('SESSIONS' as const),
      rooms: fc.array(
        fc.record({
          name,
          joined: fc.integer({ min: 1, max: 8 }),
          total: fc.integer({ min: 2, max: 8 }),
          protected: fc.boolean(),
        }),
      ),
    }),
    fc.record({ type: fc.constant('USERS' as const), users: fc.array(name) }),
    fc.record({ type: fc.constantFrom('JOIN' as const, 'KICK' as const), room: name, user: name }),
    fc.record({ type: fc.constant('CREATED' as const), room: name }),
    fc.record({
      type: fc.constant('STATUS' as const),
      players: fc.array(fc.record({ user: name, ready: fc.boolean() })),
    }),
    fc.record({ type: fc.constant('MODS' as const), mods }),
    fc.record({ type: fc.constant('MODSOTHER' as const), user: name, mods }),
    fc.record({ type: fc.constant('GAMEMODE' as const), mode: fc.integer({ min: 0, max: 1 }) }),
    fc.record({ type: fc.constant('HOST' as const), uuid: fc.uuid(), connections: fc.nat(7) }),
    fc.record({ type: fc.constant('START' as const), uuid: fc.uuid() }),
    fc.record({ type: fc.constant('MSG' as const), sender: name, text: name }),
    fc.record({
      type: fc.constant('MSGCH' as const),
      sender: name,
      channel: fc.constantFrom('global', 'room'),
      text: name,
    }),
    fc.record({ type: fc.constant('CHANNEL' as const), channel: name }),
    fc.record({ type: fc.constant('HEALTH' as const) }),
    fc.record({ type: fc.constant('ERROR' as const), text: name }),
  );

  it('come back as they were written, however many stand in a row', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), (messages) => {
        const text = messages.map(encodeServerMessage).join('');
        expect(decodeServerMessages(text)).to.deep.equal(messages);
      }),
    );
  });

  it('have the field counts that clients insist on, even when empty', () => {
    expect(encodeServerMessage({ type: 'SESSIONS', rooms: [] })).to.equal(':>>SESSIONS:0');
    expect(encodeServerMessage({ type: 'MODS', mods: [] })).to.equal(':>>MODS:0');
    expect(encodeServerMessage({ type: 'MODSOTHER', user: 'bob', mods: [] })).to.equal(
      ':>>MODSOTHER:bob:0',
    );
    expect(encodeServerMessage({ type: 'HEALTH' })).to.equal(':>>HEALTH:');
  });

  it('cannot be forged by any text inside them, in any encoding', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(':', '>', '>>', ':>>', 'KICK', 'a', '\n', '\0', 'ж', '中', '＞', '：'),
      maxLength: 30,
    });
    const encodings = ['utf8', 'cp1251', 'shift_jis', 'gb18030', 'utf16le', 'utf7', 'big5'];
    fc.assert(
      fc.property(hostile, fc.constantFrom(...encodings), (text, encodingName) => {
        const encoding = findTextEncoding(encodingName);
        if (encoding === undefined) throw new Error(encodingName);
        const messages: ServerMessage[] = [
          { type: 'MSG', sender: 'bobby', text },
          { type: 'MSGCH', sender: 'bobby', channel: 'global', text },
          { type: 'ERROR', text },
          { type: 'JOIN', room: text, user: text },
          { type: 'MODS', mods: [{ name: text, version: text }] },
          { type: 'SESSIONS', rooms: [{ name: text, joined: 1, total: 2, protected: true }] },
        ];
        const wire = messages.map((one) => encoding.encode(encodeServerMessage(one)));
        const read = decodeServerMessages(encoding.decode(Buffer.concat(wire)));
        expect(read.map(({ type }) => type)).to.deep.equal(messages.map(({ type }) => type));
      }),
      { numRuns: 500 },
    );
  });

  it('throw DecodeError and nothing else when they are cut or wrong', () => {
    fc.assert(
      fc.property(message, fc.nat(), (one, cut) => {
        const text = encodeServerMessage(one);
        kindOf(() => decodeServerMessages(text.slice(0, cut % text.length)));
      }),
    );
    expect(kindOf(() => decodeServerMessages('MSG:a:b'))).to.equal('unexpected');
    expect(kindOf(() => decodeServerMessages(':>>SESSIONS:2:a:1:2:True'))).to.equal('truncated');
    expect(kindOf(() => decodeServerMessages(':>>KICK:a:b:c'))).to.equal('invalid');
    expect(kindOf(() => decodeServerMessages(':>>NOTHING:a'))).to.equal('unexpected');
  });

  it('carry text without control characters, cut between characters', () => {
    expect(cleanText('a\u0000\u001b[31mb\nc\u0085', 100)).to.equal('a[31mbc');
    expect(cleanText('😀😀😀', 2)).to.equal('😀😀');
  });

  it('carry no line of another and no text that reads backwards', () => {
    expect(cleanText('hi\u2028System: you won\u2029\u202etxt\u2066', 100)).to.equal(
      'hiSystem: you wontxt',
    );
    expect(isRoomName('room\u2029one')).to.equal(false);
    expect(isRoomName('\u202emoor')).to.equal(false);
  });
});

describe('vcmi-lobby: pipe handshake', () => {
  const bytes = hex`
    06 00 00 00 "Aiya!\\n"
    13 00 00 00 "VCMI 1.2.1 (server)"
    24 00 00 00 "5b0fbce9-38d7-4289-9aec-3f0dabeb6656"
    01          # little-endian peer, not framed`;

  it('names role and uuid and says where it ends', () => {
    const { handshake, length } = decodePipeHandshake(Buffer.concat([bytes, Buffer.from('game')]));
    expect(handshake).to.deep.equal({
      name: 'VCMI 1.2.1 (server)',
      role: 'server',
      uuid: '5b0fbce9-38d7-4289-9aec-3f0dabeb6656',
      endianness: 1,
    });
    expect(length).to.equal(bytes.length);
    expect(encodePipeHandshake(handshake)).to.deep.equal(bytes);
  });

  it('asks for more bytes at every length before its end', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(
        kindOf(() => decodePipeHandshake(bytes.subarray(0, length))),
        `${length}`,
      ).to.equal('truncated');
    }
  });

  it('is refused with a wrong role, a long frame or a short uuid', () => {
    const wrong = [
      hex`06 00 00 00 "Aiya!\\n" 06 00 00 00 "(cook)"`,
      hex`06 00 00 00 "Aiya!\\n" 00 01 01 00`,
      hex`06 00 00 00 "Aiya!\\n" 08 00 00 00 "(server)" 03 00 00 00 "abc" 01`,
    ];
    for (const one of wrong) expect(kindOf(() => decodePipeHandshake(one))).to.equal('invalid');
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(bytes.length), (random, keep) => {
        kindOf(() => decodePipeHandshake(Buffer.concat([bytes.subarray(0, keep), random])));
      }),
    );
  });
});

describe('vcmi-lobby: text encodings', () => {
  it('go by any name iconv-lite knows, and the empty name is UTF-8', () => {
    for (const name of ['', 'utf8', 'UTF-8', 'cp1251', 'windows-1251', 'KOI8-R', 'iso-8859-2']) {
      const encoding = findTextEncoding(name);
      expect(encoding?.decode(encoding.encode('abc')), name).to.equal('abc');
    }
  });

  it('are refused when unknown or no text at all', () => {
    for (const name of ['klingon', 'base64', 'hex', '_sbcs', '\0', '__proto__', 'constructor']) {
      expect(findTextEncoding(name), name).to.equal(undefined);
    }
  });

  it('turn what they cannot say into ? and what they cannot read into U+FFFD', () => {
    expect(findTextEncoding('cp1251')?.encode('ы中').toString('hex')).to.equal('fb3f');
    expect(findTextEncoding('utf8')?.decode(Uint8Array.of(0xff, 0x61))).to.equal('\ufffda');
  });
});
