import { create, toBinary } from '@bufbuild/protobuf';
import { ByteReader, ByteWriter, DecodeError, PeerAddress } from 'beaconry';
import { isPopCode } from './pop-code-codec.js';
import { decodeProtobuf } from './protobuf-codec.js';
import { HostedServerRouteSchema } from './sdr_pb.js';

export const MAX_HOSTED_ADDRESS = 128;
const FORM_DEV = 1;
const FORM_ROUTE = 2;
const FORM_SEALED = 3;

/** Where a hosted server takes traffic from relays, as only coordinator and relays may see it. */
export interface HostedRoute {
  readonly pop: string;
  readonly address: PeerAddress;
  /** Proves to the server that a relay was sent by the coordinator; absent in the plain form for developers. */
  readonly secret?: bigint;
  readonly protocolVersion?: number;
}

/** A hosted address: the POP is readable, the rest may be sealed to the relays. */
export type HostedAddress =
  | { readonly kind: 'plain'; readonly pop: string; readonly route: HostedRoute }
  | { readonly kind: 'sealed'; readonly pop: string; readonly sealed: Uint8Array };

/**
 * The plain form: without a secret the 12 bytes of developers (POP[4], 1, 1, port and IPv4 little-endian),
 * with one POP[4], 2, and the route message (sdr section 7).
 */
export function encodeHostedRoute(route: HostedRoute): Uint8Array {
  const { address } = route;
  const writer = writePop(route.pop);
  if (route.secret === undefined) {
    if (!address.isIPv4) throw new RangeError(`${address} is not IPv4, which the dev form needs`);
    return writer.u8(FORM_DEV).u8(1).u16le(address.port).u32le(address.d).toBytes();
  }
  const ipv6 = new Uint8Array(16);
  address.writeBytes(ipv6, 0);
  const message = create(HostedServerRouteSchema, {
    ...(address.isIPv4 ? { ipv4: address.d >>> 0 } : { ipv6 }),
    port: address.port,
    routingSecret: route.secret,
    protocolVersion: route.protocolVersion ?? 1,
  });
  return writer.u8(FORM_ROUTE).bytes(toBinary(HostedServerRouteSchema, message)).toBytes();
}

export const encodeSealedAddress = (pop: string, sealed: Uint8Array): Uint8Array => {
  const bytes = writePop(pop).u8(FORM_SEALED).bytes(sealed).toBytes();
  if (bytes.length > MAX_HOSTED_ADDRESS) throw new RangeError(`address of ${bytes.length} bytes`);
  return bytes;
};

export function decodeHostedAddress(bytes: Uint8Array): HostedAddress {
  const pop = hostedAddressPop(bytes);
  const reader = new ByteReader(bytes, 4);
  const form = reader.u8();
  if (form === FORM_SEALED)
    return { kind: 'sealed', pop, sealed: new Uint8Array(reader.view(reader.remaining)) };
  if (form === FORM_ROUTE) return { kind: 'plain', pop, route: readRoute(pop, reader) };
  if (form !== FORM_DEV || reader.u8() !== 1) {
    throw new DecodeError('unexpected', 4, `hosted address has form ${form}`);
  }
  const port = reader.u16le();
  const address = new PeerAddress().set(0, 0, 0xffff, reader.i32le(), port);
  reader.end();
  return { kind: 'plain', pop, route: { pop, address: usable(address) } };
}

/** The POP code alone: all that an opaque address shows. */
export function hostedAddressPop(bytes: Uint8Array): string {
  if (bytes.length > MAX_HOSTED_ADDRESS) {
    throw new DecodeError('invalid', MAX_HOSTED_ADDRESS, `hosted address of ${bytes.length} bytes`);
  }
  const text = Buffer.from(new ByteReader(bytes).view(4)).toString('latin1');
  const pop = text.endsWith('\0') ? text.slice(0, 3) : text;
  if (!isPopCode(pop))
    throw new DecodeError('invalid', 0, 'hosted address begins with no POP code');
  return pop;
}

function readRoute(pop: string, reader: ByteReader): HostedRoute {
  const bytes = reader.view(reader.remaining);
  const message = decodeProtobuf(HostedServerRouteSchema, bytes, MAX_HOSTED_ADDRESS);
  const { ipv6, port } = message;
  if (port > 65535 || (ipv6.length !== 0 && ipv6.length !== 16)) {
    throw new DecodeError('invalid', 5, 'hosted address has an impossible host or port');
  }
  const address =
    ipv6.length === 16
      ? new PeerAddress().setBytes(ipv6, 0, port)
      : new PeerAddress().set(0, 0, 0xffff, message.ipv4 | 0, port);
  const { routingSecret: secret, protocolVersion } = message;
  return { pop, address: usable(address), secret, protocolVersion };
}

function usable(address: PeerAddress): PeerAddress {
  const empty = address.isIPv4
    ? address.d === 0
    : (address.a | address.b | address.c | address.d) === 0;
  if (empty || address.port === 0) throw new DecodeError('invalid', 5, 'hosted address is empty');
  return address;
}

function writePop(pop: string): ByteWriter {
  if (!isPopCode(pop)) throw new RangeError(`"${pop}" is not a POP code`);
  return new ByteWriter(64, 1024).text(pop.padEnd(4, '\0'));
}
