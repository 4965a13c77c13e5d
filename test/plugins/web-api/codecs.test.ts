import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import { jsonValue, readBytes } from '../../../plugins/web-api/json-value.js';
import {
  decodePacketFrame,
  encodePacketFrame,
} from '../../../plugins/web-api/packet-frame-codec.js';
import { SignalLog } from '../../../plugins/web-api/signal-log.js';
import { readArguments } from '../../../plugins/web-api/steam-web-api/method-arguments.js';

describe('packet frames of /v1/ws', () => {
  const known = Buffer.from('0402010a7d69ffffffff54', 'hex');
  const packet = { ip: 0x0a010204, port: 27005, bytes: Buffer.from('ffffffff54', 'hex') };

  it('reads and writes known bytes: 10.1.2.4, port 27005, five bytes', () => {
    const { ip, port, bytes } = decodePacketFrame(known);
    expect({ ip, port, bytes: Buffer.from(bytes) }).deep.equal(packet);
    expect(Buffer.from(encodePacketFrame(packet))).deep.equal(known);
  });

  it('comes back as it was', () => {
    const ip = fc.integer({ min: 0, max: 0xffffffff });
    const port = fc.integer({ min: 0, max: 65535 });
    fc.assert(
      fc.property(ip, port, fc.uint8Array(), (ip, port, bytes) => {
        const back = decodePacketFrame(encodePacketFrame({ ip, port, bytes }));
        expect({ ...back, bytes: Uint8Array.from(back.bytes) }).deep.equal({ ip, port, bytes });
      }),
    );
  });

  it('refuses every frame without its six bytes of head', () => {
    for (let length = 0; length < 6; length++) {
      expect(() => decodePacketFrame(known.subarray(0, length))).throw(DecodeError);
    }
    expect(decodePacketFrame(known.subarray(0, 6)).bytes).have.length(0);
  });

  it('takes any bytes without another error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decodePacketFrame(bytes);
        } catch (error) {
          expect(error).instanceOf(DecodeError);
        }
      }),
    );
  });
});

describe('values as JSON', () => {
  it('carries ids as texts and bytes as base64', () => {
    const value = { id: 76561197960287930n, list: [1n, new Uint8Array([255])], nothing: null };
    expect(jsonValue(value)).deep.equal({
      ...{ id: '76561197960287930', list: ['1', '/w=='], nothing: null },
    });
  });

  it('reads bytes in hex, base64 and its URL alphabet', () => {
    const bytes = Buffer.from([0xfb, 0xef, 0xff]);
    for (const text of ['fbefff', '++//', '--__']) expect(readBytes(text)).deep.equal(bytes);
    expect(readBytes('?')).equal(undefined);
  });
});

describe('SignalLog', () => {
  it('keeps the latest signals and tells how many are lost', () => {
    const log = new SignalLog({ count: 4, characters: 1000 });
    for (let i = 0; i < 6; i++) log.append('s', { i });
    expect(log.seq).equal(6);
    const { signals, lost } = log.after(1);
    expect(signals.map(({ seq }) => seq)).deep.equal([3, 4, 5, 6]);
    expect(lost).equal(1);
    expect(log.after(6)).deep.equal({ signals: [], lost: 0 });
    expect(log.after(99)).deep.equal({ signals: [], lost: 0 });
  });
});

describe('SignalLog, when signals are long', () => {
  it('keeps no more characters than it may, and always the latest signal', () => {
    const log = new SignalLog({ count: 100, characters: 1000 });
    for (let i = 0; i < 50; i++) log.append('s', { text: 'x'.repeat(300) });
    const { signals, lost } = log.after(0);
    expect(signals.map(({ seq }) => seq)).deep.equal([49, 50]);
    expect(lost).equal(48);
    log.append('s', { text: 'x'.repeat(5000) });
    expect(log.after(0).signals.map(({ seq }) => seq)).deep.equal([51]);
    log.append('s', {});
    expect(log.after(0).signals.map(({ seq }) => seq)).deep.equal([52]);
    log.append('s', {});
    expect(log.after(51)).deep.include({ lost: 0 });
    expect(log.after(51).signals.map(({ seq }) => seq)).deep.equal([52, 53]);
  });
});

describe('arguments of the Steam Web API', () => {
  it('reads arrays and keeps all digits of ids in input_json', () => {
    const args = readArguments(
      { 'a[0]': 'x', 'a[1]': 'y' },
      { input_json: '{"id":76561197960287930}' },
    );
    expect(args.texts('a')).deep.equal(['x', 'y']);
    expect(args.steamId('id')).equal(76561197960287930n);
  });

  it('leaves digits inside texts alone', () => {
    const args = readArguments({ input_json: '{"memo":"no \\" 1234567890123456789"}' });
    expect(args.text('memo')).equal('no " 1234567890123456789');
  });

  it('knows no names of its prototype', () => {
    expect(() => readArguments({}).text('constructor')).throw('missing');
  });
});
