import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ByteReader, ByteWriter, DecodeError, type PeerAddress } from 'beaconry';
import { decodeProtobuf } from '../../coordinator/sdr/protobuf-codec.js';
import { type Rendezvous, RendezvousSchema } from '../../coordinator/sdr/sdr_pb.js';
import {
  label,
  readAddress,
  readText,
  sha256,
  writeAddress,
  writeText,
} from '../handshake-format.js';

const VERSION = 1;
export const MAX_SIGNAL = 4096;
export const MAX_ROUTES = 16;
const TOKEN_LENGTH = 16;
const PEER_LABEL = label('peer');

/** A relay at which a peer can be met. */
export interface PeerRoute {
  /** Name of the relay in the network config, and the port of its process. */
  readonly relay: string;
  readonly port: number;
  /** Milliseconds. */
  readonly ping: number;
  /** Of the peer's leg there; undefined: it has none yet. */
  readonly token: Uint8Array | undefined;
}

/** Where a peer can be reached without a relay, and the session id it wants there. */
export interface PeerCandidate {
  readonly id: number;
  readonly address: PeerAddress;
}

/** What the client's certificate signs in a connect request: its end part. */
export const peerSigned = (endPart: Uint8Array): Uint8Array =>
  Buffer.concat([PEER_LABEL, sha256(endPart)]);

export type SignalFields = Exclude<MessageInitShape<typeof RendezvousSchema>, Rendezvous>;

export const encodeSignal = (fields: SignalFields): Uint8Array =>
  toBinary(RendezvousSchema, create(RendezvousSchema, fields));

export const decodeSignal = (bytes: Uint8Array): Rendezvous =>
  decodeProtobuf(RendezvousSchema, bytes, MAX_SIGNAL);

/**
 * A signal that the service stamped with its sender; undefined for one that says it is from or to somebody else, or
 * is too long.
 */
export function readSignal(
  payload: Uint8Array,
  from: string,
  identity: string,
): Rendezvous | undefined {
  if (payload.length > MAX_SIGNAL) return undefined;
  const signal = decodeSignal(payload);
  const { fromIdentity, toIdentity } = signal;
  const isOthers = toIdentity !== '' && toIdentity !== identity;
  return isOthers || (fromIdentity !== '' && fromIdentity !== from) ? undefined : signal;
}

/** Field `sdr_routes`. */
export function encodeRoutes(routes: readonly PeerRoute[]): Uint8Array {
  const writer = new ByteWriter(256, MAX_SIGNAL).u8(VERSION).u8(routes.length);
  for (const { relay, port, ping, token } of routes) {
    writeText(writer, relay)
      .u16le(port)
      .u16le(Math.min(65535, Math.round(ping)));
    writer.u8(token === undefined ? 0 : 1);
    if (token !== undefined) writer.bytes(token);
  }
  return writer.toBytes();
}

export function decodeRoutes(bytes: Uint8Array): readonly PeerRoute[] {
  const reader = new ByteReader(bytes);
  expectVersion(reader);
  const count = reader.u8();
  if (count > MAX_ROUTES) throw new DecodeError('invalid', 1, `${count} routes`);
  const routes = Array.from({ length: count }, () => ({
    relay: readText(reader),
    port: reader.u16le(),
    ping: reader.u16le(),
    token: readFlag(reader) ? new Uint8Array(reader.view(TOKEN_LENGTH)) : undefined,
  }));
  reader.end();
  return routes;
}

/** A candidate in a reliable message of a signal. */
export function encodeCandidate({ id, address }: PeerCandidate): Uint8Array {
  return writeAddress(new ByteWriter(32, 64).u8(VERSION).i32le(id), address).toBytes();
}

export function decodeCandidate(bytes: Uint8Array): PeerCandidate {
  const reader = new ByteReader(bytes);
  expectVersion(reader);
  const id = reader.i32le();
  if (id === 0) throw new DecodeError('invalid', 1, 'candidate has session id 0');
  const address = readAddress(reader);
  reader.end();
  return { id, address };
}

function expectVersion(reader: ByteReader): void {
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError('unexpected', 0, `routes of version ${version}`);
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw new DecodeError('invalid', reader.offset - 1, `flag of ${flag}`);
  return flag === 1;
}
