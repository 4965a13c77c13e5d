import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Envelope } from '../../../plugins/relay/envelope.js';
import { EnvelopeDecoder } from '../../../plugins/relay/envelope-codec.js';
import {
  CANONICAL_END,
  canonicalStart,
  type EnvelopeMembers,
  encodeFrame,
  encodeFrameStart,
  idBytes,
} from '../../../plugins/relay/frame-writer.js';
import { PACKETS, packet } from './packets.js';

const decoder = new EnvelopeDecoder();

const decode = (body: string | Buffer, expected?: Buffer): Envelope => {
  const bytes = Buffer.from(body);
  return decoder.decode(bytes, 0, bytes.length, expected);
};

/** The members as text, those left out absent. */
const members = (body: string | Buffer, expected?: Buffer): Record<string, string> => {
  const bytes = Buffer.from(body);
  const { type, source, destination, payload, key, secret, group } = decode(bytes, expected);
  const texts = { source, destination, payload, key, secret, group };
  return {
    type,
    ...Object.fromEntries(
      Object.entries(texts).flatMap(([name, span]) => {
        const text = span.text(bytes);
        return text === undefined ? [] : [[name, text]];
      }),
    ),
  };
};

const EXAMPLES: Record<(typeof PACKETS)[number], EnvelopeMembers> = {
  init: { payloadType: 'INIT' },
  'init-answer': { payloadType: 'INIT', destination: '0HMQ5V7R1JS3A' },
  'init-source': { payloadType: 'INIT', source: '0HMQ5V7R1JS3A' },
  'init-vector': { payloadType: 'INIT', source: '1' },
  message: { payloadType: 'MESSAGE', source: 'A1', destination: 'B2', payload: 'hi' },
  'message-utf8': { payloadType: 'MESSAGE', source: 'A1', destination: 'B2', payload: 'hé' },
  'message-vector': { payloadType: 'MESSAGE', source: '1', destination: '0', payload: 'Payload0' },
  'error-peer': { payloadType: 'ERROR', source: 'B2', destination: 'A1', payload: 'bad move' },
  'error-held': {
    payloadType: 'ERROR',
    destination: 'A1',
    payload: 'ClientId: B2 is already initialized',
  },
  'error-unknown': { payloadType: 'ERROR', destination: 'A1', payload: 'unknown destination: Z9' },
  close: { payloadType: 'CLOSE' },
};

