import { DecodeError, PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeHostedAddress,
  encodeHostedRoute,
  type HostedRoute,
  hostedAddressPop,
} from '../../../../plugins/coordinator/sdr/hosted-address-codec.js';
import { RouteKey, sealRoute } from '../../../../plugins/coordinator/sdr/sealed-route.js';
import { fromHex, toHex } from '../vectors.js';

const dev: HostedRoute = { pop: 'dev', address: PeerAddress.of('127.0.0.1', 27015) };
// POP "dev" and a zero, 1, 1, port 27015 little-endian, 127.0.0.1 as a little-endian number.
const DEV_BYTES = '64657600' + '0101' + '8769' + '0100007f';
const full: HostedRoute = {
  pop: 'tyo1',
  address: PeerAddress.of('192.0.2.10', 30001),
  secret: 0x1122334455667788n,
  protocolVersion: 2,
};
// POP "tyo1", 2, then the message: 1 ipv4, 3 port, 4 routing_secret, 5 protocol_version.
const FULL_BYTES = '74796f31' + '02' + '0d0a0200c0' + '18b1ea01' + '218877665544332211' + '2802';

const plain = (bytes: Uint8Array) => {
  const address = decodeHostedAddress(bytes);
  return address.kind === 'plain'
    ? { ...address.route, address: String(address.route.address) }
    : undefined;
};

describe('hosted addresses', () => {
  it('have a plain form of 12 bytes for developers', () => {
    expect(toHex(encodeHostedRoute(dev))).to.equal(DEV_BYTES);
    expect(plain(fromHex(DEV_BYTES))).to.deep.equal({ pop: 'dev', address: '127.0.0.1:27015' });
  });

  it('carry the routing secret to the coordinator', () => {
    expect(toHex(encodeHostedRoute(full))).to.equal(FULL_BYTES);
    expect(plain(fromHex(FULL_BYTES))).to.deep.equal({ ...full, address: '192.0.2.10:30001' });
  });

  it('come back as they were, IPv6 too', () => {
    const host = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', 'fe80::2'));
    const port = fc.integer({ min: 1, max: 65535 });
    const secret = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(host, port, secret, (host, port, secret) => {
        fc.pre(host !== '0.0.0.0');
        const route = {
          pop: 'fra',
          address: PeerAddress.of(host, port),
          secret,
          protocolVersion: 1,
        };
        expect(plain(encodeHostedRoute(route))).to.deep.equal({
          ...route,
          address: String(route.address),
        });
      }),
    );
  });

  it('show their POP even when the rest cannot be read', () => {
    expect(hostedAddressPop(fromHex('73746f00ffff'))).to.equal('sto');
  });

  it('throw only DecodeError for anything else', () => {
    for (const bytes of [fromHex(DEV_BYTES), fromHex(FULL_BYTES)]) {
      for (let length = 0; length < (bytes.length === 12 ? 12 : 5); length++) {
        expect(() => decodeHostedAddress(bytes.subarray(0, length))).to.throw(DecodeError);
      }
    }
    const begin = fc.constantFrom('', '66726100', '6672610001', '6672610002', '6672610003');
    fc.assert(
      fc.property(begin, fc.uint8Array({ maxLength: 140 }), (begin, random) => {
        try {
          decodeHostedAddress(Buffer.concat([fromHex(begin), random]));
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('sealed routes', () => {
  const key = RouteKey.generate();
  const sealed = sealRoute(full, key.publicKey);

  it('fit the blob, show the POP and hide the address', () => {
    expect(sealed).to.have.length(encodeHostedRoute(full).length + 53);
    expect(hostedAddressPop(sealed)).to.equal('tyo1');
    expect(decodeHostedAddress(sealed).kind).to.equal('sealed');
    expect(Buffer.from(sealed).includes(Buffer.from([192, 0, 2, 10]))).to.equal(false);
  });

  it('fit the blob for IPv6 too', () => {
    const route = { ...full, address: PeerAddress.of('2001:db8::1', 30001) };
    expect(sealRoute(route, key.publicKey).length).to.be.at.most(128);
  });

  it('are opened by the relays and nobody else', () => {
    expect(String(key.open(sealed).address)).to.equal('192.0.2.10:30001');
    expect(() => RouteKey.generate().open(sealed)).to.throw(DecodeError, /not sealed to this key/);
  });

  it('differ each time', () => {
    expect(sealRoute(full, key.publicKey)).to.not.deep.equal(sealed);
  });

  it('cannot be changed, the POP included, at any byte or length', () => {
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => key.open(changed), `byte ${at}`).to.throw(DecodeError);
      expect(() => key.open(sealed.subarray(0, at)), `${at} bytes`).to.throw(DecodeError);
    }
  });

  it('keys survive a file', () => {
    const again = RouteKey.fromText(key.toPrivateText(), 'route.key');
    expect(again.open(sealed).secret).to.equal(full.secret);
    expect(() => RouteKey.fromText('nonsense', 'route.key')).to.throw(
      'route.key: is not an X25519 key',
    );
  });
});
