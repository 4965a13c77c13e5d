import { expect } from 'chai';
import fc from 'fast-check';
import { FrameReader, frameOf } from '../../../plugins/relay/client/frame-reader.js';

describe('relay client frame reader', () => {
  it('gives the same bodies however the stream is cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 });
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(bodies, cuts, (sent, sizes) => {
        const reader = new FrameReader();
        const stream = Buffer.concat(sent.map(frameOf));
        const got: number[][] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          for (const body of reader.push(stream.subarray(at, at + size))) got.push([...body]);
          at += size;
        }
        expect(got).to.deep.equal(sent.map((body) => [...body]));
      }),
    );
  });

  it('refuses a length that no relay sends', () => {
    const reader = new FrameReader();
    expect(() => reader.push(Uint8Array.of(0x7f, 0xff, 0xff, 0xff))).to.throw('2147483647 bytes');
  });
});
