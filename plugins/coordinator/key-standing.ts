import type { CertificateStore } from './sdr/certificate-store.js';

/** Whether a key counts still, and the one that certified it, at `now` in Unix seconds. */
export const vouches = (
  certificates: CertificateStore,
  keyId: bigint,
  caKeyId: bigint,
  now: number,
): boolean => !certificates.isRevoked(keyId) && certificates.isTrusted(caKeyId, now);
