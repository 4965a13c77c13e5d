import { createHash } from 'node:crypto';
import { DecodeError, type PeerAddress, ServerError } from 'beaconry';
import { isFakeIpPort } from 'beaconry/plugins/fake-ip';
import { checkCertificate } from '../coordinator/sdr/certificate-check.js';
import { decodeSignedCertificate } from '../coordinator/sdr/certificate-codec.js';
import type { CertificateStore } from '../coordinator/sdr/certificate-store.js';
import { checkRelayTicket } from '../coordinator/sdr/relay-ticket.js';
import type { RelayTicket } from '../coordinator/sdr/relay-ticket-codec.js';
import { type EndPart, openSigned, Refusal } from './relay-codec.js';

const MAX_CACHED = 4096;

/** Why an OPEN is refused. */
export class Refusing extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

interface Judged {
  readonly ticket: RelayTicket;
  readonly store: CertificateStore;
}

/** Judges tickets and certificates of clients; signatures of a ticket are verified once. */
export class TicketJudge {
  readonly #verified = new Map<string, Judged>();

  constructor(private readonly dev: boolean) {}

  get cached(): number {
    return this.#verified.size;
  }

  /** The ticket, verified and for this client, server, app, every port and address. */
  ticket(
    bytes: Uint8Array,
    store: CertificateStore,
    part: EndPart,
    address: PeerAddress | undefined,
    now: number,
  ): RelayTicket {
    const hash = createHash('sha256').update(bytes).digest('base64');
    const known = this.#verified.get(hash);
    let ticket: RelayTicket;
    if (known !== undefined && known.store === store) {
      ticket = known.ticket;
    } else {
      ticket = this.#verify(bytes, store, now);
      if (this.#verified.size >= MAX_CACHED) {
        this.#verified.delete(this.#verified.keys().next().value as string);
      }
      this.#verified.set(hash, { ticket, store });
    }
    if (ticket.expiresAt < now) {
      const at = new Date(ticket.expiresAt * 1000).toISOString();
      throw new Refusing(Refusal.ticketExpired, `ticket expired at ${at}`);
    }
    const port = ticket.virtualPort;
    if (ticket.client !== part.client) throw mismatch('ticket is of another client');
    if (ticket.server !== part.server) throw mismatch('ticket is for another server');
    if (ticket.appId !== part.appId) throw mismatch('ticket is for another app');
    if (port === undefined && part.ports.some(isFakeIpPort)) {
      throw mismatch('a FakeIP is reached with an auto ticket for its port');
    }
    if (port !== undefined && part.ports.some((wanted) => wanted !== port)) {
      throw mismatch(`ticket is for virtual port ${port} only`);
    }
    if (address !== undefined && ticket.publicIp?.sameHost(address) === false) {
      throw mismatch('ticket is for another address');
    }
    return ticket;
  }

  /** The certificate of the client, and its signature over the OPEN. */
  client(
    certificate: Uint8Array,
    signature: Uint8Array,
    frontHash: Uint8Array,
    endPart: Uint8Array,
    part: EndPart,
    store: CertificateStore,
    now: number,
  ): void {
    let key: ReturnType<typeof checkCertificate>['key'];
    try {
      const verified = checkCertificate(decodeSignedCertificate(certificate), store, {
        now,
        identity: part.client,
        appId: part.appId,
      });
      key = verified.key;
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof DecodeError)) throw error;
      throw new Refusing(Refusal.certificate, error.message);
    }
    if (!key.verifies(openSigned(frontHash, endPart), signature)) {
      throw new Refusing(Refusal.signature, 'OPEN is not signed by the certificate');
    }
  }

  #verify(bytes: Uint8Array, store: CertificateStore, now: number): RelayTicket {
    try {
      return checkRelayTicket(bytes, store, { now, dev: this.dev });
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof DecodeError)) throw error;
      const code = error instanceof ServerError ? error.code : 'TICKET_MALFORMED';
      const refusal = code === 'TICKET_EXPIRED' ? Refusal.ticketExpired : Refusal.ticket;
      throw new Refusing(refusal, error.message);
    }
  }
}

const mismatch = (text: string): Refusing => new Refusing(Refusal.mismatch, text);
