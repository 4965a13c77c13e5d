import { DecodeError, ServerError } from 'beaconry';
import { decodeCertificateRequest } from './sdr/certificate-codec.js';
import type { CertificateStore } from './sdr/certificate-store.js';
import { identityOf } from './sdr/host-identity-codec.js';
import { keyIdOf } from './sdr/openssh-key-codec.js';

/** The public key that a player wants signed. REQUEST_MALFORMED, REQUEST_IDENTITY, CERT_KEY_REVOKED. */
export function checkCertificateRequest(
  request: Uint8Array,
  identity: string,
  certificates: CertificateStore,
): Uint8Array {
  let publicKey: Uint8Array;
  let claimed: string | undefined;
  try {
    const body = decodeCertificateRequest(request);
    publicKey = body.keyData.slice();
    claimed = identityOf(body);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('REQUEST_MALFORMED', `certificate request: ${cause.message}`, { cause });
  }
  if (claimed !== undefined && claimed !== identity) {
    throw new ServerError(
      'REQUEST_IDENTITY',
      `the request is for ${claimed}, the caller is ${identity}`,
    );
  }
  const keyId = keyIdOf(publicKey);
  if (certificates.isRevoked(keyId)) {
    throw new ServerError('CERT_KEY_REVOKED', `key ${keyId} is revoked; make a new one`);
  }
  return publicKey;
}
