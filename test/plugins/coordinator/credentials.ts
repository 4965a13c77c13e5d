import type {
  CertificateFields,
  SignedCertificate,
} from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../../plugins/coordinator/sdr/certificate-issue.js';
import { encodePopCode } from '../../../plugins/coordinator/sdr/pop-code-codec.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';

/** Unix seconds at which most tests take place. */
export const NOW = 1_800_000_000;
export const DAY = 86_400;

/** Named keys that are the same in every run. */
export const testKey = (name: string): SigningKey =>
  SigningKey.fromSeed(Buffer.from(name.padEnd(32, '.')).subarray(0, 32));

export const root = testKey('root');

export interface TestCertificate extends Partial<Omit<CertificateFields, 'pops'>> {
  readonly ca?: SigningKey;
  readonly pops?: readonly string[];
}

/** A certificate for the key, valid around NOW unless told otherwise. */
export function certify(
  key: SigningKey,
  { ca = root, pops = [], ...fields }: TestCertificate = {},
): SignedCertificate {
  return issueCertificate(ca, {
    publicKey: key.publicKey.bytes,
    createdAt: NOW - DAY,
    expiresAt: NOW + DAY,
    pops: pops.map(encodePopCode),
    ...fields,
  });
}

/** The code of the ServerError a call throws, or undefined. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === undefined || message === undefined || message.length < 10) throw error;
    return code;
  }
}
