import { ByteReader, ByteWriter, DecodeError } from 'beaconry';

/** What agents say to each other inside the encryption (R1, "Agent control"). */
export type AgentControl =
  | { readonly type: 'ping'; readonly primary: boolean; readonly time: number }
  | { readonly type: 'pong'; readonly time: number }
  | { readonly type: 'close'; readonly reason: number; readonly text: string }
  | {
      readonly type: 'segment';
      readonly number: number;
      readonly last: boolean;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'acknowledge'; readonly next: number; readonly following: number };

const MAX_REASON = 127;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function encodeAgentControl(control: AgentControl): Uint8Array {
  const writer = new ByteWriter(64, 1300);
  switch (control.type) {
    case 'ping':
      writer
        .u8(1)
        .u8(control.primary ? 1 : 0)
        .u32le(control.time);
      break;
    case 'pong':
      writer.u8(2).u32le(control.time);
      break;
    case 'close':
      writer.u8(3).u16le(control.reason);
      writer.bytes(Buffer.from(control.text).subarray(0, MAX_REASON));
      break;
    case 'segment':
      writer
        .u8(4)
        .u32le(control.number)
        .u8(control.last ? 1 : 0)
        .bytes(control.bytes);
      break;
    case 'acknowledge':
      writer
        .u8(5)
        .u32le(control.next)
        .u32le(control.following >>> 0);
  }
  return writer.toBytes();
}

export function decodeAgentControl(bytes: Uint8Array): AgentControl {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  let control: AgentControl;
  switch (type) {
    case 1:
      control = { type: 'ping', primary: reader.u8() === 1, time: reader.u32le() };
      break;
    case 2:
      control = { type: 'pong', time: reader.u32le() };
      break;
    case 3: {
      const reason = reader.u16le();
      const length = Math.min(reader.remaining, MAX_REASON);
      control = { type: 'close', reason, text: utf8.decode(reader.view(length)) };
      break;
    }
    case 4: {
      const number = reader.u32le();
      const last = reader.u8() === 1;
      control = { type: 'segment', number, last, bytes: new Uint8Array(reader.view(reader.remaining)) };
      break;
    }
    case 5:
      control = { type: 'acknowledge', next: reader.u32le(), following: reader.u32le() };
      break;
    default:
      throw new DecodeError('unexpected', 0, `agent control of type ${type}`);
  }
  reader.end();
  return control;
}
