import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, DecodeError, type Logger, ServerError } from 'beaconry';
import { checkKeyBelongs } from './sdr/certificate-check.js';
import {
  decodeCertificateBody,
  decodeCertificateText,
  encodeCertificateText,
  type SignedCertificate,
} from './sdr/certificate-codec.js';
import { issueCertificate } from './sdr/certificate-issue.js';
import { decodePublicLine } from './sdr/openssh-key-codec.js';
import { replaceFile } from './sdr/replace-file.js';
import { RouteKey } from './sdr/sealed-route.js';
import { SigningKey } from './sdr/signing-key.js';

export interface KeyFolderOptions {
  readonly folder: string;
  /** Public line of a root whose private key lies elsewhere; null: a root is made here. */
  readonly rootKey: string | null;
  /** Apps a signing key made here may vouch for; empty: all. */
  readonly apps: readonly number[];
  /** Milliseconds between a new signing key's publication and its first use. */
  readonly rotationDelay: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface SigningPair {
  readonly key: SigningKey;
  readonly certificate: SignedCertificate;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

const DAY = 86_400;
const ROOT_DAYS = 3650;
const SIGNING_DAYS = 365;
/** A new signing key is made when the newest has less left. */
const ROTATE_BEFORE_DAYS = 30;

/**
 * The private keys of a coordinator, in files of mode 0600 and nowhere else: `root.key` (unless the root lies
 * elsewhere), `signing-<id>.key` with its certificate beside it, and `route.key`.
 */
export class KeyFolder {
  #pairs: SigningPair[] = [];

  private constructor(
    private readonly options: KeyFolderOptions,
    /** Raw bytes of the root's public key. */
    readonly rootPublicKey: Uint8Array,
    private readonly root: SigningKey | undefined,
    readonly routeKey: RouteKey,
    readonly routeKeyFile: string,
  ) {}

  /** Reads the folder, and makes what a first start lacks. Codes KEY_MISSING, KEY_MALFORMED, KEY_FILE_MODE. */
  static async open(options: KeyFolderOptions): Promise<KeyFolder> {
    const { folder } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    const root = options.rootKey === null ? await openRoot(options) : undefined;
    const rootPublicKey = root?.publicKey.bytes ?? readRootLine(options.rootKey ?? '');
    const routeFile = join(folder, 'route.key');
    const routeKey = await readOrMake(
      routeFile,
      (text) => RouteKey.fromText(text, routeFile),
      () => RouteKey.generate(),
    );
    const keys = new KeyFolder(options, rootPublicKey, root, routeKey, routeFile);
    await keys.#load();
    return keys;
  }

  /** All signing keys, newest first. */
  get pairs(): readonly SigningPair[] {
    return this.#pairs;
  }

  /** The newest key that everybody had time to hear of; while there is none, the oldest; undefined: none is valid. */
  active(isLost: (keyId: bigint) => boolean): SigningPair | undefined {
    const now = this.#now();
    const usable = this.#pairs.filter(({ key, expiresAt }) => expiresAt > now && !isLost(key.id));
    const known = now - this.options.rotationDelay / 1000;
    return usable.find(({ createdAt }) => createdAt <= known) ?? usable.at(-1);
  }

  /** What the operator is told when no signing key is valid. */
  get missing(): ServerError {
    return new ServerError(
      'KEY_MISSING',
      `no valid signing key in ${this.options.folder}; put signing-NAME.key and its certificate signing-NAME.cert there`,
    );
  }

  /** Reads again what the operator may have put into the folder. */
  reload(): Promise<void> {
    return this.#load();
  }

  /** Whether it is time for a new key: none is usable, or the newest will expire within 30 days. */
  needsRotation(isLost: (keyId: bigint) => boolean): boolean {
    const newest = this.#pairs.find(({ key }) => !isLost(key.id));
    return newest === undefined || newest.expiresAt - this.#now() < ROTATE_BEFORE_DAYS * DAY;
  }

  /** Makes a new signing key, certified by the root here; KEY_MISSING when the root lies elsewhere. */
  async rotate(): Promise<SigningPair> {
    const { folder, apps, log } = this.options;
    if (this.root === undefined) {
      throw new ServerError(
        'KEY_MISSING',
        `the root key is not in ${folder}: make a key with "beaconry key new ${join(folder, 'signing-NAME.key')}" and have it certified where the root is`,
      );
    }
    const key = SigningKey.generate();
    const now = this.#now();
    const certificate = issueCertificate(this.root, {
      publicKey: key.publicKey.bytes,
      createdAt: now,
      expiresAt: now + SIGNING_DAYS * DAY,
      appIds: apps,
    });
    const name = `signing-${key.id}`;
    await replaceFile(join(folder, `${name}.key`), key.toPrivateText(), 0o600);
    await replaceFile(join(folder, `${name}.cert`), encodeCertificateText(certificate));
    log.info({ keyId: String(key.id) }, 'made a new signing key');
    await this.#load();
    const made = this.#pairs.find((pair) => pair.key.id === key.id);
    if (made === undefined)
      throw new ServerError('KEY_MISSING', `${name}.key vanished from ${folder}`);
    return made;
  }

  async #load(): Promise<void> {
    const { folder } = this.options;
    const pairs: SigningPair[] = [];
    for (const name of await readdir(folder)) {
      if (!/^signing-.+\.key$/.test(name)) continue;
      const file = join(folder, name);
      const key = SigningKey.fromText(await readKeyFile(file), file);
      const certificate = await readCertificate(file.replace(/\.key$/, '.cert'), key.id);
      const { timeCreated, timeExpiry } = decodeCertificateBody(certificate.body);
      pairs.push({ key, certificate, createdAt: timeCreated, expiresAt: timeExpiry });
    }
    this.#pairs = pairs.sort((one, other) => other.createdAt - one.createdAt);
  }

  #now(): number {
    return Math.floor(this.options.clock.now() / 1000);
  }
}

