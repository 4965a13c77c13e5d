import type { Clock, Connection, PeerAddress } from 'beaconry';
import type { WebSocket } from 'ws';

const HIGH_WATER = 64 * 1024;
const GRACE = 5000;
const NORMAL = 1000;
const UNSUPPORTED = 1003;

/**
 * The relay's byte stream over a WebSocket: binary messages of any size are its chunks, where they are cut
 * means nothing. A text message ends the connection.
 */
export class WebSocketConnection implements Connection {
  #corked: Uint8Array[] | undefined;
  #needsDrain = false;
  #onData: (chunk: Buffer) => void = () => {};
  #onClose: (error?: Error) => void = () => {};
  #onDrain: () => void = () => {};
  #error: Error | undefined;
  #cancelGrace: (() => void) | undefined;

  constructor(
    private readonly socket: WebSocket,
    readonly from: PeerAddress,
    private readonly clock: Pick<Clock, 'after'>,
  ) {
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#onData(data as Buffer);
      else socket.close(UNSUPPORTED, 'binary messages only');
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#cancelGrace?.();
      this.#onClose(this.#error);
    });
  }

  get pending(): number {
    return this.socket.bufferedAmount;
  }
  get closed(): boolean {
    return this.socket.readyState === this.socket.CLOSED;
  }
  onData(listener: (chunk: Buffer) => void): void {
    this.#onData = listener;
  }
  onLentData(listener: (chunk: Buffer) => void): void {
    this.onData(listener);
  }
  /** A WebSocket has no half-closed state: its end is its close. */
  onEnd(): void {}
  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener;
  }
  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#corked !== undefined) this.#corked.push(bytes);
    else if (this.socket.readyState === this.socket.OPEN) this.#send(bytes);
    const more = this.pending < HIGH_WATER;
    if (!more) this.#needsDrain = true;
    return more;
  }
  writeLent(parts: readonly Uint8Array[]): boolean {
    return this.write(Buffer.concat(parts));
  }
  cork(): void {
    this.#corked ??= [];
  }
  uncork(): void {
    const corked = this.#corked;
    this.#corked = undefined;
    if (corked !== undefined && corked.length > 0) this.write(Buffer.concat(corked));
  }
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }
  end(graceMs = GRACE): void {
    if (this.closed || this.#cancelGrace !== undefined) return;
    this.socket.close(NORMAL);
    this.#cancelGrace = this.clock.after(graceMs, () => this.socket.terminate());
  }
  destroy(): void {
    this.socket.terminate();
  }

  #send(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: true }, () => {
      if (!this.#needsDrain || this.pending > 0) return;
      this.#needsDrain = false;
      this.#onDrain();
    });
  }
}
