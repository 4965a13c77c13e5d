import { DecodeError } from 'beaconry';

/** Longest line in bytes, without its LF: a signal of a few kB in hex, and the identity before it. */
export const MAX_LINE = 16 * 1024;
const MAX_IDENTITY = 127;

/** The first line of a peer: who it is, and the proof where one is asked for. */
export interface Greeting {
  readonly identity: string;
  readonly token: string | undefined;
}

/** `DESTINATION PAYLOAD` from a peer, `SENDER PAYLOAD` to one; the payload is hex in the public example. */
export interface SignalLine {
  readonly identity: string;
  readonly payload: string;
}

// A payload is one word of printable ASCII: hex, base64, whatever the peers agree on.
const WORD = /^[\x21-\x7e]+$/;
// An identity is one word too; letters beyond ASCII are allowed in `str:`.
const IDENTITY = /^[^\s\p{Cc}]+$/u;

/** `IDENTITY` or `IDENTITY TOKEN`. */
export function decodeGreeting(line: string): Greeting {
  const [identity = '', token, more] = line.split(' ');
  checkIdentity(identity);
  if (more !== undefined || (token !== undefined && !WORD.test(token))) {
    throw new DecodeError('invalid', identity.length, 'first line is not an identity and a token');
  }
  return { identity, token };
}

export function decodeSignalLine(line: string): SignalLine {
  const blank = line.indexOf(' ');
  const identity = line.slice(0, Math.max(0, blank));
  const payload = line.slice(blank + 1);
  checkIdentity(identity);
  if (!WORD.test(payload)) {
    throw new DecodeError('invalid', blank + 1, 'signal has no payload of one word');
  }
  return { identity, payload };
}

export const encodeSignalLine = ({ identity, payload }: SignalLine): string =>
  `${identity} ${payload}`;

function checkIdentity(identity: string): void {
  if (Buffer.byteLength(identity) > MAX_IDENTITY || !IDENTITY.test(identity)) {
    throw new DecodeError('invalid', 0, 'line does not begin with an identity of one word');
  }
}

/**
 * Cuts a stream into lines that end with LF (or CR LF). A line that outgrows the limit is skipped to its end
 * and reported as undefined, so that nothing is kept of it.
 */
export class LineReader {
  #rest = Buffer.alloc(0);
  #skipping = false;

  *lines(chunk: Buffer): Generator<string | undefined> {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      start = end + 1;
      if (this.#skipping) {
        this.#skipping = false;
        yield undefined;
        continue;
      }
      const line = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
      this.#rest = Buffer.alloc(0);
      yield line.length > MAX_LINE + 1 ? undefined : line.toString('utf8').replace(/\r$/, '');
    }
    if (this.#skipping || start === chunk.length) return;
    const tail = chunk.subarray(start);
    if (this.#rest.length + tail.length > MAX_LINE + 1) {
      this.#rest = Buffer.alloc(0);
      this.#skipping = true;
    } else {
      this.#rest = Buffer.concat([this.#rest, tail]);
    }
  }
}
