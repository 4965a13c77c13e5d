import { type Connection, DecodeError } from 'beaconry';
import { FrameDecoder } from './frame-codec.js';
import { decodePipeHandshake, PIPE_GREETING, type PipeHandshake } from './pipe-codec.js';

/** Ample for a greeting and for a handshake; strangers get no more memory than this. */
const FIRST_FRAME_LIMIT = 1024;

/** What a new connection turned out to be. */
export interface FirstFrameListener {
  /** The payload of the greeting; the decoder holds what came behind it. */
  lobby(payload: Buffer, frames: FrameDecoder): void;
  /** The handshake, its bytes as they came, and what came behind it. */
  pipe(handshake: PipeHandshake, bytes: Buffer, rest: Buffer): void;
  /** No lobby and no pipe: bad bytes. */
  refused(): void;
}

/** Reads a new connection up to the point where it is known to be a lobby user or a pipe. */
export class FirstFrame {
  readonly #frames = new FrameDecoder(FIRST_FRAME_LIMIT);
  /** What came since the pipe greeting, that included. */
  #handshake: Buffer | undefined;
  #done = false;

  constructor(
    connection: Connection,
    private readonly listener: FirstFrameListener,
  ) {
    connection.onData((chunk) => {
      if (!this.#done) this.#read(chunk);
    });
  }

  #read(chunk: Buffer): void {
    try {
      if (this.#handshake !== undefined) this.#readHandshake(chunk);
      else this.#readFrame(chunk);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#done = true;
      this.listener.refused();
    }
  }

  #readFrame(chunk: Buffer): void {
    this.#frames.push(chunk);
    const payload = this.#frames.next();
    if (payload === undefined) return;
    if (!payload.equals(PIPE_GREETING)) {
      this.#done = true;
      this.listener.lobby(payload, this.#frames);
      return;
    }
    const header = Buffer.alloc(4);
    header.writeUInt32LE(payload.length);
    this.#handshake = Buffer.concat([header, payload]);
    this.#readHandshake(this.#frames.rest());
  }

  /** A handshake is a few hundred bytes at most, so it is simply read again with each piece. */
  #readHandshake(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#handshake ?? Buffer.alloc(0), chunk]);
    this.#handshake = bytes;
    try {
      const { handshake, length } = decodePipeHandshake(bytes);
      this.#done = true;
      this.listener.pipe(handshake, bytes.subarray(0, length), bytes.subarray(length));
    } catch (error) {
      if (!(error instanceof DecodeError) || error.kind !== 'truncated') throw error;
    }
  }
}
