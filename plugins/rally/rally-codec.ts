import { ByteReader, ByteWriter, DecodeError } from 'beaconry';

/** First bytes of every datagram: `RLY1`. */
export const PREFIX = Uint8Array.of(0x52, 0x4c, 0x59, 0x31);
export const PROTOCOL = 1;
const MAX_MESSAGE = 1200;
const MAX_TICKET = 1000;
const HELLO_LENGTH = 24;

/** docs/rally-protocol.md: the type byte after the prefix. */
export const MessageType = {
  hello: 1,
  join: 2,
  clock: 3,
  position: 4,
  passage: 5,
  leave: 6,
  cookie: 65,
  welcome: 66,
  refused: 67,
  clockReply: 68,
  passageReply: 69,
  orders: 70,
} as const;

export interface Join {
  readonly cookie: number;
  readonly protocol: number;
  readonly steamId: bigint;
  readonly number: number;
  /** 8 bytes each, as hex. */
  readonly carsHash: string;
  readonly roadbookHash: string;
  readonly gameVersion: string;
  readonly password: string;
  readonly ticket: Uint8Array;
}
export interface Position {
  readonly session: number;
  readonly sequence: number;
  /** Metres from the start of the stage. */
  readonly metres: number;
  readonly x: number;
  readonly y: number;
  /** Centimetres per second. */
  readonly speed: number;
}
export interface Passage {
  readonly session: number;
  readonly sequence: number;
  readonly control: number;
  /** Rally time in milliseconds. */
  readonly at: bigint;
}
export interface Ahead {
  readonly number: number;
  readonly steamId: bigint;
}
export interface Orders {
  /** Next control; 65535 when there is none. */
  readonly next: number;
  /** Rally time; 0 when nothing is due. */
  readonly due: bigint;
  readonly out: boolean;
  readonly ahead: readonly Ahead[];
  /** Of the stage that comes next: what to load and verify. */
  readonly roadbookHash: string;
}
export interface Welcome {
  readonly session: number;
  /** Rally time now. */
  readonly now: bigint;
  /** How many times faster than real time the rally's clock runs. */
  readonly timeScale: number;
}
export interface Refused {
  /** Sequence of the refused passage or position; 0 of a join. */
  readonly sequence: number;
  readonly reason: string;
  /** What would have been right; empty when it is no matter of values. */
  readonly expected: string;
}

export type ClientMessage =
  | { readonly type: 'hello' }
  | ({ readonly type: 'join' } & Join)
  | { readonly type: 'clock'; readonly session: number; readonly token: number }
  | ({ readonly type: 'position' } & Position)
  | ({ readonly type: 'passage' } & Passage)
  | { readonly type: 'leave'; readonly session: number };

export type ServerMessage =
  | { readonly type: 'cookie'; readonly cookie: number }
  | ({ readonly type: 'welcome' } & Welcome)
  | ({ readonly type: 'refused' } & Refused)
  | { readonly type: 'clockReply'; readonly token: number; readonly now: bigint }
  | {
      readonly type: 'passageReply';
      readonly sequence: number;
      readonly control: number;
      /** Since the start of the stage, 0 outside. */
      readonly elapsed: number;
    }
  | ({ readonly type: 'orders' } & Orders);

const open = (type: number) => new ByteWriter(64, MAX_MESSAGE).bytes(PREFIX).u8(type);
const hexBytes = (text: string) => Uint8Array.from(Buffer.from(text, 'hex').subarray(0, 8));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const writeHash = (writer: ByteWriter, hash: string) => {
  const bytes = new Uint8Array(8);
  bytes.set(hexBytes(hash));
  return writer.bytes(bytes);
};

function openReader(bytes: Uint8Array): ByteReader {
  if (bytes.length > MAX_MESSAGE) throw new DecodeError('invalid', 0, 'message too long');
  const reader = new ByteReader(bytes);
  reader.expect(PREFIX, 'a rally message');
  return reader;
}

export function encodeClient(message: ClientMessage): Uint8Array {
  switch (message.type) {
    case 'hello':
      // Padded: the answer is no longer than the question.
      return open(MessageType.hello)
        .bytes(new Uint8Array(HELLO_LENGTH - 5))
        .toBytes();
    case 'join': {
      const writer = open(MessageType.join)
        .u32le(message.cookie)
        .u8(message.protocol)
        .u64le(message.steamId)
        .u16le(message.number);
      writeHash(writer, message.carsHash);
      writeHash(writer, message.roadbookHash);
      return writer
        .cString(message.gameVersion)
        .cString(message.password)
        .u16le(message.ticket.length)
        .bytes(message.ticket)
        .toBytes();
    }
    case 'clock':
      return open(MessageType.clock).u32le(message.session).u32le(message.token).toBytes();
    case 'position':
      return open(MessageType.position)
        .u32le(message.session)
        .u32le(message.sequence)
        .f32le(message.metres)
        .f32le(message.x)
        .f32le(message.y)
        .u16le(message.speed)
        .toBytes();
    case 'passage':
      return open(MessageType.passage)
        .u32le(message.session)
        .u32le(message.sequence)
        .u16le(message.control)
        .u64le(message.at)
        .toBytes();
    case 'leave':
      return open(MessageType.leave).u32le(message.session).toBytes();
  }
}

