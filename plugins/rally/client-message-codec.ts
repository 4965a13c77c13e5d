import { type ByteReader, DecodeError } from 'beaconry';
import { openMessage, openReader, readHash, writeHash } from './message-bytes.js';
import { POSITION_LENGTH, PositionView } from './position-view.js';
import { type ClientMessage, MessageType } from './rally-messages.js';

const MAX_TICKET = 1000;
const HELLO_LENGTH = 24;

export function encodeClient(message: ClientMessage): Uint8Array {
  switch (message.type) {
    case 'hello':
      // Padded: the answer is no longer than the question.
      return openMessage(MessageType.hello)
        .bytes(new Uint8Array(HELLO_LENGTH - 5))
        .toBytes();
    case 'join': {
      const writer = openMessage(MessageType.join)
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
      return openMessage(MessageType.clock).u32le(message.session).u32le(message.token).toBytes();
    case 'position':
      return openMessage(MessageType.position)
        .u32le(message.session)
        .u32le(message.sequence)
        .f32le(message.metres)
        .f32le(message.x)
        .f32le(message.y)
        .u16le(message.speed)
        .toBytes();
    case 'passage':
      return openMessage(MessageType.passage)
        .u32le(message.session)
        .u32le(message.sequence)
        .u16le(message.control)
        .u64le(message.at)
        .toBytes();
    case 'leave':
      return openMessage(MessageType.leave).u32le(message.session).toBytes();
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
        carsHash: readHash(reader),
        roadbookHash: readHash(reader),
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
