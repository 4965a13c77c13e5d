import { ByteReader, ByteWriter } from 'beaconry';
import type { SharedPacket } from './socket-party.js';

const HEADER = 6;

/** Binary frame of `/v1/ws`: u32 IPv4 address (host order), u16 port, both little-endian, then the packet. */
export function decodePacketFrame(frame: Uint8Array): SharedPacket {
  const reader = new ByteReader(frame);
  const ip = reader.u32le();
  const port = reader.u16le();
  return { ip, port, bytes: reader.view(reader.remaining) };
}

export const encodePacketFrame = ({ ip, port, bytes }: SharedPacket): Uint8Array =>
  new ByteWriter(HEADER + bytes.length).u32le(ip).u16le(port).bytes(bytes).toBytes();
