import { expect } from 'chai';
import { encodeSignedCertificate } from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { decodeProtobuf } from '../../../../plugins/coordinator/sdr/protobuf-codec.js';
import {
  decodeSignedCheckIn,
  encodeSignedCheckIn,
} from '../../../../plugins/coordinator/sdr/relay-check-in-codec.js';
import {
  decodeSignedRelayTicket,
  encodeSignedRelayTicket,
} from '../../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import { CertificateEnvelopeSchema } from '../../../../plugins/coordinator/sdr/sdr_pb.js';

describe('a protobuf message', () => {
  const certificate = {
    body: new Uint8Array(40).fill(1),
    caKeyId: 5n,
    signature: new Uint8Array(64).fill(2),
  };
  const signature = new Uint8Array(64).fill(3);
  /** What comes out of a Buffer that is overwritten afterwards, as those of sockets are. */
  const afterOverwriting = <T>(encoded: Uint8Array, decode: (bytes: Uint8Array) => T): T => {
    const memory = Buffer.from(encoded);
    const message = decode(memory);
    memory.fill(0xff);
    return message;
  };

  it('does not change when the memory it was read from is overwritten', () => {
    const { cert, caSignature } = afterOverwriting(encodeSignedCertificate(certificate), (bytes) =>
      decodeProtobuf(CertificateEnvelopeSchema, bytes, 200),
    );
    expect(cert).to.deep.equal(certificate.body);
    expect(caSignature).to.deep.equal(certificate.signature);
  });

  it('of a ticket or a check-in does not either, with the certificates in it', () => {
    const ticket = {
      keyId: 7n,
      ticket: new Uint8Array(30).fill(4),
      signature,
      certificates: [certificate],
    };
    expect(
      afterOverwriting(encodeSignedRelayTicket(ticket), decodeSignedRelayTicket),
    ).to.deep.equal(ticket);
    const checkIn = { certificate, body: new Uint8Array(30).fill(6), signature };
    expect(afterOverwriting(encodeSignedCheckIn(checkIn), decodeSignedCheckIn)).to.deep.equal(
      checkIn,
    );
  });
});
