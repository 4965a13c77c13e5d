import { readFileSync } from 'node:fs';
import { DecodeError } from 'beaconry';
import { parseHex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { FrameDecoder } from '../../../plugins/vcmi-lobby/frame-codec.js';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeMessage,
  HEARTBEAT,
} from '../../../plugins/vcmi-lobby-json/lobby-json-codec.js';
import {
  type ClientMessage,
  clientSchemas,
  type ServerMessage,
  serverSchemas,
} from '../../../plugins/vcmi-lobby-json/message-schemas.js';

interface Known {
  readonly side: string;
  readonly type: string;
  readonly message: ClientMessage | ServerMessage;
  readonly frame: Uint8Array;
  readonly vcmi: Uint8Array;
}

const known: Known[] = readFileSync('fixtures/packets/vcmi-json-messages.txt', 'utf8')
  .split(/^== /m)
  .slice(1)
  .map((section) => {
    const [title = '', message = '', frame = '', vcmi = ''] = section.split('\n');
    const [side = '', type = ''] = title.split(' ');
    return {
      side,
      type,
      message: JSON.parse(message) as ClientMessage | ServerMessage,
      frame: parseHex(frame),
      vcmi: parseHex(vcmi.slice('vcmi '.length)),
    };
  });

const decode = (side: string, payload: Uint8Array): ClientMessage | ServerMessage =>
  side === 'client' ? decodeClientMessage(payload) : decodeServerMessage(payload);
const payloadOf = (frame: Uint8Array): Buffer => {
  const frames = new FrameDecoder(1 << 20, 'allowed');
  frames.push(Buffer.from(frame));
  return frames.next() ?? Buffer.alloc(0);
};
const json = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
/** Bytes as a failing test can show them. */
const shown = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const expectRefused = (side: string, payload: Uint8Array): void => {
  let thrown: unknown;
  try {
    decode(side, payload);
  } catch (error) {
    thrown = error;
  }
  expect(thrown, shown(payload)).to.be.instanceOf(DecodeError);
};

