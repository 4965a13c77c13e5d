import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { CONTROL, MAX_CONTROL } from './data-codec.js';

/** What neighbours say to each other about a hop (R1, "Hop control"). */
export type HopControl =
  | { readonly type: 'keepAlive'; readonly time: number }
  | { readonly type: 'keepAliveOk'; readonly time: number; readonly dropped: number }
  | { readonly type: 'pathChallenge'; readonly value: Uint8Array }
  | { readonly type: 'pathResponse'; readonly value: Uint8Array }
  | { readonly type: 'drain'; readonly seconds: number }
  | { readonly type: 'close'; readonly code: number }
  | { readonly type: 'link'; readonly token: Uint8Array }
  | { readonly type: 'linked' };

/** The packet with room for its tag, which `writeHopTag` fills in. */
export function encodeControl(session: number, counter: number, control: HopControl): Uint8Array {
  const writer = new ByteWriter(MAX_CONTROL, MAX_CONTROL).u8(CONTROL).i32le(session).u32le(counter);
  switch (control.type) {
    case 'keepAlive':
      writer.u8(1).u32le(control.time);
      break;
    case 'keepAliveOk':
      writer.u8(2).u32le(control.time).u32le(control.dropped);
      break;
    case 'pathChallenge':
      writer.u8(3).bytes(control.value);
      break;
    case 'pathResponse':
      writer.u8(4).bytes(control.value);
      break;
    case 'drain':
      writer.u8(5).u16le(control.seconds);
      break;
    case 'close':
      writer.u8(6).u16le(control.code);
      break;
    case 'link':
      writer.u8(7).bytes(control.token);
      break;
    case 'linked':
      writer.u8(8);
  }
  return writer.bytes(new Uint8Array(8)).toBytes();
}

/** Reads a packet whose tag is verified. */
export function decodeControl(bytes: Uint8Array): HopControl {
  const reader = new ByteReader(bytes.subarray(0, bytes.length - 8), 9);
  const control = readControl(reader);
  reader.end();
  return control;
}

function readControl(reader: ByteReader): HopControl {
  const type = reader.u8();
  switch (type) {
    case 1:
      return { type: 'keepAlive', time: reader.u32le() };
    case 2:
      return { type: 'keepAliveOk', time: reader.u32le(), dropped: reader.u32le() };
    case 3:
      return { type: 'pathChallenge', value: new Uint8Array(reader.view(8)) };
    case 4:
      return { type: 'pathResponse', value: new Uint8Array(reader.view(8)) };
    case 5:
      return { type: 'drain', seconds: reader.u16le() };
    case 6:
      return { type: 'close', code: reader.u16le() };
    case 7:
      return { type: 'link', token: new Uint8Array(reader.view(16)) };
    case 8:
      return { type: 'linked' };
    default:
      throw new DecodeError('unexpected', 9, `hop control of type ${type}`);
  }
}
