import { ServerError } from 'beaconry';
import type { AgentControl } from './agent-control-codec.js';

const SEGMENT = 1100;
const WINDOW = 32;
const MAX_QUEUED = 1024;
const MAX_MESSAGE = 512 * 1024;

interface Waiting {
  readonly control: Extract<AgentControl, { type: 'segment' }>;
  sentAt: number;
  tries: number;
}

/** Messages that arrive once and in order, over packets that may not: one lane of a connection. */
export class ReliableMessages {
  #next = 0;
  #base = 0;
  /** Of the first segment that never left. */
  #unsent = 0;
  #inFlight = 0;
  #pendingBytes = 0;
  #unacknowledgedBytes = 0;
  readonly #waiting = new Map<number, Waiting>();
  #expected = 0;
  readonly #early = new Map<number, { readonly last: boolean; readonly bytes: Uint8Array }>();
  #parts: Uint8Array[] = [];
  #partLength = 0;
  #mustAcknowledge = false;
  #rtt = 200;

  constructor(
    private readonly send: (control: AgentControl) => void,
    private readonly onMessage: (bytes: Uint8Array) => void,
  ) {}

  /** Segments that left and are not acknowledged. */
  get inFlight(): number {
    return this.#inFlight;
  }
  /** Bytes of the message that is not whole yet. */
  get incompleteBytes(): number {
    return this.#partLength;
  }
  /** Bytes that never left, and those that did and are not acknowledged. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }
  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }
  /** Whether {@link sendNext} has something to send. */
  get hasNext(): boolean {
    return this.#unsent < this.#next && this.#unsent < this.#base + WINDOW;
  }

  /** Queues a message. QUEUE_FULL when the far side does not keep up, MESSAGE_TOO_LARGE past 512 KiB. */
  push(bytes: Uint8Array): void {
    const count = Math.max(1, Math.ceil(bytes.length / SEGMENT));
    if (bytes.length > MAX_MESSAGE) {
      throw new ServerError('MESSAGE_TOO_LARGE', `message of ${bytes.length} bytes`);
    }
    if (this.#waiting.size + count > MAX_QUEUED) {
      throw new ServerError('QUEUE_FULL', 'the far side does not keep up with reliable messages');
    }
    for (let i = 0; i < count; i++) {
      const part = new Uint8Array(bytes.subarray(i * SEGMENT, (i + 1) * SEGMENT));
      const number = this.#next++;
      const control = { type: 'segment', number, last: i === count - 1, bytes: part } as const;
      this.#pendingBytes += part.length;
      this.#waiting.set(number, { control, sentAt: Number.NEGATIVE_INFINITY, tries: 0 });
    }
  }

  /** Sends the next segment that never left; tells its bytes. */
  sendNext(now: number): number {
    const waiting = this.hasNext ? this.#waiting.get(this.#unsent) : undefined;
    if (waiting === undefined) return 0;
    const { length } = waiting.control.bytes;
    this.#unsent++;
    this.#inFlight++;
    this.#pendingBytes -= length;
    this.#unacknowledgedBytes += length;
    waiting.sentAt = now;
    waiting.tries = 1;
    this.send(waiting.control);
    return length;
  }

  /** Sends what is due again after `rtt` and a margin, and what is owed. */
  tick(now: number, rtt: number): void {
    this.#rtt = rtt;
    for (let number = this.#base; number < this.#unsent; number++) {
      const waiting = this.#waiting.get(number);
      if (waiting === undefined) continue;
      const pause = Math.min(3000, Math.max(150, rtt * 1.5) * 2 ** Math.min(2, waiting.tries - 1));
      if (now - waiting.sentAt < pause) continue;
      waiting.sentAt = now;
      waiting.tries++;
      this.send(waiting.control);
    }
    if (this.#mustAcknowledge) this.#acknowledge();
  }

  segment(control: Extract<AgentControl, { type: 'segment' }>): void {
    this.#mustAcknowledge = true;
    const { number, last, bytes } = control;
    if (number < this.#expected || number >= this.#expected + WINDOW) return;
    // Only a whole empty message has no bytes: others would grow a list for nothing.
    if (bytes.length === 0 && !last) return;
    this.#early.set(number, { last, bytes });
    for (;;) {
      const part = this.#early.get(this.#expected);
      if (part === undefined) return;
      this.#early.delete(this.#expected++);
      this.#partLength += part.bytes.length;
      if (this.#partLength <= MAX_MESSAGE) this.#parts.push(part.bytes);
      if (!part.last) continue;
      const message = this.#partLength <= MAX_MESSAGE ? Buffer.concat(this.#parts) : undefined;
      this.#parts = [];
      this.#partLength = 0;
      if (message !== undefined) this.onMessage(new Uint8Array(message));
    }
  }

  acknowledged(
    { next, following }: Extract<AgentControl, { type: 'acknowledge' }>,
    now: number,
  ): void {
    if (next > this.#unsent) return;
    for (; this.#base < next; this.#base++) this.#arrived(this.#base);
    for (let i = 0; i < 32; i++) {
      if ((following & (1 << i)) !== 0) this.#arrived(next + 1 + i);
    }
    // What was overtaken is lost: it need not wait for its time.
    const overtaken = 32 - Math.clz32(following);
    for (let number = next; number < next + overtaken; number++) {
      const waiting = this.#waiting.get(number);
      if (
        waiting !== undefined &&
        number < this.#unsent &&
        now - waiting.sentAt > Math.max(50, this.#rtt)
      ) {
        waiting.sentAt = now;
        this.send(waiting.control);
      }
    }
  }

  #arrived(number: number): void {
    const waiting = number < this.#unsent ? this.#waiting.get(number) : undefined;
    if (waiting === undefined) return;
    this.#waiting.delete(number);
    this.#inFlight--;
    this.#unacknowledgedBytes -= waiting.control.bytes.length;
  }

  #acknowledge(): void {
    this.#mustAcknowledge = false;
    let following = 0;
    for (let i = 0; i < 32; i++) if (this.#early.has(this.#expected + 1 + i)) following |= 1 << i;
    this.send({ type: 'acknowledge', next: this.#expected, following });
  }
}
