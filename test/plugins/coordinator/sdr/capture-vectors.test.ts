import {
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { checkCertificate } from '../../../../plugins/coordinator/sdr/certificate-check.js';
import {
  decodeCertificateBody,
  fromEnvelope,
} from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import { identityOf } from '../../../../plugins/coordinator/sdr/host-identity-codec.js';
import {
  ConnectOkDatagramSchema,
  ConnectRequestDatagramSchema,
  KeyMessageSchema,
  RendezvousSchema,
} from '../../../../plugins/coordinator/sdr/sdr_pb.js';
import { VerifyingKey } from '../../../../plugins/coordinator/sdr/signing-key.js';
import { fromHex, toHex, vectorKey, vectors } from '../vectors.js';

describe('recorded sessions', () => {
  const signals = vectors.signaling_session
    .filter(({ dir, line }) => dir === 'to-server' && line.includes(' '))
    .map(({ line }) => fromBinary(RendezvousSchema, fromHex(line.split(' ')[1] ?? '')));

  it('has three signals between the two peers', () => {
    expect(signals.map(({ fromIdentity, toIdentity }) => [fromIdentity, toIdentity])).to.deep.equal(
      [
        ['str:peer-a', 'str:peer-b'],
        ['str:peer-b', 'str:peer-a'],
        ['str:peer-a', 'str:peer-b'],
      ],
    );
  });

  it('verifies certificate and session key of both peers in the signals', () => {
    const store = new CertificateStore({ roots: [vectorKey('root').publicKey.bytes] });
    const offers = [signals[0]?.connectRequest, signals[1]?.connectOk];
    offers.forEach((offer, i) => {
      const identity = ['str:peer-a', 'str:peer-b'][i] ?? '';
      const certificate = fromEnvelope(offer?.cert);
      const now = decodeCertificateBody(certificate.body).timeCreated + 60;
      const verified = checkCertificate(certificate, store, { now, appId: 730, identity });
      const { info = new Uint8Array(), signature = new Uint8Array() } = offer?.crypt ?? {};
      expect(verified.key.verifies(info, signature)).to.equal(true);
      expect(fromBinary(KeyMessageSchema, info).keyData).to.have.length(32);
    });
  });

  it('reads the handshake of plain UDP, in which both sides sign their session key', () => {
    const [, , request, ok] = vectors.plain_udp_handshake.map(({ hex }) => fromHex(hex));
    const asked = fromBinary(
      ConnectRequestDatagramSchema,
      (request ?? new Uint8Array()).subarray(1),
    );
    const answered = fromBinary(ConnectOkDatagramSchema, (ok ?? new Uint8Array()).subarray(1));
    expect(answered.clientConnectionId).to.equal(asked.clientConnectionId);
    for (const [side, identity] of [
      [asked, 'str:echo-client'],
      [answered, 'str:echo-server'],
    ] as const) {
      const body = decodeCertificateBody(fromEnvelope(side.cert).body);
      expect(identityOf(body)).to.equal(identity);
      const { info = new Uint8Array(), signature = new Uint8Array() } = side.crypt ?? {};
      expect(new VerifyingKey(body.keyData).verifies(info, signature)).to.equal(true);
    }
  });

  it('refuses the unsigned certificate of that session, as a peer that asks for authentication does', () => {
    const request = fromHex(vectors.plain_udp_handshake[2]?.hex ?? '').subarray(1);
    const { cert } = fromBinary(ConnectRequestDatagramSchema, request);
    expect(() => checkCertificate(fromEnvelope(cert), new CertificateStore(), { now: 0 }))
      .to.throw()
      .with.property('code', 'CERT_UNSIGNED');
  });

  it('derives the keys of the recorded session and decrypts its data', () => {
    const session = vectors.plain_udp_session;
    const hex = (name: string) => Buffer.from(session[name] ?? '', 'hex');
    const client = fromBinary(KeyMessageSchema, hex('client_key_message'));
    const server = fromBinary(KeyMessageSchema, hex('server_key_message'));
    const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
    const crv = { kty: 'OKP', crv: 'X25519' };
    const secret = diffieHellman({
      privateKey: createPrivateKey({
        key: { ...crv, x: url(client.keyData), d: url(hex('client_x25519_private')) },
        format: 'jwk',
      }),
      publicKey: createPublicKey({ key: { ...crv, x: url(server.keyData) }, format: 'jwk' }),
    });
    const number = (value: bigint, size: number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value);
      return bytes.subarray(0, size);
    };
    const prk = createHmac('sha256', createHash('sha256').update(secret).digest())
      .update(Buffer.concat([number(server.nonce, 8), number(client.nonce, 8)]))
      .digest();
    expect(toHex(prk)).to.equal(session.prk);

    const context = Buffer.concat([
      number(BigInt(session.client_connection_id), 4),
      number(BigInt(session.server_connection_id), 4),
      Buffer.from('Steam datagram'),
      ...['server_cert_body', 'client_cert_body', 'server_key_message', 'client_key_message'].map(
        hex,
      ),
    ]);
    const outputs: Buffer[] = [];
    for (let i = 1; i <= 4; i++) {
      const previous = outputs.at(-1) ?? Buffer.alloc(0);
      outputs.push(
        createHmac('sha256', prk)
          .update(Buffer.concat([previous, context, Buffer.of(i)]))
          .digest(),
      );
    }
    const [toServer, toClient, ivToServer, ivToClient] = outputs.map(toHex);
    expect(toServer).to.equal(session.key_client_to_server);
    expect(toClient).to.equal(session.key_server_to_client);
    expect(ivToServer?.slice(0, 24)).to.equal(session.iv_client_to_server);
    expect(ivToClient?.slice(0, 24)).to.equal(session.iv_server_to_client);

    for (const { packet, packet_number, plaintext } of session.data) {
      const bytes = Buffer.from(packet, 'hex');
      const nonce = hex('iv_server_to_client');
      nonce.writeBigUInt64LE(
        BigInt.asUintN(64, nonce.readBigUInt64LE(0) + BigInt(packet_number)),
        0,
      );
      const decipher = createDecipheriv('aes-256-gcm', hex('key_server_to_client'), nonce);
      decipher.setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([decipher.update(bytes.subarray(7, -16)), decipher.final()]);
      expect(toHex(plain)).to.equal(plaintext);
    }
  });
});
