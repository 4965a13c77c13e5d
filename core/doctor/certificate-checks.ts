import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EndpointConfig } from '../config/server-config.js';
import { messageOf } from '../errors.js';
import { certificateWarning } from '../net/tls-files.js';
import { type Finding, well, wrong } from './doctor-check.js';

const day = 86_400_000;

/** Certificates of endpoints are readable, valid, belong to their key and last a while. */
export async function* checkCertificates(
  endpoints: Iterable<EndpointConfig>,
  now: number,
): AsyncIterable<Finding> {
  for (const { name, tls } of endpoints) {
    if (tls === undefined) continue;
    try {
      const certificate = new X509Certificate(readFileSync(tls.cert));
      const key = createPrivateKey(readFileSync(tls.key));
      yield judge(name, tls, certificate, certificate.checkPrivateKey(key), now);
    } catch (error) {
      yield wrong(
        'certificates',
        `endpoint ${name}: certificate or key cannot be read: ${messageOf(error)}`,
        `put PEM files at ${tls.cert} and ${tls.key}, readable for the account of the server`,
      );
    }
  }
}

function judge(
  name: string,
  tls: { readonly cert: string; readonly key: string },
  certificate: X509Certificate,
  matches: boolean,
  now: number,
): Finding {
  const from = Date.parse(certificate.validFrom);
  const until = Date.parse(certificate.validTo);
  const date = new Date(until).toISOString().slice(0, 10);
  const renew = `renew ${tls.cert} and reload the node`;
  const bad = (text: string, remedy: string) =>
    wrong('certificates', `endpoint ${name}: ${text}`, remedy);
  if (!matches) {
    return bad(
      `the key ${tls.key} is not that of the certificate`,
      'name the pair that belongs together',
    );
  }
  if (now < from) return bad(`the certificate is not valid yet`, 'set the clock, or wait');
  if (now > until) return bad(`the certificate ended on ${date}`, renew);
  if (until - now < certificateWarning * day) {
    return bad(`the certificate ends soon, on ${date}`, renew);
  }
  return well('certificates', `endpoint ${name}: the certificate is valid until ${date}`);
}
