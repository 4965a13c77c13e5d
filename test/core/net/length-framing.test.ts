import { LengthFraming } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';

interface Collected {
  readonly frames: Buffer[];
  readonly oversize: number[];
  readonly framing: LengthFraming;
}

const collect = (limit = 1000, littleEndian = false): Collected => {
  const frames: Buffer[] = [];
  const oversize: number[] = [];
  const framing = new LengthFraming(
    { limit, littleEndian },
    {
      onFrame: (bytes, start, end) => frames.push(bytes.subarray(start, end)),
      onOversize: (length) => oversize.push(length),
    },
  );
  return { frames, oversize, framing };
};

const frame = (body: Uint8Array, littleEndian = false): Buffer => {
  const header = Buffer.alloc(4);
  if (littleEndian) header.writeUInt32LE(body.length);
  else header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
};

describe('LengthFraming', () => {
  it('gives the same frames however the stream is cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(bodies, cuts, fc.boolean(), (sent, sizes, littleEndian) => {
        const { frames, framing } = collect(1000, littleEndian);
        const stream = Buffer.concat(sent.map((body) => frame(body, littleEndian)));
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          // A copy, since what was received may be kept but the stream is shared here.
          framing.push(Buffer.from(stream.subarray(at, at + size)));
          at += size;
        }
        expect(frames.map((bytes) => [...bytes])).to.deep.equal(sent.map((body) => [...body]));
        expect(framing.held).to.equal(0);
      }),
    );
  });

  it('gives large frames in parts that make up the same bytes, or joined to whoever wants no parts', () => {
    const bodies = fc.array(fc.nat(30_000), { minLength: 1, maxLength: 5 });
    const cuts = fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(bodies, cuts, fc.boolean(), (lengths, sizes, wantsParts) => {
        const sent = lengths.map((length, i) => frame(Buffer.alloc(length, i + 1)));
        const got: Buffer[] = [];
        const framing = new LengthFraming(
          { limit: 40_000 },
          {
            onFrame: (bytes, start, end) => got.push(bytes.subarray(start - 4, end)),
            onOversize: () => {},
            ...(wantsParts
              ? {
                  onFrameParts: (parts, bytes, start, end) =>
                    got.push(Buffer.concat([...parts, bytes.subarray(start, end)])),
                }
              : {}),
          },
        );
        const stream = Buffer.concat(sent);
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          // A copy of its own memory, as a socket gives it.
          const chunk = Buffer.allocUnsafeSlow(Math.min(size, stream.length - at));
          stream.copy(chunk, 0, at);
          framing.push(chunk);
          at += size;
        }
        expect(got.map((bytes) => bytes.toString('latin1'))).to.deep.equal(
          sent.map((bytes) => bytes.toString('latin1')),
        );
        expect(framing.held).to.equal(0);
      }),
      { numRuns: 50 },
    );
  });

  it('holds no more memory than the bytes received call for', () => {
    const { framing } = collect(64 * 1024 * 1024);
    const header = Buffer.alloc(4);
    header.writeUInt32BE(64 * 1024 * 1024);
    const one = Buffer.from([1]);
    const before = process.memoryUsage().arrayBuffers;
    framing.push(header);
    for (let i = 0; i < 10_000; i++) framing.push(one);
    expect(framing.held).to.equal(10_004);
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(64 * 1024);
  });

  it('hands a frame that lies whole in a chunk on without a copy', () => {
    const seen: Buffer[] = [];
    const framing = new LengthFraming(
      { limit: 10 },
      { onFrame: (bytes) => seen.push(bytes), onOversize: () => {} },
    );
    const chunk = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two'))]);
    framing.push(chunk);
    expect(seen).to.have.length(2);
    expect(seen.every((bytes) => bytes === chunk)).to.equal(true);
  });

  it('puts the length bytes directly before the body of a straddling frame too', () => {
    const whole: Buffer[] = [];
    const framing = new LengthFraming(
      { limit: 10 },
      {
        onFrame: (bytes, start, end) => whole.push(bytes.subarray(start - 4, end)),
        onOversize: () => {},
      },
    );
    const bytes = frame(Buffer.from('body'));
    framing.push(bytes.subarray(0, 3));
    framing.push(bytes.subarray(3));
    expect(whole).to.deep.equal([bytes]);
  });

  it('refuses a length over the limit from its four bytes alone', () => {
    for (const size of [1, 4]) {
      const { frames, oversize, framing } = collect(10);
      const header = Buffer.from([0x7f, 0xff, 0xff, 0xff]);
      for (let at = 0; at < 4; at += size) framing.push(header.subarray(at, at + size));
      expect(oversize).to.deep.equal([0x7fffffff]);
      expect(frames).to.deep.equal([]);
      expect(framing.held).to.equal(0);
    }
  });

  it('reads a negative length as a large one', () => {
    const { oversize, framing } = collect(10);
    framing.push(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    expect(oversize).to.deep.equal([0xffffffff]);
  });

  it('ignores everything after a refusal', () => {
    const { frames, oversize, framing } = collect(2);
    framing.push(Buffer.concat([frame(Buffer.from('ok')), frame(Buffer.from('long'))]));
    framing.push(frame(Buffer.from('ok')));
    expect(frames.map(String)).to.deep.equal(['ok']);
    expect(oversize).to.deep.equal([4]);
  });

  it('obeys a limit that was changed while a frame was handled', () => {
    const lengths: number[] = [];
    const framing = new LengthFraming(
      { limit: 1 },
      {
        onFrame: (_bytes, start, end) => {
          lengths.push(end - start);
          framing.limit = 100;
        },
        onOversize: () => lengths.push(-1),
      },
    );
    framing.push(Buffer.concat([frame(Buffer.alloc(1)), frame(Buffer.alloc(50))]));
    expect(lengths).to.deep.equal([1, 50]);
  });

  it('reads nothing more once it was stopped while a frame was handled', () => {
    let frames = 0;
    const framing = new LengthFraming(
      { limit: 10 },
      {
        onFrame: () => {
          frames++;
          framing.stop();
        },
        onOversize: () => {},
      },
    );
    framing.push(Buffer.concat([frame(Buffer.alloc(1)), frame(Buffer.alloc(1)), Buffer.alloc(2)]));
    expect(frames).to.equal(1);
    expect(framing.held).to.equal(0);
  });

  it('tells how much of a begun frame is there and how much is awaited', () => {
    const { framing } = collect();
    framing.push(Buffer.from([0, 0]));
    expect([framing.held, framing.expected]).to.deep.equal([2, 0]);
    framing.push(Buffer.from([0, 9, 1]));
    expect([framing.held, framing.expected]).to.deep.equal([5, 13]);
  });
});
