import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { ServerError } from 'beaconry';

export interface TicketKey {
  readonly privateKey: KeyObject;
  readonly publicKeyPem: string;
}

/** A key for tests and for tools that keep nothing. */
export function newTicketKey(): TicketKey {
  return toTicketKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey);
}

/** Reads the key that signs tickets, or makes it: PKCS#8 PEM, mode 0600. */
export async function openTicketKey(file: string): Promise<TicketKey> {
  if (!existsSync(file)) {
    const key = newTicketKey();
    await writeWhole(file, key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return key;
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new ServerError(
      'KEY_FILE_RIGHTS',
      `the ticket key ${file} can be read by others; run: chmod 600 ${file}`,
    );
  }
  const privateKey = createPrivateKey(readFileSync(file));
  const bits = privateKey.asymmetricKeyDetails?.modulusLength;
  if (privateKey.asymmetricKeyType !== 'rsa' || bits !== 1024) {
    throw new ServerError('KEY_FILE_KIND', `the ticket key ${file} must be RSA with 1024 bits`);
  }
  return toTicketKey(privateKey);
}

/** A crash in between leaves no half key under the real name. */
async function writeWhole(file: string, text: string | Buffer): Promise<void> {
  const unfinished = `${file}.new`;
  const handle = await open(unfinished, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
}

const toTicketKey = (privateKey: KeyObject): TicketKey => ({
  privateKey,
  publicKeyPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string,
});
