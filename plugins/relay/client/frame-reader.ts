/** Largest body a client takes; the server's own limit is lower. */
const LIMIT = 128 * 1024 * 1024;

/** Joins the chunks of a stream into bodies of frames: 4 bytes length (big-endian), then the body. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #held = 0;

  /** Bodies that are complete with this chunk. Errors: a length over 128 MiB. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const bodies: Uint8Array[] = [];
    for (;;) {
      const length = this.#length();
      if (length === undefined || this.#held < 4 + length) return bodies;
      if (this.#chunks.length > 1) this.#chunks = [this.#joined()];
      const stream = this.#chunks[0] as Uint8Array;
      bodies.push(stream.subarray(4, 4 + length));
      this.#chunks = [stream.subarray(4 + length)];
      this.#held -= 4 + length;
    }
  }

  #length(): number | undefined {
    if (this.#held < 4) return undefined;
    if ((this.#chunks[0] as Uint8Array).length < 4) this.#chunks = [this.#joined()];
    const [a = 0, b = 0, c = 0, d = 0] = this.#chunks[0] as Uint8Array;
    const length = a * 0x1000000 + b * 0x10000 + c * 0x100 + d;
    if (length > LIMIT) throw new Error(`the relay announced a frame of ${length} bytes`);
    return length;
  }

  #joined(): Uint8Array {
    const joined = new Uint8Array(this.#held);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }
}

/** One frame around a body. */
export function frameOf(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}
