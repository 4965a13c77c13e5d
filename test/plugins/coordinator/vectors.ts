import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  decodeSignedCertificate,
  type SignedCertificate,
} from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';

const folder = new URL('../../../../fixtures/sdr-vectors/', import.meta.url);

export const readVector = (path: string): string =>
  readFileSync(fileURLToPath(new URL(path, folder)), 'utf8');

interface Vectors {
  keys: Record<
    string,
    {
      seed_hex: string;
      public_hex: string;
      key_id: string;
      public_line_file: string;
      private_pem_file: string;
    }
  >;
  certificates: {
    name: string;
    file: string;
    signed_hex: string;
    body_hex: string;
    made_by: string;
    decoded: {
      key_data: string;
      key_id: string;
      pop_ids: number[];
      pops: string[];
      time_created: number | null;
      time_expiry: number | null;
      app_ids: number[];
      identity_string: string | null;
      ip_addresses: string[];
      ca_key_id: string;
      ca_signature: string;
    };
  }[];
  checks: {
    name: string;
    certificate: string;
    trusted_ca: string;
    intermediates: string[];
    revoked_key_ids: string[];
    now: number;
    app: number | null;
    pop: string | null;
    expected_identity: string | null;
    private_key: string | null;
    accepted: boolean;
    failed: string[];
  }[];
  pop_codes: { code: string; id: number }[];
  certificate_requests: { base64: string }[];
  plain_udp_handshake: { from: string; lead: number; hex: string }[];
  signaling_session: { dir: string; line: string }[];
  plain_udp_session: Record<string, string> & {
    client_connection_id: number;
    server_connection_id: number;
    data: { packet: string; packet_number: number; plaintext: string }[];
  };
}

export const vectors = JSON.parse(readVector('index.json')) as Vectors;

export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Any certificate of the vectors by its name. */
export function vectorCertificate(name: string): SignedCertificate {
  const found = vectors.certificates.find((certificate) => certificate.name === name);
  if (found === undefined) throw new Error(`no certificate ${name} in the vectors`);
  return decodeSignedCertificate(fromHex(found.signed_hex));
}

/** A public test key of the vectors. */
export const vectorKey = (name: string): SigningKey =>
  SigningKey.fromText(readVector(`keys/${name}.key`), name);
