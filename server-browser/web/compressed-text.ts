import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Encoding } from './page-files.js';

/** A text that many readers get, compressed once in every encoding that somebody wants. */
export class CompressedText {
  readonly plain: Buffer;
  #gzip: Promise<Buffer> | undefined;
  #brotli: Promise<Buffer> | undefined;

  constructor(text: string) {
    this.plain = Buffer.from(text);
  }

  async body(encoding: Encoding): Promise<Buffer> {
    return encoding === 'br' ? this.brotli : encoding === 'gzip' ? this.gzip : this.plain;
  }

  get gzip(): Promise<Buffer> {
    this.#gzip ??= promisify(gzip)(this.plain, { level: 6 });
    return this.#gzip;
  }
  get brotli(): Promise<Buffer> {
    this.#brotli ??= promisify(brotliCompress)(this.plain, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
    });
    return this.#brotli;
  }
}