describe('relay envelope codec', () => {
  for (const name of PACKETS) {
    it(`reads and writes the bytes of ${name}`, () => {
      const bytes = packet(name);
      const { payloadType, ...rest } = EXAMPLES[name];
      expect(bytes.readUInt32BE(0)).to.equal(bytes.length - 4);
      expect(members(bytes.subarray(4))).to.deep.equal({ type: payloadType, ...rest });
      expect(encodeFrame(EXAMPLES[name])).to.deep.equal(bytes);
    });
  }

  it('reads back whatever was written', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    fc.assert(
      fc.property(text, text, text, (source, destination, payload) => {
        const frame = encodeFrame({ payloadType: 'MESSAGE', source, destination, payload });
        const expected = { type: 'MESSAGE', source, destination, payload };
        expect(members(frame.subarray(4))).to.deep.equal(expected);
      }),
    );
  });

  it('agrees with JSON.parse on every string, with and without the canonical start', () => {
    const start = canonicalStart('MESSAGE', Buffer.from('A1'));
    const raw = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }).map((text) => JSON.stringify(text)),
      // Escapes in all their forms, where JSON.stringify would not use them.
      fc
        .array(fc.constantFrom('\\u00e9', '\\n', '\\/', 'é', '🎮', 'a', '\\ud83c\\udfae', '\\\\'))
        .map((parts) => `"${parts.join('')}"`),
    );
    fc.assert(
      fc.property(raw, (payload) => {
        const body = `{"payloadType":"MESSAGE","source":"A1","destination":"B2","payload":${payload}}`;
        const told = JSON.parse(payload) as string;
        expect(members(body).payload).to.equal(told);
        expect(members(body, start).payload).to.equal(told);
        expect(decode(body, start).canonical).to.equal(true);
        expect(decode(body).canonical).to.equal(false);
      }),
    );
  });

  it('finds quotes, escapes and control characters at every place of a long string', () => {
    const start = canonicalStart('MESSAGE', Buffer.from('A1'));
    const body = (payload: string) =>
      `{"payloadType":"MESSAGE","source":"A1","destination":"B2","payload":"${payload}"}`;
    for (let length = 0; length < 200; length++) {
      const plain = 'x'.repeat(length);
      expect(members(body(plain), start).payload).to.equal(plain);
      expect(members(body(`${plain}\\"y`), start).payload).to.equal(`${plain}"y`);
      expect(() => decode(body(`${plain}\u0001${plain}`), start)).to.throw(DecodeError);
      expect(() => decode(body(`${plain}"${plain}`), start)).to.throw(DecodeError);
    }
  });

  it('takes members in any order, with white space and escaped names', () => {
    const body =
      ' {\r\n\t"payload" : "hi" , "\\u0064estination":"B2",\n"payloadType":"\\u004dESSAGE" } ';
    expect(members(body)).to.deep.equal({ type: 'MESSAGE', destination: 'B2', payload: 'hi' });
  });

  it('skips unknown members of any shape', () => {
    const body =
      '{"a":[1,-2.5e+3,{"destination":"inner","b":[]}],"c":{},"payloadType":"CLOSE","d":true,"e":null,"f":false}';
    expect(members(body)).to.deep.equal({ type: 'CLOSE' });
  });

  it('lets the last of repeated members win', () => {
    const body = '{"payloadType":"INIT","source":"a","source":"b","payloadType":"CLOSE"}';
    expect(members(body)).to.deep.equal({ type: 'CLOSE', source: 'b' });
    const again = '{"payloadType":"INIT","payload":{},"payload":"text","source":"a","source":null}';
    expect(members(again)).to.deep.equal({ type: 'INIT', payload: 'text' });
    expect(decode(again).refusal).to.equal(undefined);
  });

  it('reads null as left out', () => {
    const body = '{"payloadType":"MESSAGE","source":null,"destination":null,"payload":null}';
    expect(members(body)).to.deep.equal({ type: 'MESSAGE' });
  });

  it('keeps members of a nested payload apart from those of the envelope', () => {
    const body =
      '{"payloadType":"MESSAGE","destination":"B2","payload":{"destination":"C3","source":"Z"}}';
    expect(members(body)).to.deep.equal({ type: 'MESSAGE', destination: 'B2' });
    expect(decode(body).refusal).to.equal('payload must be a string');
  });

  for (const payload of ['12.5', 'true', '[]', '{}']) {
    it(`says that a payload of ${payload} is no string`, () => {
      const body = `{"payloadType":"MESSAGE","payload":${payload}}`;
      expect(decode(body).refusal).to.equal('payload must be a string');
    });
  }

  it('says that a payload holds half a surrogate pair', () => {
    for (const half of ['\\ud83c', '\\udfae', '\\udfae\\ud83c', 'x\\uD83Cx']) {
      const body = `{"payloadType":"MESSAGE","payload":"${half}"}`;
      expect(decode(body).refusal, half).to.equal('payload holds half a surrogate pair');
    }
    expect(decode('{"payloadType":"MESSAGE","payload":"\\ud83c\\udfae"}').refusal).to.equal(
      undefined,
    );
  });

  const refused: Record<string, string | Buffer> = {
    'an empty body': '',
    'no JSON': 'hello',
    'an array': '[]',
    'a BOM': '\ufeff{"payloadType":"INIT"}',
    'a comment': '{/**/"payloadType":"INIT"}',
    'a trailing comma': '{"payloadType":"INIT",}',
    'text after the closing brace': '{"payloadType":"INIT"}x',
    'a second object': '{"payloadType":"INIT"}{}',
    'a missing payloadType': '{}',
    'a payloadType in lower case': '{"payloadType":"init"}',
    'a payloadType that is a number': '{"payloadType":0}',
    'a payloadType that is null': '{"payloadType":null}',
    'an unknown payloadType': '{"payloadType":"PING"}',
    'a source that is a number': '{"payloadType":"INIT","source":1}',
    'a destination that is an object': '{"payloadType":"MESSAGE","destination":{}}',
    'a raw control character': '{"payloadType":"MESSAGE","payload":"a\nb"}',
    'an unknown escape': '{"payloadType":"MESSAGE","payload":"\\x"}',
    'an escape of three digits': '{"payloadType":"MESSAGE","payload":"\\u12g4"}',
    'a number with a leading zero': '{"a":01,"payloadType":"INIT"}',
    'a bare minus': '{"a":-,"payloadType":"INIT"}',
    'single quotes': "{'payloadType':'INIT'}",
    'a misspelt word': '{"a":nul,"payloadType":"INIT"}',
    'bytes that are no UTF-8': Buffer.from('{"payloadType":"MESSAGE","payload":"\xff"}', 'latin1'),
    'an overlong UTF-8 quote': Buffer.from(
      '{"payloadType":"MESSAGE","payload":"\xc0\xa2"}',
      'latin1',
    ),
  };
  for (const [what, body] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => decode(body)).to.throw(DecodeError);
    });
  }

  it('refuses what is no UTF-8 behind a canonical start too', () => {
    const start = canonicalStart('MESSAGE', Buffer.from('A1'));
    const body = '{"payloadType":"MESSAGE","source":"A1","destination":"B2","payload":"\xe9"}';
    expect(() => decode(Buffer.from(body, 'latin1'), start)).to.throw(DecodeError, 'not UTF-8');
  });

  it('accepts 64 levels of nesting and refuses 65', () => {
    const nested = (levels: number) =>
      `{"payloadType":"INIT","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(decode(nested(64)).type).to.equal('INIT');
    expect(() => decode(nested(65))).to.throw(DecodeError, 'nested deeper than 64');
  });

  it('refuses every truncation of every example', () => {
    for (const name of PACKETS) {
      const body = packet(name).subarray(4);
      for (let length = 0; length < body.length; length++) {
        expect(() => decode(body.subarray(0, length)), `${name} cut at ${length}`).to.throw(
          DecodeError,
        );
      }
    }
  });

  it('throws nothing but DecodeError for random bytes, and accepts only what JSON.parse accepts', () => {
    const noise = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    const start = Buffer.from('{"payloadType":"MESSAGE","source":"A1","destination":"');
    const spoilt = fc
      .tuple(fc.constantFrom(...PACKETS), fc.nat(100), fc.nat(255))
      .map(([name, at, byte]) => {
        const body = Buffer.from(packet(name).subarray(4));
        body[at % body.length] = byte;
        return body;
      });
    fc.assert(
      fc.property(fc.oneof(noise, spoilt), fc.boolean(), (bytes, fast) => {
        try {
          decode(bytes, fast ? start : undefined);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
          return;
        }
        expect(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).to.be.an(
          'object',
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('accepts every object that JSON.parse accepts', () => {
    const value = fc.jsonValue({ maxDepth: 5 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), fc.nat(3), (extra, indent) => {
        const body = JSON.stringify({ ...extra, payloadType: 'CLOSE' }, null, indent);
        const named = ['source', 'destination', 'key', 'secret', 'group'];
        fc.pre(!named.some((name) => name in extra));
        expect(decode(body).type).to.equal('CLOSE');
      }),
    );
  });

  it('writes the start of a frame whose payload follows as it came', () => {
    const start = canonicalStart('MESSAGE', idBytes('A"1'));
    const payload = Buffer.from('h\\u00e9');
    const head = encodeFrameStart(start, idBytes('B2'), payload.length);
    const frame = Buffer.concat([head, payload, CANONICAL_END]);
    expect(frame.readUInt32BE(0)).to.equal(frame.length - 4);
    expect(JSON.parse(frame.toString('utf8', 4))).to.deep.equal({
      payloadType: 'MESSAGE',
      source: 'A"1',
      destination: 'B2',
      payload: 'hé',
    });
  });
});