describe('vcmi-lobby-json: codec', () => {
  it('knows bytes of every message type of both sides', () => {
    const types = (side: string) =>
      new Set(known.filter((one) => one.side === side).map(({ type }) => type));
    const names = (schemas: typeof clientSchemas | typeof serverSchemas) =>
      schemas.map(({ properties }) => properties.type.const);
    expect([...types('client')].sort()).to.deep.equal(names(clientSchemas).sort());
    expect([...types('server')].sort()).to.deep.equal(names(serverSchemas).sort());
  });

  known.forEach(({ side, type, message, frame, vcmi }) => {
    it(`writes and reads ${type} of the ${side}: ${JSON.stringify(message).length} characters`, () => {
      expect(shown(encodeMessage(message))).to.equal(shown(frame));
      expect(decode(side, payloadOf(frame))).to.deep.equal(message);
      expect(decode(side, payloadOf(vcmi)), 'as VCMI prints it').to.deep.equal(message);
    });
    it(`refuses ${type} of the ${side} (${JSON.stringify(message).length}) cut off anywhere`, () => {
      const payload = payloadOf(frame);
      for (let length = 0; length < payload.length; length++) {
        expectRefused(side, payload.subarray(0, length));
      }
    });
    it(`refuses ${type} of the ${side} (${JSON.stringify(message).length}) with a surplus, missing or wrong member`, () => {
      expectRefused(side, json({ ...message, surplus: 1 }));
      expectRefused(side, json(`{"__proto__":1,${JSON.stringify(message).slice(1)}`));
      const optional = ['languageRooms', 'playerLimit', 'mods'];
      for (const member of Object.keys(message)) {
        const { [member as 'type']: _, ...rest } = message as unknown as Record<string, unknown>;
        if (!optional.includes(member)) expectRefused(side, json(rest));
        expectRefused(side, json({ ...message, [member]: null }));
        expectRefused(side, json({ ...message, [member]: { a: 1 } }));
        expectRefused(side, json({ ...message, [member]: 7.5 }));
      }
    });
  });

  it('refuses messages of the other side and of no known type', () => {
    for (const { side, frame } of known) {
      expectRefused(side === 'client' ? 'server' : 'client', payloadOf(frame));
    }
    for (const text of [
      '{}',
      '[]',
      'null',
      '"gameStarted"',
      '7',
      '{"type":7}',
      '{"type":"constructor"}',
    ]) {
      expectRefused('client', json(text));
      expectRefused('server', json(text));
    }
  });

  it('refuses surplus members inside lists', () => {
    const mod = { modId: 'a', name: 'b', version: 'c' };
    const login = {
      type: 'serverLogin',
      gameRoomID: 'r',
      accountID: 'a',
      accountCookie: 'c',
      version: 'v',
    };
    expect(decodeClientMessage(json({ ...login, mods: [mod] }))).to.have.property('mods');
    expectRefused('client', json({ ...login, mods: [{ ...mod, more: 1 }] }));
    expectRefused('client', json({ ...login, mods: [[mod]] }));
    expectRefused('client', json({ ...login, mods: [{ modId: 'a' }] }));
  });

  it('takes seats from 1 to 8 and no others', () => {
    const activate = { type: 'activateGameRoom', hostAccountID: 'a', roomType: 'public' };
    for (const playerLimit of [1, 8]) {
      expect(decodeClientMessage(json({ ...activate, playerLimit }))).to.include({ playerLimit });
    }
    for (const playerLimit of [0, 9, -1, 1.5, 1e99, '4']) {
      expectRefused('client', json({ ...activate, playerLimit }));
    }
  });

  it('reads nothing that is nested more than five levels deep', () => {
    const nested = (levels: number) =>
      json(`{"type":"gameStarted","a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`);
    const why = (payload: Uint8Array): string => {
      try {
        decodeClientMessage(payload);
        return '';
      } catch (error) {
        return String(error);
      }
    };
    expect(why(nested(5))).to.contain('members of gameStarted are wrong');
    expect(why(nested(6))).to.contain('nested too deeply');
    expect(why(nested(100_000))).to.contain('nested too deeply');
    expect(why(json(`{"a":${'{"a":'.repeat(100_000)}`))).to.contain('nested too deeply');
    const text = '[{'.repeat(100);
    const chat = {
      type: 'sendChatMessage',
      messageText: `${text}"\\"${text}`,
      channelType: 'global',
      channelName: 'english',
    };
    expect(decodeClientMessage(json(chat)), 'brackets in texts nest nothing').to.deep.equal(chat);
  });

  it('shows bytes that are no UTF-8 as half characters', () => {
    const bytes = Buffer.concat([
      json('{"type":"changeRoomDescription","description":"'),
      Buffer.of(0xff, 0xc0, 0xaf),
      json('"}'),
    ]);
    const message = decodeClientMessage(bytes);
    expect(message)
      .to.have.property('description')
      .that.matches(/^\p{Cs}+$/u);
  });

  it('gives every text back that it was given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('global', 'match', 'player'),
        (text, channelType) => {
          const message = {
            type: 'sendChatMessage',
            messageText: text,
            channelType,
            channelName: text,
          } as const;
          expect(decodeClientMessage(payloadOf(encodeMessage(message)))).to.deep.equal(message);
        },
      ),
    );
  });

  it('throws nothing but DecodeError, whatever comes', () => {
    const attempt = (bytes: Uint8Array) => {
      for (const side of ['client', 'server']) {
        try {
          decode(side, bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), attempt));
    fc.assert(fc.property(fc.json(), (text) => attempt(json(text))));
    const all = known.map(({ frame }) => payloadOf(frame));
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.nat(), fc.nat(255), (which, where, byte) => {
        const bytes = Buffer.from(all[which] ?? []);
        bytes[where % bytes.length] = byte;
        attempt(bytes);
      }),
    );
  });

  it('cuts a stream with heartbeats into frames, however it was chunked', () => {
    const stream = Buffer.concat(known.flatMap(({ frame }) => [frame, HEARTBEAT, HEARTBEAT]));
    const whole = known.flatMap(({ frame }) => [shown(payloadOf(frame)), '', '']);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 50 }),
        (sizes) => {
          const frames = new FrameDecoder(1 << 20, 'allowed');
          const payloads: string[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            frames.push(Buffer.from(stream.subarray(at, at + size)));
            at += size;
            for (let next = frames.next(); next !== undefined; next = frames.next())
              payloads.push(shown(next));
          }
          expect(payloads).to.deep.equal(whole);
        },
      ),
      { numRuns: 30 },
    );
    const refusing = new FrameDecoder(100);
    refusing.push(Buffer.from(HEARTBEAT));
    expect(() => refusing.next()).to.throw(DecodeError);
  });
});
