import {
  type CertificateFields,
  encodeCertificateBody,
  type SignedCertificate,
} from './certificate-codec.js';
import type { SigningKey } from './signing-key.js';

/** Signs a certificate: the body is serialised once and carried exactly as signed. */
export function issueCertificate(ca: SigningKey, fields: CertificateFields): SignedCertificate {
  const body = encodeCertificateBody(fields);
  return { body, caKeyId: ca.id, signature: ca.sign(body) };
}
