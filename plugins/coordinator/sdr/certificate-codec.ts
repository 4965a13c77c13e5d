import { create, toBinary } from '@bufbuild/protobuf';
import { DecodeError } from 'beaconry';
import { armour, armoured, decodeBase64 } from './armour-codec.js';
import { decodeProtobuf } from './protobuf-codec.js';
import {
  type CertificateBody,
  CertificateBodySchema,
  type CertificateEnvelope,
  CertificateEnvelopeSchema,
  type CertificateRequest,
  CertificateRequestSchema,
} from './sdr_pb.js';

export type { CertificateBody, CertificateRequest } from './sdr_pb.js';

/** Ed25519, the only kind of key in certificates. */
export const KEY_TYPE_ED25519 = 1;
const LABEL = 'STEAMDATAGRAM CERT';
export const MAX_CERTIFICATE = 4096;

/** A certificate as carried: the signature covers exactly these bytes of the body. */
export interface SignedCertificate {
  readonly body: Uint8Array;
  readonly caKeyId: bigint;
  /** Empty when the certificate is unsigned. */
  readonly signature: Uint8Array;
}

export interface CertificateFields {
  readonly publicKey: Uint8Array;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** None: no limit. */
  readonly appIds?: readonly number[];
  /** Packed POP codes; none: no limit. */
  readonly pops?: readonly number[];
  /** Absent: a shared key of a data centre, or a CA. */
  readonly identity?: string;
  readonly ipAddresses?: readonly string[];
}

export const encodeCertificateBody = (fields: CertificateFields): Uint8Array =>
  toBinary(
    CertificateBodySchema,
    create(CertificateBodySchema, {
      keyType: KEY_TYPE_ED25519,
      keyData: fields.publicKey,
      gameserverDatacenterIds: [...(fields.pops ?? [])],
      timeCreated: fields.createdAt,
      timeExpiry: fields.expiresAt,
      appIds: [...(fields.appIds ?? [])],
      ...(fields.identity === undefined ? {} : { identityString: fields.identity }),
      ipAddresses: [...(fields.ipAddresses ?? [])],
    }),
  );

export const decodeCertificateBody = (bytes: Uint8Array): CertificateBody =>
  decodeProtobuf(CertificateBodySchema, bytes, MAX_CERTIFICATE);

export const encodeSignedCertificate = (certificate: SignedCertificate): Uint8Array =>
  toBinary(CertificateEnvelopeSchema, toEnvelope(certificate));

/** An envelope without the outer armour. A private key in it is dropped. */
export const decodeSignedCertificate = (bytes: Uint8Array): SignedCertificate =>
  fromEnvelope(decodeProtobuf(CertificateEnvelopeSchema, bytes, MAX_CERTIFICATE));

/** The envelope as part of another message. */
export const toEnvelope = ({ body, caKeyId, signature }: SignedCertificate): CertificateEnvelope =>
  create(CertificateEnvelopeSchema, {
    cert: body,
    ...(signature.length === 0 ? {} : { caKeyId, caSignature: signature }),
  });

/** Copies, because fields of a message are views that would keep all of it in memory. */
export function fromEnvelope(envelope: CertificateEnvelope | undefined): SignedCertificate {
  if (envelope === undefined || envelope.cert.length === 0) {
    throw new DecodeError('invalid', 0, 'certificate has no body');
  }
  return {
    body: envelope.cert.slice(),
    caKeyId: envelope.caKeyId,
    signature: envelope.caSignature.slice(),
  };
}

/** Armour with lines of base64. */
export const encodeCertificateText = (certificate: SignedCertificate): string =>
  armour(encodeSignedCertificate(certificate), LABEL, 76);

/** Reads armour, whole or in one line, or the bare base64 of configuration files and APIs. */
export function decodeCertificateText(text: string): SignedCertificate {
  const body = armoured(text, LABEL);
  if (body === undefined && text.includes('-----')) {
    throw new DecodeError('unexpected', 0, `has no "BEGIN ${LABEL}" and END`);
  }
  return decodeSignedCertificate(decodeBase64(body ?? text, MAX_CERTIFICATE));
}

export interface CertificateRequestFields {
  readonly publicKey: Uint8Array;
  readonly identity?: string;
  readonly pops?: readonly number[];
}

export const encodeCertificateRequest = (fields: CertificateRequestFields): Uint8Array =>
  toBinary(
    CertificateRequestSchema,
    create(CertificateRequestSchema, {
      cert: {
        keyType: KEY_TYPE_ED25519,
        keyData: fields.publicKey,
        gameserverDatacenterIds: [...(fields.pops ?? [])],
        ...(fields.identity === undefined ? {} : { identityString: fields.identity }),
      },
    }),
  );

/** The unsigned body in a request: key and claimed identity. */
export function decodeCertificateRequest(bytes: Uint8Array): CertificateBody {
  const request: CertificateRequest = decodeProtobuf(
    CertificateRequestSchema,
    bytes,
    MAX_CERTIFICATE,
  );
  const body = request.cert;
  if (body === undefined) throw new DecodeError('invalid', 0, 'request has no certificate body');
  if (body.keyType !== KEY_TYPE_ED25519 || body.keyData.length !== 32) {
    throw new DecodeError('invalid', 0, 'request has no Ed25519 key of 32 bytes');
  }
  return body;
}
