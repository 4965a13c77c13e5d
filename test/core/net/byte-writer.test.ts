import { ByteWriter } from 'beaconry';
import { expect } from 'chai';

describe('ByteWriter', () => {
  const writes: Record<string, (writer: ByteWriter) => ByteWriter> = {
    u8: (writer) => writer.u8(0x81),
    u16le: (writer) => writer.u16le(0x8182),
    u16be: (writer) => writer.u16be(0x8182),
    u32le: (writer) => writer.u32le(0x81828384),
    u32be: (writer) => writer.u32be(0x81828384),
    i32le: (writer) => writer.i32le(-5),
    i32be: (writer) => writer.i32be(-5),
    u64le: (writer) => writer.u64le(0x8182838485868788n),
    u64be: (writer) => writer.u64be(0x8182838485868788n),
    f32le: (writer) => writer.f32le(1.5),
    bytes: (writer) => writer.bytes(Uint8Array.of(1, 2, 3)),
    text: (writer) => writer.text('abc'),
    cString: (writer) => writer.cString('abc'),
  };
  for (const [name, write] of Object.entries(writes)) {
    it(`writes the same with ${name} when the buffer has to grow for it`, () => {
      const roomy = write(new ByteWriter(64).u8(7)).toBytes();
      expect(write(new ByteWriter(1).u8(7)).toBytes()).to.deep.equal(roomy);
    });
  }

  it('says how long a message would be that passes the limit', () => {
    const writer = new ByteWriter(2, 4).u32be(1);
    expect(() => writer.u8(1)).to.throw(RangeError, 'message of 5 bytes, limit 4');
  });
});
