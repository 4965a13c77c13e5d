import { DecodeError, type PeerAddress, ServerError } from 'beaconry';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import { decodeHostedAddress } from '../../coordinator/sdr/hosted-address-codec.js';
import type { DirectMode } from '../../coordinator/sdr/network-config-codec.js';
import { DEV_POP } from '../../coordinator/sdr/pop-code-codec.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  encodeSignedRelayTicket,
} from '../../coordinator/sdr/relay-ticket-codec.js';

/** What a client reads in a ticket. */
export interface TicketWay {
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly pop: string;
  /** Where the server is, when the ticket is for plain UDP; sealed to relays otherwise. */
  readonly address: PeerAddress | undefined;
  /** The ticket without a chain that relays know from the network config. */
  readonly stripped: Uint8Array;
}

/** TICKET_MALFORMED. */
export function readTicketWay(bytes: Uint8Array, store: CertificateStore | undefined): TicketWay {
  try {
    const signed = decodeSignedRelayTicket(bytes);
    const { expiresAt, route } = decodeRelayTicket(signed.ticket);
    const known = store?.has(signed.keyId) === true;
    const stripped = known ? encodeSignedRelayTicket({ ...signed, certificates: [] }) : bytes;
    const to = decodeHostedAddress(route);
    const address = to.kind === 'plain' ? to.route.address : undefined;
    return { expiresAt, pop: to.pop, address, stripped };
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('TICKET_MALFORMED', `ticket: ${cause.message}`, { cause });
  }
}

/** Whether a ticket leads anywhere as the network is now: those for plain UDP show the address, others hide it. */
export function suitsMode({ pop, address }: TicketWay, mode: DirectMode): boolean {
  if (mode === 'udp') return address !== undefined;
  // Tickets that developers make by hand are plain.
  return address === undefined || pop === DEV_POP;
}
