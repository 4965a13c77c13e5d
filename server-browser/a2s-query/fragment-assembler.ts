import { DecodeError } from '../../core/net/decode-error.js';
import { decompress } from './decompress.js';
import {
  decodeFragment,
  type Fragment,
  fragmentHeaderLength,
  isCompressed,
  type SplitFormat,
} from './fragment-codec.js';
import { MessageType, wordAt } from './message-header.js';

/** What collecting split messages may cost. */
export interface AssemblerLimits {
  /** Bytes of all pieces that wait, headers and bookkeeping included. Default 64 KiB. */
  readonly bytes?: number;
  /** Messages that are collected at once; the oldest makes room. Default 4. */
  readonly messages?: number;
}

/** What one piece costs beside its bytes, so that empty pieces are bounded as well. */
const PIECE_COST = 64;
const SHORTEST_HEADER = 9;
const MAX_PIECES = 255;
const formats: readonly SplitFormat[] = ['source', 'source-nosize', 'goldsrc'];
const answerTypes: readonly number[] = [
  MessageType.info,
  MessageType.obsoleteInfo,
  MessageType.players,
  MessageType.rules,
];

interface Collection {
  readonly pieces: Uint8Array[];
  bytes: number;
}

/**
 * Joins the pieces of split messages of one peer, in any order. No field names the format, so pieces are kept
 * as they came until piece 0 shows it: its payload begins with FF FF FF FF, or with bzip2 data.
 */
export class FragmentAssembler {
  readonly #collections = new Map<number, Collection>();
  readonly #limit: number;
  readonly #messages: number;
  #bytes = 0;

  constructor(limits: AssemblerLimits = {}) {
    this.#limit = limits.bytes ?? 65536;
    this.#messages = limits.messages ?? 4;
  }

  /** Bytes held for messages that are not whole. */
  get held(): number {
    return this.#bytes;
  }

  /**
   * Takes a copy of one piece; returns the whole message once the last one is there. Throws DecodeError for a
   * message that is longer than the limit or cannot be decompressed; that message is then forgotten.
   */
  add(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length < SHORTEST_HEADER) {
      throw new DecodeError('truncated', bytes.length, 'fragment without a header');
    }
    const id = wordAt(bytes, 4);
    const collection = this.#collect(id);
    if (collection.pieces.some((known) => sameCounts(known, bytes))) return undefined;
    const cost = bytes.length + PIECE_COST;
    this.#makeRoom(cost, id);
    if (this.#bytes + cost > this.#limit || collection.pieces.length === MAX_PIECES) {
      this.#forget(id);
      throw new DecodeError('invalid', 0, `split message past ${this.#limit} bytes`);
    }
    // The slice of a Buffer would be a view of memory that is read into again.
    collection.pieces.push(new Uint8Array(bytes));
    collection.bytes += cost;
    this.#bytes += cost;
    const whole = findWhole(collection.pieces);
    if (whole === undefined) return undefined;
    this.#forget(id);
    return joinFragments(whole);
  }

  clear(): void {
    this.#collections.clear();
    this.#bytes = 0;
  }

  #collect(id: number): Collection {
    const known = this.#collections.get(id);
    if (known !== undefined) return known;
    for (const oldest of this.#collections.keys()) {
      if (this.#collections.size < this.#messages) break;
      this.#forget(oldest);
    }
    const collection: Collection = { pieces: [], bytes: 0 };
    this.#collections.set(id, collection);
    return collection;
  }

  #makeRoom(cost: number, keep: number): void {
    for (const oldest of this.#collections.keys()) {
      if (this.#bytes + cost <= this.#limit) return;
      if (oldest !== keep) this.#forget(oldest);
    }
  }

  #forget(id: number): void {
    this.#bytes -= this.#collections.get(id)?.bytes ?? 0;
    this.#collections.delete(id);
  }
}

/** Bytes 8 and 9 hold total and number in every format; GoldSrc has only byte 8. */
const sameCounts = (one: Uint8Array, other: Uint8Array): boolean =>
  one[8] === other[8] && one[9] === other[9];

const findWhole = (pieces: readonly Uint8Array[]): readonly Fragment[] | undefined => {
  for (const begins of [beginsWithHeader, beginsWithType]) {
    for (const format of formats) {
      const whole = wholeIn(pieces, format, begins);
      if (whole !== undefined) return whole;
    }
  }
  return undefined;
};

function wholeIn(
  pieces: readonly Uint8Array[],
  format: SplitFormat,
  begins: (fragment: Fragment) => boolean,
): readonly Fragment[] | undefined {
  const total = pieces.find((piece) => isFirst(piece, format, begins))?.[8];
  if (total === undefined || pieces.length < totalOf(total, format)) return undefined;
  const whole: Fragment[] = [];
  for (const piece of pieces) {
    if (!belongs(piece, format, total)) continue;
    const fragment = decodeFragment(piece, format);
    if (fragment.number > 0 || begins(fragment)) whole[fragment.number] ??= fragment;
  }
  for (let number = 0; number < totalOf(total, format); number++) {
    if (whole[number] === undefined) return undefined;
  }
  return whole;
}

const totalOf = (counts: number, format: SplitFormat): number =>
  format === 'goldsrc' ? counts & 15 : counts;

const numberOf = (piece: Uint8Array, format: SplitFormat): number =>
  format === 'goldsrc' ? (piece[8] as number) >> 4 : (piece[9] ?? 255);

/** Long enough to be a piece of a message with these counts in byte 8, and numbered within it. */
const belongs = (piece: Uint8Array, format: SplitFormat, counts: number): boolean =>
  totalOf(piece[8] as number, format) === totalOf(counts, format) &&
  numberOf(piece, format) < totalOf(counts, format) &&
  piece.length >= fragmentHeaderLength(format) + (startsCompressed(piece, format) ? 8 : 0);

const startsCompressed = (piece: Uint8Array, format: SplitFormat): boolean =>
  format !== 'goldsrc' && numberOf(piece, format) === 0 && ((piece[7] as number) & 0x80) !== 0;

const isFirst = (
  piece: Uint8Array,
  format: SplitFormat,
  begins: (fragment: Fragment) => boolean,
): boolean =>
  numberOf(piece, format) === 0 &&
  belongs(piece, format, piece[8] as number) &&
  begins(decodeFragment(piece, format));

const beginsWithHeader = ({ id, compressed, payload }: Fragment): boolean =>
  isCompressed(id) && compressed !== undefined
    ? payload[0] === 0x42 && payload[1] === 0x5a && payload[2] === 0x68
    : payload[0] === 0xff && payload[1] === 0xff && payload[2] === 0xff && payload[3] === 0xff;

// COMPAT: a few servers leave the inner FF FF FF FF out (python-a2s reads those).
const beginsWithType = ({ id, payload }: Fragment): boolean =>
  !isCompressed(id) && answerTypes.includes(payload[0] as number);

function joinFragments(fragments: readonly Fragment[]): Uint8Array {
  const length = fragments.reduce((sum, { payload }) => sum + payload.length, 0);
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const { payload } of fragments) {
    joined.set(payload, offset);
    offset += payload.length;
  }
  const compressed = fragments[0]?.compressed;
  const message =
    compressed === undefined ? joined : decompress(joined, compressed.size, compressed.crc32);
  if (!answerTypes.includes(message[0] as number)) return message;
  const complete = new Uint8Array(message.length + 4).fill(0xff, 0, 4);
  complete.set(message, 4);
  return complete;
}
