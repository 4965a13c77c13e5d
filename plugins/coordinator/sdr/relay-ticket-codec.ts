import { create, toBinary } from '@bufbuild/protobuf';
import { PeerAddress } from 'beaconry';
import { fromEnvelope, type SignedCertificate, toEnvelope } from './certificate-codec.js';
import { decodeProtobuf } from './protobuf-codec.js';
import {
  type RelayTicketBody,
  RelayTicketBodySchema,
  RelayTicketEnvelopeSchema,
} from './sdr_pb.js';

/** Bytes of the serialised ticket and of the signed blob (sdr section 6). */
export const MAX_TICKET = 512;
export const MAX_SIGNED_TICKET = 2048;

/** Data for analytics: a text, or a 64-bit number, signed or not. */
export type ExtraField =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly signed: bigint }
  | { readonly name: string; readonly unsigned: bigint };

export interface RelayTicket {
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly appId: number;
  readonly client: string;
  readonly server: string;
  /** Absent: any. */
  readonly virtualPort?: number;
  /** IPv4 of the client; absent: any. */
  readonly publicIp?: PeerAddress;
  readonly extra: readonly ExtraField[];
  /** Hosted address, sealed to the relays; only relays can read it. */
  readonly route: Uint8Array;
}

export interface SignedRelayTicket {
  readonly keyId: bigint;
  /** Exactly the signed bytes. */
  readonly ticket: Uint8Array;
  readonly signature: Uint8Array;
  /** Chain of the signing key. */
  readonly certificates: readonly SignedCertificate[];
}

export const encodeRelayTicket = (ticket: RelayTicket): Uint8Array =>
  toBinary(
    RelayTicketBodySchema,
    create(RelayTicketBodySchema, {
      timeExpiry: ticket.expiresAt,
      ...(ticket.publicIp === undefined ? {} : { authorizedPublicIp: ticket.publicIp.d >>> 0 }),
      appId: ticket.appId,
      extraFields: ticket.extra.map((field) => {
        if ('text' in field) return { name: field.name, stringValue: field.text };
        if ('signed' in field) return { name: field.name, int64Value: field.signed };
        return { name: field.name, fixed64Value: field.unsigned };
      }),
      ...(ticket.virtualPort === undefined ? {} : { virtualPort: ticket.virtualPort }),
      gameserverAddress: ticket.route,
      authorizedClientIdentityString: ticket.client,
      gameserverIdentityString: ticket.server,
    }),
  );

export function decodeRelayTicket(bytes: Uint8Array): RelayTicket {
  const body = decodeProtobuf(RelayTicketBodySchema, bytes, MAX_TICKET);
  const ip = body.authorizedPublicIp | 0;
  return {
    expiresAt: body.timeExpiry,
    appId: body.appId,
    client: body.authorizedClientIdentityString,
    server: body.gameserverIdentityString,
    ...(Object.hasOwn(body, 'virtualPort') ? { virtualPort: body.virtualPort } : {}),
    ...(ip === 0 ? {} : { publicIp: new PeerAddress().set(0, 0, 0xffff, ip, 0) }),
    extra: body.extraFields.map(readExtra),
    route: body.gameserverAddress.slice(),
  };
}

export const encodeSignedRelayTicket = (signed: SignedRelayTicket): Uint8Array =>
  toBinary(
    RelayTicketEnvelopeSchema,
    create(RelayTicketEnvelopeSchema, {
      keyId: signed.keyId,
      ticket: signed.ticket,
      signature: signed.signature,
      certs: signed.certificates.map(toEnvelope),
    }),
  );

export function decodeSignedRelayTicket(bytes: Uint8Array): SignedRelayTicket {
  const envelope = decodeProtobuf(RelayTicketEnvelopeSchema, bytes, MAX_SIGNED_TICKET);
  return {
    keyId: envelope.keyId,
    ticket: envelope.ticket.slice(),
    signature: envelope.signature.slice(),
    certificates: envelope.certs.map(fromEnvelope),
  };
}

function readExtra(field: RelayTicketBody['extraFields'][number]): ExtraField {
  const { name } = field;
  if (Object.hasOwn(field, 'int64Value')) return { name, signed: field.int64Value };
  if (Object.hasOwn(field, 'fixed64Value')) return { name, unsigned: field.fixed64Value };
  return { name, text: field.stringValue };
}
