import { DecodeError, type PeerAddress, ServerError } from 'beaconry';
import { decodeCertificateBody, type SignedCertificate } from './certificate-codec.js';
import type { CertificateStore } from './certificate-store.js';
import { parseIdentity } from './host-identity-codec.js';
import { hostedAddressPop, MAX_HOSTED_ADDRESS } from './hosted-address-codec.js';
import { DEV_POP, encodePopCode } from './pop-code-codec.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  encodeRelayTicket,
  encodeSignedRelayTicket,
  MAX_SIGNED_TICKET,
  MAX_TICKET,
  type RelayTicket,
  type SignedRelayTicket,
} from './relay-ticket-codec.js';
import type { SigningKey } from './signing-key.js';

/** Seconds a ticket may live at most; relays refuse more. */
export const MAX_TICKET_LIFETIME = 24 * 3600;
/** What the documentation recommends. */
export const TICKET_LIFETIME = 6 * 3600;
const MAX_EXTRA_FIELDS = 16;
const MAX_EXTRA_NAME = 27;
const MAX_EXTRA_TEXT = 127;
const MAX_VIRTUAL_PORT = 0x7fffffff;
const MAX_CHAIN = 4;

/** Checks the limits, serialises and signs; `chain` are the certificates of the signing key. */
export function issueRelayTicket(
  key: SigningKey,
  chain: readonly SignedCertificate[],
  ticket: RelayTicket,
  now: number,
): Uint8Array {
  checkLimits(ticket, now, MAX_TICKET_LIFETIME);
  const bytes = encodeRelayTicket(ticket);
  if (bytes.length > MAX_TICKET) {
    throw new ServerError(
      'TICKET_TOO_LARGE',
      `ticket of ${bytes.length} bytes, limit ${MAX_TICKET}; send fewer or shorter extra fields`,
    );
  }
  const signed = encodeSignedRelayTicket({
    keyId: key.id,
    ticket: bytes,
    signature: key.sign(bytes),
    certificates: chain,
  });
  if (signed.length > MAX_SIGNED_TICKET) {
    throw new ServerError(
      'TICKET_TOO_LARGE',
      `signed ticket of ${signed.length} bytes, limit ${MAX_SIGNED_TICKET}; the chain of its key is too long`,
    );
  }
  return signed;
}

export interface TicketExpectation {
  /** Unix seconds. */
  readonly now: number;
  /** The application the client runs; unchecked when absent, like all that follows. */
  readonly appId?: number;
  readonly virtualPort?: number;
  /** Proven by the client's certificate. */
  readonly client?: string;
  /** Where the client's datagrams come from. */
  readonly address?: PeerAddress;
  /** Targets in POP `dev` are allowed. Default false. */
  readonly dev?: boolean;
  /** Seconds; default 24 h. */
  readonly maxLifetime?: number;
}

/**
 * What a relay asks of a ticket (sdr section 6), in this order: TICKET_MALFORMED, TICKET_UNSIGNED, TICKET_CHAIN,
 * TICKET_SIGNER (both for a chain that the ticket brings along), codes of
 * {@link CertificateStore.trusted} for the signing key, TICKET_SIGNATURE, TICKET_MALFORMED for the body, the
 * limits, TICKET_EXPIRED, TICKET_LIFETIME, TICKET_WRONG_APP, TICKET_WRONG_PORT, TICKET_WRONG_CLIENT,
 * TICKET_WRONG_ADDRESS, TICKET_WRONG_POP, TICKET_DEV.
 */
export function checkRelayTicket(
  bytes: Uint8Array,
  store: CertificateStore,
  expected: TicketExpectation,
): RelayTicket {
  const signed = readSigned(bytes);
  if (signed.signature.length === 0) throw new ServerError('TICKET_UNSIGNED', 'ticket is unsigned');
  const signer = chainOf(signed, store).trusted(signed.keyId, expected.now);
  if (!signer.key.verifies(signed.ticket, signed.signature)) {
    throw new ServerError('TICKET_SIGNATURE', `ticket is not signed by key ${signed.keyId}`);
  }
  const ticket = malformed(() => decodeRelayTicket(signed.ticket));
  if (ticket.expiresAt < expected.now) {
    const at = new Date(ticket.expiresAt * 1000).toISOString();
    throw new ServerError('TICKET_EXPIRED', `ticket expired at ${at}`);
  }
  checkLimits(ticket, expected.now, expected.maxLifetime ?? MAX_TICKET_LIFETIME);
  if (signer.scope.appIds?.has(ticket.appId) === false) {
    throw new ServerError(
      'TICKET_WRONG_APP',
      `key ${signed.keyId} may not sign for app ${ticket.appId}`,
    );
  }
  checkTarget(ticket, expected);
  checkPop(ticket, signer.scope.pops, expected.dev === true);
  return ticket;
}

