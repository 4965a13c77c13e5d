import { type ByteReader, DecodeError } from 'beaconry';
import { openMessage, openReader, readHash, writeHash } from './message-bytes.js';
import { type Ahead, type CarPosition, MessageType, type ServerMessage } from './rally-messages.js';

const MAX_AHEAD = 2;
const MAX_TIME_SCALE = 1_000_000;

export function encodeServer(message: ServerMessage): Uint8Array {
  switch (message.type) {
    case 'cookie':
      return openMessage(MessageType.cookie).u32le(message.cookie).toBytes();
    case 'welcome':
      return openMessage(MessageType.welcome)
        .u32le(message.session)
        .u64le(message.now)
        .f32le(message.timeScale)
        .toBytes();
    case 'refused':
      return openMessage(MessageType.refused)
        .u32le(message.sequence)
        .cString(message.reason)
        .cString(message.expected)
        .toBytes();
    case 'clockReply':
      return openMessage(MessageType.clockReply).u32le(message.token).u64le(message.now).toBytes();
    case 'passageReply':
      return openMessage(MessageType.passageReply)
        .u32le(message.sequence)
        .u16le(message.control)
        .u32le(message.elapsed)
        .toBytes();
    case 'orders': {
      const writer = openMessage(MessageType.orders)
        .u16le(message.next)
        .u64le(message.due)
        .u8(message.out ? 1 : 0);
      writeHash(writer, message.roadbookHash).u8(message.ahead.length);
      for (const { number, steamId } of message.ahead) writer.u16le(number).u64le(steamId);
      return writer.toBytes();
    }
    case 'cars': {
      const writer = openMessage(MessageType.cars).u8(message.cars.length);
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
        now: rallyTime(reader),
        timeScale: timeScale(reader),
      };
    case MessageType.refused:
      return {
        type: 'refused',
        sequence: reader.u32le(),
        reason: reader.cString(),
        expected: reader.cString(),
      };
    case MessageType.clockReply:
      return { type: 'clockReply', token: reader.u32le(), now: rallyTime(reader) };
    case MessageType.passageReply:
      return {
        type: 'passageReply',
        sequence: reader.u32le(),
        control: reader.u16le(),
        elapsed: reader.u32le(),
      };
    case MessageType.orders: {
      const next = reader.u16le();
      const due = rallyTime(reader);
      const out = reader.u8() === 1;
      const roadbookHash = readHash(reader);
      const ahead: Ahead[] = [];
      for (let left = count(reader); left > 0; left--) {
        ahead.push({ number: reader.u16le(), steamId: reader.u64le() });
      }
      return { type: 'orders', next, due, out, roadbookHash, ahead };
    }
    case MessageType.cars: {
      const cars: CarPosition[] = [];
      for (let left = count(reader); left > 0; left--) {
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

/** A clock that no program can reckon with is none. */
function timeScale(reader: ByteReader): number {
  const at = reader.offset;
  const value = finite(reader);
  if (value > 0 && value <= MAX_TIME_SCALE) return value;
  throw new DecodeError('invalid', at, `time does not run ${value} times as fast`);
}

/** Rally time as a number can hold it. */
function rallyTime(reader: ByteReader): bigint {
  const at = reader.offset;
  const value = reader.u64le();
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return value;
  throw new DecodeError('invalid', at, 'is no time');
}

/** At most two cars are ahead. */
function count(reader: ByteReader): number {
  const at = reader.offset;
  const value = reader.u8();
  if (value <= MAX_AHEAD) return value;
  throw new DecodeError('invalid', at, `${value} cars are too many`);
}

function finite(reader: ByteReader): number {
  const at = reader.offset;
  const value = reader.f32le();
  if (!Number.isFinite(value)) throw new DecodeError('invalid', at, 'is not a finite number');
  return value;
}
