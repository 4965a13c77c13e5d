import type { JsonString } from './json-string.js';

export type PayloadType = 'INIT' | 'CLOSE' | 'ERROR' | 'MESSAGE';

/** Where the text of a string member lies, between its quotes. `start` is -1 when the member is left out or null. */
export class TextSpan {
  start = -1;
  end = -1;
  escaped = false;

  get present(): boolean {
    return this.start >= 0;
  }
  get length(): number {
    return this.end - this.start;
  }
  clear(): void {
    this.start = -1;
    this.end = -1;
    this.escaped = false;
  }
  set(text: JsonString): void {
    this.start = text.stringStart;
    this.end = text.stringEnd;
    this.escaped = text.escaped;
  }
  /** The decoded text; undefined when left out. */
  text(bytes: Buffer): string | undefined {
    if (this.start < 0) return undefined;
    const raw = bytes.toString('utf8', this.start, this.end);
    return this.escaped ? (JSON.parse(`"${raw}"`) as string) : raw;
  }
}

/**
 * One decoded envelope: `payloadType` and where the other members lie in the frame. The members `key`,
 * `secret` and `group` belong to INIT and are ours; old readers skip unknown members.
 */
export class Envelope {
  type: PayloadType = 'MESSAGE';
  /**
   * The body is, byte for byte, what the expected `canonicalStart` and `CANONICAL_END` enclose,
   * so the frame may go out as it came. `source` is not set then: it is known to be the sender's.
   */
  canonical = false;
  readonly source = new TextSpan();
  readonly destination = new TextSpan();
  readonly payload = new TextSpan();
  readonly key = new TextSpan();
  readonly secret = new TextSpan();
  readonly group = new TextSpan();
  /** Why the payload, though well-formed JSON, cannot be delivered; undefined when it can. */
  refusal: 'payload must be a string' | 'payload holds half a surrogate pair' | undefined;
}
