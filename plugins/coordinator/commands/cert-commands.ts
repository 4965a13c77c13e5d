import { ServerError } from 'beaconry';
import { decodeBase64 } from '../sdr/armour-codec.js';
import {
  decodeCertificateBody,
  decodeCertificateRequest,
  decodeCertificateText,
  encodeCertificateText,
} from '../sdr/certificate-codec.js';
import { issueCertificate } from '../sdr/certificate-issue.js';
import { identityOf, parseIdentity } from '../sdr/host-identity-codec.js';
import { keyIdOf } from '../sdr/openssh-key-codec.js';
import { encodePopCode, formatPopId, isPopCode } from '../sdr/pop-code-codec.js';
import { SigningKey } from '../sdr/signing-key.js';
import { type CommandFiles, decoding, read, readText } from './command-files.js';
import { readPublicKey } from './key-commands.js';

export interface CertIssueOptions {
  /** Private key that signs. */
  readonly ca: string;
  readonly app: readonly number[];
  readonly pop: readonly string[];
  readonly identity?: string;
  /** Default: 2 for an identity, else 730. */
  readonly days?: number;
  /** Key file of the subject, or its request: exactly one of them. */
  readonly key?: string;
  readonly request?: string;
}

/** `cert issue`: the certificate in armour. Codes USAGE, FILE_*, KEY_MALFORMED. */
export async function certIssue(files: CommandFiles, options: CertIssueOptions): Promise<string> {
  const subject = await readSubject(files, options);
  const identity = options.identity ?? subject.identity;
  if (identity !== undefined) {
    decoding('--identity', () => parseIdentity(identity));
    if (options.app.length === 0) {
      throw new ServerError('USAGE', 'a certificate with an identity needs at least one --app');
    }
  }
  const wrong = options.pop.find((pop) => !isPopCode(pop));
  if (wrong !== undefined) throw new ServerError('USAGE', `--pop ${wrong} is not a POP code`);
  const days = options.days ?? (identity === undefined ? 730 : 2);
  if (!(days > 0 && days <= 3650))
    throw new ServerError('USAGE', '--days must be between 0 and 3650');
  const ca = SigningKey.fromText(await readText(files, options.ca), options.ca);
  const createdAt = files.now();
  const certificate = issueCertificate(ca, {
    publicKey: subject.publicKey,
    createdAt,
    expiresAt: createdAt + Math.round(days * 86_400),
    appIds: options.app,
    pops: options.pop.length === 0 ? subject.pops : options.pop.map(encodePopCode),
    ...(identity === undefined ? {} : { identity }),
  });
  return encodeCertificateText(certificate);
}

/** `cert show FILE`: what a certificate says, as JSON. */
export async function certShow(files: CommandFiles, file: string): Promise<string> {
  const text = await readText(files, file);
  const { body, caKeyId, signature } = decoding(file, () => decodeCertificateText(text));
  const fields = decoding(file, () => decodeCertificateBody(body));
  const time = (seconds: number) => (seconds === 0 ? null : new Date(seconds * 1000).toISOString());
  const shown = {
    keyId: String(keyIdOf(fields.keyData)),
    keyType: fields.keyType,
    identity: decoding(file, () => identityOf(fields)) ?? null,
    apps: fields.appIds,
    pops: fields.gameserverDatacenterIds.map(formatPopId),
    ipAddresses: fields.ipAddresses,
    created: time(fields.timeCreated),
    expires: time(fields.timeExpiry),
    caKeyId: signature.length === 0 ? null : String(caKeyId),
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}

async function readSubject(
  files: CommandFiles,
  { key, request }: CertIssueOptions,
): Promise<{ publicKey: Uint8Array; identity: string | undefined; pops: readonly number[] }> {
  if ((key === undefined) === (request === undefined)) {
    throw new ServerError('USAGE', 'name the subject by --key FILE or by --request FILE');
  }
  if (key !== undefined) {
    const publicKey = readPublicKey(await readText(files, key), key);
    return { publicKey, identity: undefined, pops: [] };
  }
  const file = request ?? '-';
  const bytes = await read(files, file);
  const body = decoding(file, () => decodeCertificateRequest(rawRequest(bytes)));
  return {
    publicKey: body.keyData,
    identity: decoding(file, () => identityOf(body)),
    pops: body.gameserverDatacenterIds,
  };
}

/** A request may be raw or base64; raw ones begin with a byte that no base64 text has. */
const rawRequest = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0x0a && !isText(bytes)
    ? bytes
    : decodeBase64(Buffer.from(bytes).toString('latin1'), 4096);
const isText = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
