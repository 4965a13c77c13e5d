import { messageOf, ServerError } from 'beaconry';
import { decodePublicLine, encodePublicLine } from '../sdr/openssh-key-codec.js';
import { SigningKey } from '../sdr/signing-key.js';
import { type CommandFiles, decoding, readText } from './command-files.js';

/** `key new FILE`: writes a private key (0600) and gives its public line. FILE_EXISTS. */
export async function keyNew(files: CommandFiles, file: string): Promise<string> {
  const key = SigningKey.generate();
  try {
    await files.writeNew(file, key.toPrivateText(), 0o600);
  } catch (cause) {
    throw new ServerError('FILE_EXISTS', `cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
  return `${key.publicKey}\n`;
}

/** `key show FILE`: the public line of a private or public key. */
export async function keyShow(files: CommandFiles, file: string): Promise<string> {
  return `${encodePublicLine(readPublicKey(await readText(files, file), file))}\n`;
}

/** The public half of whichever key the text holds. */
export const readPublicKey = (text: string, file: string): Uint8Array =>
  text.includes('PRIVATE KEY')
    ? SigningKey.fromText(text, file).publicKey.bytes
    : decoding(file, () => decodePublicLine(text));
