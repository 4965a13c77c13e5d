import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, ServerError } from '../errors.js';

/** Paths of PEM files. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
}

/** A certificate chain with its key, read and checked. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Unix milliseconds. */
  readonly expires: number;
}

/** Days before its end from which a certificate is complained of. */
export const certificateWarning = 14;

/** Error `TLS_FILES` names the endpoint, the files and what to do. */
export function readTlsFiles(endpoint: string, { cert, key }: TlsPaths): TlsFiles {
  try {
    const files = { cert: readFileSync(cert), key: readFileSync(key) };
    const certificate = new X509Certificate(files.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(files.key))) {
      throw new Error(
        'the key is not that of the certificate; name the pair that belongs together',
      );
    }
    return { ...files, expires: Date.parse(certificate.validTo) };
  } catch (cause) {
    throw new ServerError(
      'TLS_FILES',
      `endpoint ${endpoint}: tls files ${cert} and ${key} cannot be used: ${messageOf(cause)}`,
      { cause },
    );
  }
}
