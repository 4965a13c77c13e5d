import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';

describe('PeerAddress', () => {
  for (const [text, shown] of [
    ['127.0.0.1:27015', '127.0.0.1:27015'],
    ['[::1]:27015', '[::1]:27015'],
    ['[::ffff:10.0.0.7]:5', '10.0.0.7:5'],
    ['[2001:DB8:0::1]:65535', '[2001:db8::1]:65535'],
  ] as const) {
    it(`reads ${text} and prints ${shown}`, () => {
      expect(PeerAddress.parse(text)?.toString()).equal(shown);
    });
  }

  for (const text of [
    '127.0.0.1',
    '1.2.3:5',
    '256.1.1.1:5',
    '1.2.3.4:65536',
    '::1:5',
    'host:5',
    '',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(PeerAddress.parse(text)).equal(undefined);
    });
  }

  it('is the same address in its mapped and its plain form', () => {
    const mapped = PeerAddress.of('::ffff:192.0.2.9', 1);
    expect(mapped.equals(PeerAddress.of('192.0.2.9', 1))).equal(true);
    expect(mapped.isIPv4).equal(true);
  });

  it('keeps its 16 bytes through writing and reading', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(65535), (bytes, port) => {
        const address = new PeerAddress().setBytes(bytes, 0, port);
        const written = new Uint8Array(16);
        address.writeBytes(written, 0);
        expect(written).deep.equal(bytes);
        expect(PeerAddress.parse(address.toString())?.equals(address)).equal(true);
      }),
    );
  });

  it('forgets its old text when it is reused', () => {
    const address = PeerAddress.of('192.0.2.1', 1);
    expect(address.host).equal('192.0.2.1');
    expect(address.setText('2001:db8::2', 2).host).equal('2001:db8::2');
  });
});
