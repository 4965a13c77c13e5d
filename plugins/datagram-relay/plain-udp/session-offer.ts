import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { DecodeError, ServerError } from 'beaconry';
import { checkCertificate } from '../../coordinator/sdr/certificate-check.js';
import {
  decodeCertificateBody,
  type SignedCertificate,
} from '../../coordinator/sdr/certificate-codec.js';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import { identityOf } from '../../coordinator/sdr/host-identity-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { decodeProtobuf } from '../../coordinator/sdr/protobuf-codec.js';
import {
  type CertificateEnvelope,
  KeyMessageSchema,
  type SignedKeyMessage,
} from '../../coordinator/sdr/sdr_pb.js';
import { VerifyingKey } from '../../coordinator/sdr/signing-key.js';
import { ExchangeKey } from '../relay-keys.js';
import { MAX_PLAIN_DATAGRAM, PROTOCOL_VERSION } from './plain-udp-codec.js';

const KEY_X25519 = 1;
const AES_256_GCM = 2;

/** Whom to let in: `require` certificates of a trusted authority, or `allow` unsigned ones too, as LAN games do. */
export interface PeerExpectation {
  readonly authentication: 'require' | 'allow';
  readonly certificates: CertificateStore;
  readonly unix: number;
  readonly appId: number;
  /** Undefined: anybody. */
  readonly identity?: string;
}

/** What the other side offered, judged. */
export interface JudgedOffer {
  readonly identity: string;
  readonly key: Uint8Array;
  readonly nonce: bigint;
  readonly certificate: Uint8Array;
  readonly keyMessage: Uint8Array;
}

/** The own half of a key exchange: a fresh X25519 key, signed by the key of the certificate. */
export class SessionOffer {
  readonly keyMessage: Uint8Array;
  readonly nonce: bigint;
  readonly crypt: { readonly info: Uint8Array; readonly signature: Uint8Array };
  readonly cert: {
    readonly cert: Uint8Array;
    readonly caKeyId?: bigint;
    readonly caSignature?: Uint8Array;
  };

  constructor(
    credentials: Credentials,
    readonly key: ExchangeKey = ExchangeKey.generate(),
    nonce: bigint = randomBytes(8).readBigUInt64LE(),
  ) {
    this.nonce = nonce;
    this.keyMessage = toBinary(
      KeyMessageSchema,
      create(KeyMessageSchema, {
        keyType: KEY_X25519,
        keyData: key.publicKey,
        nonce,
        protocolVersion: PROTOCOL_VERSION,
        ciphers: [AES_256_GCM],
      }),
    );
    this.crypt = { info: this.keyMessage, signature: credentials.key.sign(this.keyMessage) };
    const { body, caKeyId, signature } = credentials.certificate;
    this.cert = {
      cert: body,
      ...(signature.length === 0 ? {} : { caKeyId, caSignature: signature }),
    };
  }
}

/** ServerError with the codes of `checkCertificate`, PLAIN_SIGNATURE, PLAIN_CIPHER, PLAIN_IDENTITY; DecodeError. */
export function judgeOffer(
  cert: CertificateEnvelope | undefined,
  crypt: SignedKeyMessage | undefined,
  { authentication, certificates, unix, appId, identity }: PeerExpectation,
): JudgedOffer {
  if (cert === undefined || crypt === undefined) {
    throw new DecodeError('invalid', 0, 'has no certificate or no key');
  }
  const certificate: SignedCertificate = {
    body: cert.cert,
    caKeyId: cert.caKeyId,
    signature: cert.caSignature,
  };
  const body = decodeCertificateBody(cert.cert);
  const claimed = identityOf(body);
  if (claimed === undefined) throw new ServerError('PLAIN_IDENTITY', 'certificate names nobody');
  if (identity !== undefined && claimed !== identity) {
    throw new ServerError('PLAIN_IDENTITY', `${claimed} answered in place of ${identity}`);
  }
  let key: VerifyingKey;
  if (authentication === 'allow' && cert.caSignature.length === 0) {
    if (body.keyData.length !== 32) throw new DecodeError('invalid', 0, 'certificate has no key');
    key = new VerifyingKey(body.keyData);
  } else {
    const expected = { now: unix, identity: claimed, appId };
    key = checkCertificate(certificate, certificates, expected).key;
  }
  if (!key.verifies(crypt.info, crypt.signature)) {
    throw new ServerError('PLAIN_SIGNATURE', `the key is not signed by ${claimed}`);
  }
  const message = decodeProtobuf(KeyMessageSchema, crypt.info, MAX_PLAIN_DATAGRAM);
  if (message.keyType !== KEY_X25519 || message.keyData.length !== 32) {
    throw new DecodeError('invalid', 0, 'key is not X25519');
  }
  if (!message.ciphers.includes(AES_256_GCM)) {
    throw new ServerError('PLAIN_CIPHER', `${claimed} does not encrypt`);
  }
  return {
    identity: claimed,
    key: message.keyData,
    nonce: message.nonce,
    certificate: cert.cert,
    keyMessage: crypt.info,
  };
}
