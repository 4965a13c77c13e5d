import { DecodeError, PeerAddress, ServerError } from 'beaconry';
import { decodeBase64, encodeBase64 } from '../sdr/armour-codec.js';
import { decodeCertificateText } from '../sdr/certificate-codec.js';
import { encodeHostedRoute, hostedAddressPop } from '../sdr/hosted-address-codec.js';
import { issueRelayTicket } from '../sdr/relay-ticket.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  type ExtraField,
  MAX_SIGNED_TICKET,
} from '../sdr/relay-ticket-codec.js';
import { sealRoute } from '../sdr/sealed-route.js';
import { SigningKey } from '../sdr/signing-key.js';
import { type CommandFiles, decoding, readText } from './command-files.js';

export interface RelayTicketIssueOptions {
  /** Private key that signs. */
  readonly key: string;
  /** Certificates of that key, from the one a root signed downwards. */
  readonly cert: readonly string[];
  readonly app: number;
  readonly client: string;
  readonly server: string;
  /** `host:port` of the server. */
  readonly address: string;
  /** Default `dev`. */
  readonly pop?: string;
  /** Hex of the relays' X25519 key, `relay_public_key` of the network config; needed outside of POP dev. */
  readonly routeKey?: string;
  readonly virtualPort?: number;
  /** Default 6. */
  readonly hours?: number;
}

/** `relay-ticket issue`: a signed ticket in base64, as SDR_DEVTICKET takes it. */
export async function relayTicketIssue(
  files: CommandFiles,
  options: RelayTicketIssueOptions,
): Promise<string> {
  const key = SigningKey.fromText(await readText(files, options.key), options.key);
  const chain = [];
  for (const file of options.cert) {
    const text = await readText(files, file);
    chain.push(decoding(file, () => decodeCertificateText(text)));
  }
  const now = files.now();
  const { app, client, server, virtualPort, hours = 6 } = options;
  const ticket = issueRelayTicket(
    key,
    chain,
    {
      expiresAt: now + Math.round(hours * 3600),
      appId: app,
      client,
      server,
      ...(virtualPort === undefined || virtualPort < 0 ? {} : { virtualPort }),
      extra: [],
      route: readRoute(options),
    },
    now,
  );
  return `${encodeBase64(ticket)}\n`;
}

/** `relay-ticket show FILE`: what a ticket says, as JSON; the route stays sealed. */
export async function relayTicketShow(files: CommandFiles, file: string): Promise<string> {
  const text = await readText(files, file);
  const signed = decoding(file, () =>
    decodeSignedRelayTicket(decodeBase64(text, MAX_SIGNED_TICKET)),
  );
  const ticket = decoding(file, () => decodeRelayTicket(signed.ticket));
  const shown = {
    app: ticket.appId,
    client: ticket.client,
    server: ticket.server,
    virtualPort: ticket.virtualPort ?? null,
    publicIp: ticket.publicIp?.host ?? null,
    pop: popOf(ticket.route),
    expires: new Date(ticket.expiresAt * 1000).toISOString(),
    secondsLeft: Math.max(0, ticket.expiresAt - files.now()),
    extra: Object.fromEntries(ticket.extra.map(showExtra)),
    keyId: String(signed.keyId),
    certificates: signed.certificates.length,
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}

function readRoute({ address, pop = 'dev', routeKey }: RelayTicketIssueOptions): Uint8Array {
  const parsed = PeerAddress.parse(address);
  if (parsed === undefined) throw new ServerError('USAGE', `--address ${address} is not host:port`);
  const route = { pop, address: parsed };
  if (routeKey === undefined) {
    if (pop === 'dev') return encodeHostedRoute(route);
    throw new ServerError(
      'USAGE',
      `POP ${pop} needs --route-key, so that only relays read the address`,
    );
  }
  if (!/^[0-9a-fA-F]{64}$/.test(routeKey)) {
    throw new ServerError('USAGE', '--route-key is not 64 hex digits');
  }
  return sealRoute(route, Buffer.from(routeKey, 'hex'));
}

function popOf(route: Uint8Array): string | null {
  try {
    return hostedAddressPop(route);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

const showExtra = (field: ExtraField): [string, string] => {
  if ('text' in field) return [field.name, field.text];
  return [field.name, String('signed' in field ? field.signed : field.unsigned)];
};