async function openRoot({ folder, clock, log }: KeyFolderOptions): Promise<SigningKey> {
  const file = join(folder, 'root.key');
  const root = await readOrMake(
    file,
    (text) => SigningKey.fromText(text, file),
    () => {
      log.info({ file }, 'made a new root key; keep a copy in a safe place');
      return SigningKey.generate();
    },
  );
  const certificateFile = join(folder, 'root.cert');
  if (!(await exists(certificateFile))) {
    const now = Math.floor(clock.now() / 1000);
    const publicKey = root.publicKey.bytes;
    const fields = { publicKey, createdAt: now, expiresAt: now + ROOT_DAYS * DAY };
    await replaceFile(certificateFile, encodeCertificateText(issueCertificate(root, fields)));
    await replaceFile(join(folder, 'root.pub'), `${root.publicKey}\n`);
  }
  return root;
}

/** A key file of mode 0600; made when it is not there. */
async function readOrMake<K extends { toPrivateText(): string }>(
  file: string,
  read: (text: string) => K,
  make: () => K,
): Promise<K> {
  if (await exists(file)) return read(await readKeyFile(file));
  const key = make();
  await replaceFile(file, key.toPrivateText(), 0o600);
  return key;
}

async function readKeyFile(file: string): Promise<string> {
  const { mode } = await stat(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new ServerError(
      'KEY_FILE_MODE',
      `others may read the private key ${file}; run: chmod 600 ${file}`,
    );
  }
  return readFile(file, 'utf8');
}

async function readCertificate(file: string, keyId: bigint): Promise<SignedCertificate> {
  if (!(await exists(file))) {
    throw new ServerError('KEY_MISSING', `${file} is missing beside its key`);
  }
  try {
    const certificate = decodeCertificateText(await readFile(file, 'utf8'));
    checkKeyBelongs(certificate, keyId);
    return certificate;
  } catch (cause) {
    if (!(cause instanceof DecodeError || cause instanceof ServerError)) throw cause;
    throw new ServerError('CERT_MALFORMED', `${file}: ${cause.message}`, { cause });
  }
}

function readRootLine(line: string): Uint8Array {
  try {
    return decodePublicLine(line);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('KEY_MALFORMED', `rootKey: ${cause.message}`, { cause });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
