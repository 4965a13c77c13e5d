import { ByteReader } from '../../core/net/byte-reader.js';
import { expectMessage, MessageType, startMessage } from './message-header.js';

/** Text as UTF-8 with replacement, and the bytes: some games put binary data into rules. */
export interface Rule {
  readonly name: string;
  readonly value: string;
  readonly nameBytes: Uint8Array;
  readonly valueBytes: Uint8Array;
}

/** The rules of a server. */
export interface RulesAnswer {
  /** The count of the header; the list is shorter when the server cut its answer. */
  readonly announced: number;
  readonly rules: readonly Rule[];
}

// COMPAT: python-a2s and steam-server-query read the count as signed.
const MAX_RULES = 32767;
const encoder = new TextEncoder();

/**
 * `FF FF FF FF 45 count:2 (name value)*`. A rule that no longer fits into `limit` (bytes of the whole
 * message) is passed over; a zero byte inside a name or value is left out.
 */
export function encodeRules(
  rules: Iterable<readonly [name: string | Uint8Array, value: string | Uint8Array]>,
  limit = Number.POSITIVE_INFINITY,
): Uint8Array {
  const writer = startMessage(MessageType.rules, 1024).u16le(0);
  let count = 0;
  for (const [name, value] of rules) {
    const nameBytes = withoutZeros(name);
    const valueBytes = withoutZeros(value);
    if (count === MAX_RULES) break;
    if (writer.length + nameBytes.length + valueBytes.length + 2 > limit) continue;
    writer.bytes(nameBytes).u8(0).bytes(valueBytes).u8(0);
    count++;
  }
  const message = writer.toBytes();
  message[5] = count & 0xff;
  message[6] = count >> 8;
  return message;
}

const withoutZeros = (part: string | Uint8Array): Uint8Array => {
  const bytes = typeof part === 'string' ? encoder.encode(part) : part;
  return bytes.includes(0) ? bytes.filter((byte) => byte !== 0) : bytes;
};

/** Reads to the end of the data or of the count; a rule that is cut off is left out, appended bytes too. */
export function decodeRules(bytes: Uint8Array): RulesAnswer {
  const reader = new ByteReader(bytes);
  expectMessage(reader, MessageType.rules, 'a RULES answer');
  const announced = reader.u16le();
  const rules: Rule[] = [];
  while (rules.length < announced) {
    const nameStart = reader.offset;
    const nameEnd = bytes.indexOf(0, nameStart);
    const valueEnd = nameEnd === -1 ? -1 : bytes.indexOf(0, nameEnd + 1);
    if (valueEnd === -1) break;
    rules.push({
      nameBytes: new Uint8Array(bytes.subarray(nameStart, nameEnd)),
      name: reader.cString(),
      valueBytes: new Uint8Array(bytes.subarray(nameEnd + 1, valueEnd)),
      value: reader.cString(),
    });
  }
  return { announced, rules };
}
