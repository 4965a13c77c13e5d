import { createHash, generateKeyPairSync } from 'node:crypto';
import { DecodeError } from 'beaconry';
import {
  AUTH_PART_LENGTH,
  decodeTicket,
  encodeAuthPart,
  encodeConnectBlob,
  encodeOwnership,
  encodeTicket,
  type OwnershipTicket,
  signOwnership,
  TrustedIssuers,
  ticketCrc,
} from 'beaconry/steam';
import { expect } from 'chai';
import fc from 'fast-check';
import { ticketVectors, vectorBytes } from './ticket-vectors.js';

const address = (text: string): number =>
  text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const { vectors, key } = ticketVectors;
const issuers = new TrustedIssuers([key.publicKeyPem]);

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const ownership: fc.Arbitrary<OwnershipTicket> = fc.record({
  version: fc.constant(4),
  steamId: u64,
  appId: u32,
  externalIp: u32,
  internalIp: u32,
  flags: u32,
  generated: u32,
  expires: u32,
  packages: fc.array(u32, { maxLength: 8 }),
  dlc: fc.array(fc.record({ appId: u32, packages: fc.array(u32, { maxLength: 4 }) }), {
    maxLength: 8,
  }),
});

describe('ticket codec', () => {
  for (const vector of vectors) {
    it(`decodes ${vector.name} as the vectors say`, () => {
      const ticket = decodeTicket(vectorBytes(vector).subarray(0, 4096));
      const { decoded } = vector;
      const { gcToken, session } = decoded;
      expect(ticket.gameConnect).to.eql(
        gcToken && {
          token: BigInt(gcToken.token),
          steamId: BigInt(gcToken.steamId),
          time: gcToken.time,
        },
      );
      expect(ticket.session?.kind).to.equal(session?.ticketType);
      expect(ticket.session?.count).to.equal(session?.count);
      expect(ticket.session?.connectedFor).to.equal(session?.connectionMs);
      expect(ticket.ownership).to.eql({
        version: decoded.ownership.version,
        steamId: BigInt(decoded.ownership.steamId),
        appId: decoded.ownership.appId,
        externalIp: address(decoded.ownership.externalIp),
        internalIp: address(decoded.ownership.internalIp),
        flags: decoded.ownership.flags,
        generated: decoded.ownership.generated,
        expires: decoded.ownership.expires,
        packages: decoded.ownership.licenses,
        dlc: decoded.ownership.dlc.map((dlc) => ({ appId: dlc.appId, packages: dlc.licenses })),
      });
      const hash = createHash('sha1').update(ticket.signedBytes).digest('hex');
      expect(hash).to.equal(vector.sha1OfSignedBytes);
    });

    it(`encodes ${vector.name} to the same bytes, up to the signature`, () => {
      const bytes = vectorBytes(vector);
      const { gameConnect, session, ownership: owned, signature } = decodeTicket(bytes);
      const signed = Buffer.concat([encodeOwnership(owned), signature ?? Buffer.alloc(0)]);
      let encoded: Uint8Array = signed;
      if (gameConnect !== undefined) {
        encoded =
          session === undefined
            ? encodeConnectBlob(gameConnect, signed)
            : encodeTicket(encodeAuthPart(gameConnect, session), signed);
      }
      expect(Buffer.from(encoded).toString('hex')).to.equal(vector.hex);
    });

    it(`verifies the signature of ${vector.name} as the vectors say`, () => {
      const { signedBytes, signature } = decodeTicket(vectorBytes(vector));
      const good = signature !== undefined && issuers.verify(signedBytes, signature);
      expect(good).to.equal(vector.signatureValidWithVectorKey);
    });

    if (vector.authPartCrc32 !== undefined) {
      it(`names ${vector.name} by the CRC-32 of its first 52 bytes`, () => {
        expect(ticketCrc(vectorBytes(vector))).to.equal(vector.authPartCrc32);
      });
    }
  }

  it('makes a ticket of 234 bytes with one licence and no DLC', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const owned = { ...decodeTicket(vectorBytes(vectors[0] as never)).ownership };
    const authPart = new Uint8Array(AUTH_PART_LENGTH);
    expect(
      encodeTicket(authPart, signOwnership(encodeOwnership(owned), privateKey)),
    ).to.have.length(234);
  });

  it('survives a round trip with any content', () => {
    fc.assert(
      fc.property(ownership, u64, u32, (owned, token, time) => {
        const gameConnect = { token, steamId: owned.steamId, time };
        const session = { word1: 1, kind: 2, nonce: new Uint8Array(8), connectedFor: 5, count: 1 };
        const signed = Buffer.concat([encodeOwnership(owned), Buffer.alloc(128, 1)]);
        const bytes = encodeTicket(encodeAuthPart(gameConnect, session), signed);
        const ticket = decodeTicket(bytes);
        expect(ticket.ownership).to.eql(owned);
        expect(ticket.gameConnect).to.eql(gameConnect);
        expect(ticket.length).to.equal(bytes.length);
      }),
    );
  });

  it('throws DecodeError for every ticket that is cut short', () => {
    for (const vector of vectors) {
      if (vector.decoded.gcToken === undefined) continue;
      const whole = Buffer.from(vector.hex, 'hex');
      for (let length = 0; length < whole.length; length++) {
        expect(() => decodeTicket(whole.subarray(0, length)), `${vector.name} ${length}`).to.throw(
          DecodeError,
        );
      }
    }
  });

  it('throws nothing but DecodeError for random bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 400 }).map((tail) => Uint8Array.of(20, 0, 0, 0, ...tail)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          decodeTicket(given);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('ignores what follows the signature, up to 4096 bytes', () => {
    const bytes = vectorBytes(vectors[0] as never);
    const padded = new Uint8Array(1024).fill(0xaa);
    padded.set(bytes);
    expect(decodeTicket(padded).length).to.equal(bytes.length);
    const tooLong = new Uint8Array(4097);
    tooLong.set(bytes);
    expect(() => decodeTicket(tooLong)).to.throw(DecodeError);
  });
});
