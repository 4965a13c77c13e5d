import { HopTag } from './hop-tag.js';

/** First byte of data packets; flags below. */
export const DATA = 0x80;
export const FLAG_FRAGMENT = 1;
export const FLAG_CONTROL = 2;
export const FLAG_PHASE = 4;
export const CONTROL = 0x40;
/** Data: 9 bytes of header, 2 of port index, 16 of end-to-end tag, 8 of hop tag. */
export const MIN_DATA = 35;
export const MAX_DATA = 1300;
export const MIN_CONTROL = 18;
export const MAX_CONTROL = 64;

const tag = new HopTag();
const words = new Int32Array(16);

export const readWord = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

export const writeWord = (bytes: Uint8Array, at: number, word: number): void => {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
};

/** Session id of a data or control packet, as a signed word. */
export const sessionIdOf = (bytes: Uint8Array): number => readWord(bytes, 1);
/** Low 32 bits of the packet number, or the counter of a control packet. */
export const numberOf = (bytes: Uint8Array): number => readWord(bytes, 5) >>> 0;

/** Whether the lengths and the first byte are those of data or control. */
export function isHopPacket(bytes: Uint8Array): boolean {
  const first = bytes[0] as number;
  if ((first & 0xf8) === DATA) return bytes.length >= MIN_DATA && bytes.length <= MAX_DATA;
  return first === CONTROL && bytes.length >= MIN_CONTROL && bytes.length <= MAX_CONTROL;
}

function compute(bytes: Uint8Array, keys: Int32Array, at: number, high: number): void {
  const { length } = bytes;
  words[0] = (bytes[0] as number) | (length << 16);
  words[1] = readWord(bytes, 1);
  words[2] = readWord(bytes, 5);
  words[3] = high;
  if (bytes[0] !== CONTROL) {
    words[4] = readWord(bytes, length - 24);
    words[5] = readWord(bytes, length - 20);
    words[6] = readWord(bytes, length - 16);
    words[7] = readWord(bytes, length - 12);
    tag.of(keys, at, words, 8);
    return;
  }
  const end = length - 8;
  let count = 4;
  for (let from = 9; from < end; from += 4) {
    let word = 0;
    for (let i = 0; i < 4 && from + i < end; i++) word |= (bytes[from + i] as number) << (i * 8);
    words[count++] = word;
  }
  if (count % 2 === 1) words[count++] = 0;
  tag.of(keys, at, words, count);
}

/** Checks the hop tag; `high` is the upper half of the packet number (0 for control). */
export function verifyHopTag(
  bytes: Uint8Array,
  keys: Int32Array,
  at: number,
  high: number,
): boolean {
  compute(bytes, keys, at, high);
  const end = bytes.length;
  return ((readWord(bytes, end - 8) ^ tag.low) | (readWord(bytes, end - 4) ^ tag.high)) === 0;
}

/** Writes the hop tag into the last 8 bytes. */
export function writeHopTag(bytes: Uint8Array, keys: Int32Array, at: number, high: number): void {
  compute(bytes, keys, at, high);
  writeWord(bytes, bytes.length - 8, tag.low);
  writeWord(bytes, bytes.length - 4, tag.high);
}

/** The whole number nearest to the newest one, from its low 32 bits. */
export const fullNumber = (low: number, newest: number): number => {
  const full = newest + ((low - (newest % 4294967296)) | 0);
  return full < 0 ? full + 4294967296 : full;
};

export const highHalf = (number: number): number => Math.floor(number / 4294967296) | 0;
