import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { POSITION_LENGTH, PositionView } from './position-view.js';
import {
  type Ahead,
  type CarPosition,
  type ClientMessage,
  MessageType,
  PREFIX,
  type ServerMessage,
} from './rally-messages.js';

const MAX_MESSAGE = 1200;
const MAX_TICKET = 1000;
const HELLO_LENGTH = 24;

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
      return { type: 'join', ...head, ticket: new Uint8Array(reader.view(length)) };
    }
    case MessageType.clock:
      return { type: 'clock', session: reader.u32le(), token: reader.u32le() };
    case MessageType.position: {
      const position = { ...new PositionView().read(reader.bytes) };
      reader.skip(POSITION_LENGTH - 5);
      return { type: 'position', ...position };
    }
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
    case 'cars': {
      const writer = open(MessageType.cars).u8(message.cars.length);
      for (const { number, stage, age, metres, x, y, speed } of message.cars) {
        writer.u16le(number).u16le(stage).u16le(age);
        writer.f32le(metres).f32le(x).f32le(y).u16le(speed);
      }
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
    case MessageType.cars: {
      const cars: CarPosition[] = [];
      for (let left = reader.u8(); left > 0; left--) {
        cars.push({
          ...{ number: reader.u16le(), stage: reader.u16le(), age: reader.u16le() },
          ...{ metres: finite(reader), x: finite(reader), y: finite(reader) },
          speed: reader.u16le(),
        });
      }
      return { type: 'cars', cars };
    }
    default:
      throw new DecodeError('unexpected', 4, `type ${type} is none of a server`);
  }
}
