import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';

const known = hex`
  01            # u8
  0203 0203     # u16 little-endian, big-endian
  04050607      # u32 little-endian
  04050607      # u32 big-endian
  ffffffff      # i32
  0102030405060708 # u64 little-endian
  00004841      # float 12.5
  "Богдан" 00   # text
`;

describe('ByteWriter and ByteReader', () => {
  it('write and read the same known bytes', () => {
    const writer = new ByteWriter(1);
    writer.u8(1).u16le(0x0302).u16be(0x0203).u32le(0x07060504).u32be(0x04050607).i32le(-1);
    writer.u64le(0x0807060504030201n).f32le(12.5).cString('Богдан');
    expect(writer.toBytes()).deep.equal(known);
    const reader = new ByteReader(known);
    expect([reader.u8(), reader.u16le(), reader.u16be()]).deep.equal([1, 0x0302, 0x0203]);
    expect([reader.u32le(), reader.u32be()]).deep.equal([0x07060504, 0x04050607]);
    expect([reader.i32le(), reader.u64le()]).deep.equal([-1, 0x0807060504030201n]);
    expect([reader.f32le(), reader.cString()]).deep.equal([12.5, 'Богдан']);
    reader.end();
  });

  it('says how a message is wrong and where', () => {
    const short = new ByteReader(hex`01 02`);
    expect(() => short.u32le())
      .throw(DecodeError)
      .with.include({ kind: 'truncated', offset: 0 });
    expect(() => new ByteReader(hex`41 42`).cString())
      .throw(DecodeError)
      .with.include({ kind: 'truncated', offset: 2 });
    const surplus = new ByteReader(hex`01 02`);
    surplus.u8();
    expect(() => surplus.end())
      .throw(DecodeError)
      .with.include({ kind: 'invalid', offset: 1 });
    expect(() => new ByteReader(hex`01 02`).expect(hex`01 03`, 'a header'))
      .throw(DecodeError)
      .with.include({ kind: 'unexpected', offset: 1 });
  });

  it('reads broken UTF-8 with replacement characters', () => {
    expect(new ByteReader(hex`41 ff 42 00`).cString()).equal('A\ufffdB');
  });

  it('never writes past its limit', () => {
    const writer = new ByteWriter(4, 8);
    writer.bytes(new Uint8Array(8));
    expect(() => writer.u8(1)).throw(RangeError);
  });

  it('keeps any text without NUL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const plain = text.replaceAll('\0', '');
        const bytes = new ByteWriter().cString(text).toBytes();
        expect(new ByteReader(bytes).cString()).equal(plain);
      }),
    );
  });
});
