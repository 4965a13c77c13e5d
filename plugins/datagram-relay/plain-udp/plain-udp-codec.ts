import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { decodeProtobuf } from '../../coordinator/sdr/protobuf-codec.js';
import {
  ConnectOkDatagramSchema,
  ConnectRequestDatagramSchema,
} from '../../coordinator/sdr/sdr_pb.js';
import {
  ChallengeReplySchema,
  ChallengeRequestSchema,
  ConnectionClosedSchema,
  NoConnectionSchema,
} from './plain_udp_pb.js';

/** First bytes of the plain UDP wire (sdr section 16). */
export const PlainLead = {
  challengeRequest: 0x20,
  challengeReply: 0x21,
  connectRequest: 0x22,
  connectOk: 0x23,
  connectionClosed: 0x24,
  noConnection: 0x25,
} as const;
export const PROTOCOL_VERSION = 13;
export const MAX_PLAIN_DATAGRAM = 1300;
/** What makes a stranger answer is at least this long. */
export const MIN_PADDED = 512;
const DATA = 0x80;
const FLAG_STATS = 1;
const FLAG_TIME = 2;
/** First byte, connection id, low 16 bits of the packet number. */
export const DATA_HEADER = 7;

const SCHEMAS = {
  [PlainLead.challengeRequest]: ChallengeRequestSchema,
  [PlainLead.challengeReply]: ChallengeReplySchema,
  [PlainLead.connectRequest]: ConnectRequestDatagramSchema,
  [PlainLead.connectOk]: ConnectOkDatagramSchema,
  [PlainLead.connectionClosed]: ConnectionClosedSchema,
  [PlainLead.noConnection]: NoConnectionSchema,
} as const;
type Schemas = typeof SCHEMAS;
export type HandshakeLead = keyof Schemas;
export type PlainMessage<L extends HandshakeLead> = MessageShape<Schemas[L]>;
type Fields<L extends HandshakeLead> = Parameters<typeof create<Schemas[L]>>[1];

const isPadded = (lead: number): boolean =>
  lead === PlainLead.challengeRequest || lead === PlainLead.connectionClosed;

/** A handshake datagram; padded where an answer is wanted. */
export function encodePlain<L extends HandshakeLead>(lead: L, fields: Fields<L>): Uint8Array {
  const schema: DescMessage = SCHEMAS[lead];
  const body = toBinary(schema, create(schema, fields as never));
  const writer = new ByteWriter(MIN_PADDED, MAX_PLAIN_DATAGRAM).u8(lead);
  if (!isPadded(lead)) return writer.bytes(body).toBytes();
  writer.u16le(body.length).bytes(body);
  if (writer.length < MIN_PADDED) writer.bytes(new Uint8Array(MIN_PADDED - writer.length));
  return writer.toBytes();
}

/** DecodeError for another message, a padded one that is too short, and what is no protobuf. */
export function decodePlain<L extends HandshakeLead>(lead: L, bytes: Uint8Array): PlainMessage<L> {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== lead) throw new DecodeError('unexpected', 0, `is not message ${lead}`);
  if (isPadded(lead) && bytes.length < MIN_PADDED) {
    throw new DecodeError('truncated', bytes.length, `is shorter than ${MIN_PADDED} bytes`);
  }
  const body = isPadded(lead) ? reader.view(reader.u16le()) : reader.view(reader.remaining);
  return decodeProtobuf(SCHEMAS[lead] as DescMessage, body, MAX_PLAIN_DATAGRAM) as PlainMessage<L>;
}

export interface PlainData {
  readonly connectionId: number;
  /** Low 16 bits. */
  readonly number: number;
  /** Statistics came along, which ask for an acknowledgement. */
  readonly hasStats: boolean;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array;
}

export const isPlainData = (bytes: Uint8Array): boolean => ((bytes[0] ?? 0) & 0x80) !== 0;

export function encodePlainData(
  connectionId: number,
  number: number,
  sealed: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter(DATA_HEADER + sealed.length, MAX_PLAIN_DATAGRAM).u8(DATA);
  return writer
    .u32le(connectionId >>> 0)
    .u16le(number % 65536)
    .bytes(sealed)
    .toBytes();
}

export function decodePlainData(bytes: Uint8Array): PlainData {
  const reader = new ByteReader(bytes);
  const first = reader.u8();
  if ((first & 0xf0) !== DATA || bytes.length > MAX_PLAIN_DATAGRAM) {
    throw new DecodeError('unexpected', 0, 'is not a data packet of plain UDP');
  }
  const connectionId = reader.u32le();
  const number = reader.u16le();
  const hasStats = (first & FLAG_STATS) !== 0;
  if (hasStats) reader.skip(readVarint(reader));
  if ((first & FLAG_TIME) !== 0) reader.skip(2);
  const sealed = reader.view(reader.remaining);
  if (sealed.length < 16) throw new DecodeError('truncated', bytes.length, 'data has no tag');
  return { connectionId, number, hasStats, sealed };
}

/** A varint of at most 48 bits, in which everything of this wire fits. */
export function readVarint(reader: ByteReader): number {
  let value = 0;
  for (let factor = 1; factor < 2 ** 48; factor *= 128) {
    const byte = reader.u8();
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
  throw new DecodeError('invalid', reader.offset, 'varint has more than 48 bits');
}

export function writeVarint(writer: ByteWriter, value: number): ByteWriter {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) writer.u8((rest % 128) | 128);
  return writer.u8(rest);
}
