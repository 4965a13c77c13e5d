import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeGreeting,
  decodeSignalLine,
  encodeSignalLine,
  LineReader,
  MAX_LINE,
} from '../../../plugins/signaling/signal-line-codec.js';
import { vectors } from '../coordinator/vectors.js';

describe('signal lines', () => {
  it('of the recorded session are read, and written byte for byte', () => {
    const lines = vectors.signaling_session.map(({ line }) => line);
    const signals = lines.filter((line) => line.includes(' '));
    expect(signals).to.have.length(6);
    for (const line of signals) expect(encodeSignalLine(decodeSignalLine(line))).to.equal(line);
    const greetings = lines.filter((line) => !line.includes(' '));
    expect(greetings.map((line) => decodeGreeting(line).identity)).to.deep.equal([
      'str:peer-a',
      'str:peer-b',
    ]);
  });

  it('come back as they were', () => {
    const word = fc.stringMatching(/^[\x21-\x7e]{1,60}$/);
    fc.assert(
      fc.property(word, word, (identity, payload) => {
        expect(decodeSignalLine(encodeSignalLine({ identity, payload }))).to.deep.equal({
          identity,
          payload,
        });
      }),
    );
  });

  for (const line of [
    '',
    ' ',
    'str:a',
    'str:a ',
    ' 00',
    'str:a 00 11',
    'str:a  00',
    'str:a\t00',
    'str:a 0\u00e9',
    'str:a\u0007 00',
    `${'x'.repeat(128)} 00`,
  ]) {
    it(`are refused when it is ${JSON.stringify(line).slice(0, 20)}`, () => {
      expect(() => decodeSignalLine(line)).to.throw(DecodeError);
    });
  }

  it('and greetings throw nothing but DecodeError', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom(decodeGreeting, decodeSignalLine),
        (text, decode) => {
          try {
            decode(text);
          } catch (error) {
            expect(error).to.be.instanceOf(DecodeError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may bring a token in the first one', () => {
    expect(decodeGreeting('str:a secret')).to.deep.equal({ identity: 'str:a', token: 'secret' });
    expect(decodeGreeting('str:a').token).to.equal(undefined);
    expect(() => decodeGreeting('str:a secret more')).to.throw(DecodeError);
  });
});

describe('LineReader', () => {
  const read = (chunks: readonly Buffer[]) => {
    const reader = new LineReader();
    return chunks.flatMap((chunk) => [...reader.lines(chunk)]);
  };

  it('gives the same lines however the stream is cut', () => {
    const text = 'str:a\nstr:b 0011\r\n\nstr:c 22\nrest';
    const whole = read([Buffer.from(text)]);
    expect(whole).to.deep.equal(['str:a', 'str:b 0011', '', 'str:c 22']);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const at = [0, ...cuts.sort((one, other) => one - other), text.length];
        const chunks = at.slice(1).map((end, i) => Buffer.from(text.slice(at[i], end)));
        expect(read(chunks)).to.deep.equal(whole);
      }),
    );
  });

  it('skips a line that is too long, keeps nothing of it, and goes on after it', () => {
    const long = Buffer.alloc(MAX_LINE * 3, 'x');
    expect(read([long, long, Buffer.from('x\nstr:a 00\n')])).to.deep.equal([undefined, 'str:a 00']);
    const exact = 'x'.repeat(MAX_LINE);
    expect(read([Buffer.from(`${exact}\n`)])).to.deep.equal([exact]);
    expect(read([Buffer.from(`${exact}xx\nok\n`)])).to.deep.equal([undefined, 'ok']);
  });
});
