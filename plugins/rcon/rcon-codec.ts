import { ByteReader, ByteWriter, DecodeError } from 'beaconry';

/** Source RCON, as Valve's wiki describes it: int32 size, id, type, body and an empty string, little endian. */

/** What a client sends; `response` is the empty packet that marks the end of an answer. */
export const RequestType = { response: 0, execute: 2, auth: 3 } as const;
/** What a server sends. */
const AnswerType = { response: 0, authResponse: 2 } as const;

export interface RconPacket {
  readonly id: number;
  readonly type: number;
  /** UTF-8, without the terminating zero. */
  readonly body: Uint8Array;
}

/** Bytes behind the size field: id, type, two zeros. */
const smallest = 10;
/** Largest value of the size field, in both directions. */
export const largestSize = 4096;
/** Largest body of one packet. */
export const largestBody = largestSize - smallest;
/** The body of the second packet that follows a mirrored end mark. */
const endMarkBody = Uint8Array.of(0, 1, 0, 0);
const noBody = new Uint8Array(0);

/** Reads what stands behind the size field. */
export function decodePacket(bytes: Uint8Array): RconPacket {
  if (bytes.length < smallest) {
    throw new DecodeError(
      'truncated',
      bytes.length,
      `an RCON packet has at least ${smallest} bytes`,
    );
  }
  const reader = new ByteReader(bytes);
  const id = reader.i32le();
  const type = reader.i32le();
  const body = bytes.subarray(8, bytes.length - 2);
  // Some clients leave a zero out at the end of the text, none puts one into it.
  const end = body.indexOf(0);
  if (end !== -1 && type !== RequestType.response) {
    throw new DecodeError('invalid', 8 + end, 'a zero inside the text');
  }
  if (bytes.at(-1) !== 0 || bytes.at(-2) !== 0) {
    throw new DecodeError('invalid', bytes.length - 2, 'the packet does not end in two zeros');
  }
  return { id, type, body };
}

/** The whole packet with its size field. */
export function encodePacket({ id, type, body }: RconPacket): Uint8Array {
  if (body.length > largestBody) throw new RangeError(`a body of ${body.length} bytes is too long`);
  const writer = new ByteWriter(4 + smallest + body.length);
  writer
    .i32le(smallest + body.length)
    .i32le(id)
    .i32le(type)
    .bytes(body)
    .u8(0)
    .u8(0);
  return writer.toBytes();
}

/** An answer in as many packets as it needs, at least one; no character is cut in two. */
export function encodeAnswer(id: number, text: string): Uint8Array[] {
  const bytes = Buffer.from(text.replaceAll('\0', ''));
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length || packets.length === 0; ) {
    let end = Math.min(bytes.length, at + largestBody);
    while (end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    packets.push(encodePacket({ id, type: AnswerType.response, body: bytes.subarray(at, end) }));
    at = end;
  }
  return packets;
}

/** How an empty RESPONSE_VALUE is answered: mirrored, and a second packet behind it. */
export const encodeEndMark = (id: number): Uint8Array[] => [
  encodePacket({ id, type: AnswerType.response, body: noBody }),
  encodePacket({ id, type: AnswerType.response, body: endMarkBody }),
];

/** A login is answered by an empty response and then the verdict: the same id, or -1. */
export const encodeVerdict = (id: number, accepted: boolean): Uint8Array[] => [
  encodePacket({ id, type: AnswerType.response, body: noBody }),
  encodePacket({ id: accepted ? id : -1, type: AnswerType.authResponse, body: noBody }),
];
