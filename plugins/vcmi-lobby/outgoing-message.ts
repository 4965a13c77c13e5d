import { encodeServerMessage, type ServerMessage } from './server-message.js';
import type { TextEncoding } from './text-encoding.js';

/** One message on its way to many: written once, encoded once for each encoding in use. */
export class OutgoingMessage {
  readonly #text: string;
  #encoding: TextEncoding | undefined;
  #bytes: Buffer | undefined;
  #others: Map<TextEncoding, Buffer> | undefined;

  constructor(message: ServerMessage) {
    this.#text = encodeServerMessage(message);
  }

  bytes(encoding: TextEncoding): Buffer {
    if (encoding === this.#encoding && this.#bytes !== undefined) return this.#bytes;
    const found = this.#others?.get(encoding);
    if (found !== undefined) return found;
    const bytes = encoding.encode(this.#text);
    if (this.#bytes === undefined) {
      this.#encoding = encoding;
      this.#bytes = bytes;
    } else {
      this.#others ??= new Map();
      this.#others.set(encoding, bytes);
    }
    return bytes;
  }
}