/** Errors: DecodeError for anything that is not exactly one message of a client. */
export function decodeClient(bytes: Uint8Array): ClientMessage {
  const reader = openReader(bytes);
  const message = readClient(reader);
  reader.end();
  return message;
}

function readClient(reader: ByteReader): ClientMessage {
  const type = reader.u8();
  switch (type) {
    case MessageType.hello:
      reader.skip(HELLO_LENGTH - 5);
      return { type: 'hello' };
    case MessageType.join: {
      const head = {
        cookie: reader.u32le(),
        protocol: reader.u8(),
        steamId: reader.u64le(),
        number: reader.u16le(),
        carsHash: hexOf(reader.view(8)),
        roadbookHash: hexOf(reader.view(8)),
        gameVersion: reader.cString(),
        password: reader.cString(),
      };
      const length = reader.u16le();
      if (length > MAX_TICKET) throw new DecodeError('invalid', reader.offset, 'ticket too long');
      return { type: 'join', ...head, ticket: reader.view(length).slice() };
    }
    case MessageType.clock:
      return { type: 'clock', session: reader.u32le(), token: reader.u32le() };
    case MessageType.position:
      return {
        type: 'position',
        session: reader.u32le(),
        sequence: reader.u32le(),
        metres: finite(reader),
        x: finite(reader),
        y: finite(reader),
        speed: reader.u16le(),
      };
    case MessageType.passage:
      return {
        type: 'passage',
        session: reader.u32le(),
        sequence: reader.u32le(),
        control: reader.u16le(),
        at: reader.u64le(),
      };
    case MessageType.leave:
      return { type: 'leave', session: reader.u32le() };
    default:
      throw new DecodeError('unexpected', 4, `type ${type} is none of a client`);
  }
}

function finite(reader: ByteReader): number {
  const at = reader.offset;
  const value = reader.f32le();
  if (!Number.isFinite(value)) throw new DecodeError('invalid', at, 'is not a finite number');
  return value;
}

export function encodeServer(message: ServerMessage): Uint8Array {
  switch (message.type) {
    case 'cookie':
      return open(MessageType.cookie).u32le(message.cookie).toBytes();
    case 'welcome':
      return open(MessageType.welcome)
        .u32le(message.session)
        .u64le(message.now)
        .f32le(message.timeScale)
        .toBytes();
    case 'refused':
      return open(MessageType.refused)
        .u32le(message.sequence)
        .cString(message.reason)
        .cString(message.expected)
        .toBytes();
    case 'clockReply':
      return open(MessageType.clockReply).u32le(message.token).u64le(message.now).toBytes();
    case 'passageReply':
      return open(MessageType.passageReply)
        .u32le(message.sequence)
        .u16le(message.control)
        .u32le(message.elapsed)
        .toBytes();
    case 'orders': {
      const writer = open(MessageType.orders)
        .u16le(message.next)
        .u64le(message.due)
        .u8(message.out ? 1 : 0);
      writeHash(writer, message.roadbookHash).u8(message.ahead.length);
      for (const { number, steamId } of message.ahead) writer.u16le(number).u64le(steamId);
      return writer.toBytes();
    }
  }
}

/** Errors: DecodeError for anything that is not exactly one message of a server. */
export function decodeServer(bytes: Uint8Array): ServerMessage {
  const reader = openReader(bytes);
  const message = readServer(reader);
  reader.end();
  return message;
}

function readServer(reader: ByteReader): ServerMessage {
  const type = reader.u8();
  switch (type) {
    case MessageType.cookie:
      return { type: 'cookie', cookie: reader.u32le() };
    case MessageType.welcome:
      return {
        type: 'welcome',
        session: reader.u32le(),
        now: reader.u64le(),
        timeScale: finite(reader),
      };
    case MessageType.refused:
      return {
        type: 'refused',
        sequence: reader.u32le(),
        reason: reader.cString(),
        expected: reader.cString(),
      };
    case MessageType.clockReply:
      return { type: 'clockReply', token: reader.u32le(), now: reader.u64le() };
    case MessageType.passageReply:
      return {
        type: 'passageReply',
        sequence: reader.u32le(),
        control: reader.u16le(),
        elapsed: reader.u32le(),
      };
    case MessageType.orders: {
      const next = reader.u16le();
      const due = reader.u64le();
      const out = reader.u8() === 1;
      const roadbookHash = hexOf(reader.view(8));
      const ahead: Ahead[] = [];
      for (let left = reader.u8(); left > 0; left--) {
        ahead.push({ number: reader.u16le(), steamId: reader.u64le() });
      }
      return { type: 'orders', next, due, out, roadbookHash, ahead };
    }
    default:
      throw new DecodeError('unexpected', 4, `type ${type} is none of a server`);
  }
}
