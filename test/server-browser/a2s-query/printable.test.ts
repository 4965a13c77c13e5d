import { parseAddress, printable, printableJson } from 'beaconry/a2s-query';
import { expect } from 'chai';
import fc from 'fast-check';

describe('printable', () => {
  it('takes control characters out', () => {
    expect(printable('\u001b[31mred\u0007\r\n\u009b2J\u007fend')).to.equal('[31mred2Jend');
  });

  it('takes direction, joining and line characters out', () => {
    expect(printable('a\u202eb\u2066c\u200fd\u2028e\ufefff')).to.equal('abcdef');
  });

  it('isolates text that runs from right to left', () => {
    expect(printable('שרת 1')).to.equal('\u2068שרת 1\u2069');
    expect(printable('خادم')).to.equal('\u2068خادم\u2069');
  });

  it('leaves other text alone', () => {
    expect(printable('Сервер 服务器 🎮 é')).to.equal('Сервер 服务器 🎮 é');
  });

  it('never lets a control or a direction override through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.to.match(/[\p{Cc}\u202a-\u202e\u2066\u2067]/u);
      }),
    );
  });
});

describe('printableJson', () => {
  it('escapes what a terminal would act on, and means the same', () => {
    const value = { 'a\u009b2J': 'b\u202ec\u007f', tag: '\u{e0041}', plain: 'Сервер 🎮 שרת' };
    const text = printableJson(value);
    expect(JSON.parse(text)).to.deep.equal(value);
    expect(text.replaceAll('\n', '')).not.to.match(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u{e0041}]/u);
    expect(text).to.include('Сервер 🎮 שרת');
  });

  it('writes numbers of 64 bits as text', () => {
    expect(JSON.parse(printableJson([90071992547409921n]))).to.deep.equal(['90071992547409921']);
  });

  it('means the same for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = printableJson(text);
        expect(JSON.parse(json)).to.equal(text);
        expect(json).not.to.match(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('parseAddress', () => {
  const cases: [string, unknown][] = [
    ['127.0.0.1', { host: '127.0.0.1', port: 27015 }],
    ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['play.example:27016', { host: 'play.example', port: 27016 }],
    ['[::1]:27016', { host: '::1', port: 27016 }],
    ['[::1]', { host: '::1', port: 27015 }],
    ['2001:db8::1', { host: '2001:db8::1', port: 27015 }],
    ['127.0.0.1:0', undefined],
    ['127.0.0.1:65536', undefined],
    ['[127.0.0.1]:1', undefined],
    ['a:b:c', undefined],
    ['', undefined],
  ];
  for (const [text, address] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => expect(parseAddress(text)).to.deep.equal(address));
  }
});