function readSigned(bytes: Uint8Array): SignedRelayTicket {
  if (bytes.length > MAX_SIGNED_TICKET) {
    throw new ServerError(
      'TICKET_TOO_LARGE',
      `signed ticket of ${bytes.length} bytes, limit ${MAX_SIGNED_TICKET}`,
    );
  }
  const signed = malformed(() => decodeSignedRelayTicket(bytes));
  if (signed.ticket.length > MAX_TICKET) {
    throw new ServerError(
      'TICKET_TOO_LARGE',
      `ticket of ${signed.ticket.length} bytes, limit ${MAX_TICKET}`,
    );
  }
  return signed;
}

/** The chain a ticket brings along is looked at only when its key is not known yet. */
function chainOf(signed: SignedRelayTicket, store: CertificateStore): CertificateStore {
  if (store.has(signed.keyId) || signed.certificates.length === 0) return store;
  if (signed.certificates.length > MAX_CHAIN) {
    throw new ServerError('TICKET_CHAIN', `ticket brings more than ${MAX_CHAIN} certificates`);
  }
  // Certificates of data centres are not those of a CA, though they look the same: they name POPs.
  const names = ({ body }: SignedCertificate) =>
    decodeCertificateBody(body).gameserverDatacenterIds.length > 0;
  if (malformed(() => signed.certificates.some(names))) {
    throw new ServerError(
      'TICKET_SIGNER',
      `the chain of key ${signed.keyId} holds a certificate of a data centre, whose key signs no tickets`,
    );
  }
  return malformed(() => store.extendedBy(signed.certificates));
}

function checkTarget(ticket: RelayTicket, expected: TicketExpectation): void {
  if (expected.appId !== undefined && expected.appId !== ticket.appId) {
    throw new ServerError(
      'TICKET_WRONG_APP',
      `ticket is for app ${ticket.appId}, the client runs ${expected.appId}`,
    );
  }
  const port = ticket.virtualPort;
  if (expected.virtualPort !== undefined && port !== undefined && port !== expected.virtualPort) {
    throw new ServerError(
      'TICKET_WRONG_PORT',
      `ticket is for virtual port ${port}, not ${expected.virtualPort}`,
    );
  }
  if (expected.client !== undefined && expected.client !== ticket.client) {
    throw new ServerError(
      'TICKET_WRONG_CLIENT',
      `ticket is for ${ticket.client}, not ${expected.client}`,
    );
  }
  if (expected.address !== undefined && ticket.publicIp?.sameHost(expected.address) === false) {
    throw new ServerError('TICKET_WRONG_ADDRESS', 'ticket is for another address of the client');
  }
}

function checkPop(ticket: RelayTicket, pops: ReadonlySet<number> | undefined, dev: boolean): void {
  const pop = malformed(() => hostedAddressPop(ticket.route));
  if (pop === DEV_POP) {
    if (dev) return;
    throw new ServerError(
      'TICKET_DEV',
      'ticket leads to POP dev; only networks with dev: true allow it',
    );
  }
  if (pops?.has(encodePopCode(pop)) === false) {
    throw new ServerError('TICKET_WRONG_POP', `key of the ticket may not sign for POP ${pop}`);
  }
}

/** What a ticket may hold, asked when it is made and again by whoever reads it. */
function checkLimits(ticket: RelayTicket, now: number, maxLifetime: number): void {
  for (const [role, identity] of [
    ['client', ticket.client],
    ['server', ticket.server],
  ] as const) {
    if (identity === '') throw new ServerError('TICKET_NO_IDENTITY', `ticket names no ${role}`);
    malformed(() => parseIdentity(identity), 'TICKET_IDENTITY');
  }
  if (ticket.expiresAt - now > maxLifetime) {
    throw new ServerError('TICKET_LIFETIME', `ticket would live longer than ${maxLifetime} s`);
  }
  if (ticket.route.length > MAX_HOSTED_ADDRESS) {
    throw new ServerError(
      'TICKET_ROUTE',
      `address of the server takes ${ticket.route.length} bytes`,
    );
  }
  if (ticket.virtualPort !== undefined && ticket.virtualPort > MAX_VIRTUAL_PORT) {
    throw new ServerError('TICKET_PORT', `virtual port ${ticket.virtualPort} is past 2^31-1`);
  }
  checkExtra(ticket);
}

function checkExtra({ extra }: RelayTicket): void {
  if (extra.length > MAX_EXTRA_FIELDS) {
    throw new ServerError(
      'TICKET_EXTRA',
      `${extra.length} extra fields, limit ${MAX_EXTRA_FIELDS}`,
    );
  }
  for (const field of extra) {
    if (field.name === '' || field.name.length > MAX_EXTRA_NAME) {
      throw new ServerError(
        'TICKET_EXTRA_NAME',
        `name "${field.name}" of an extra field must have 1 to ${MAX_EXTRA_NAME} characters`,
      );
    }
    if ('text' in field && field.text.length > MAX_EXTRA_TEXT) {
      throw new ServerError(
        'TICKET_EXTRA_VALUE',
        `extra field ${field.name} has more than ${MAX_EXTRA_TEXT} characters`,
      );
    }
  }
}

function malformed<T>(read: () => T, code = 'TICKET_MALFORMED'): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError(code, `ticket: ${cause.message}`, { cause });
  }
}
