import { DecodeError, PeerAddress, ServerError } from 'beaconry';
import { decodeBase64 } from './armour-codec.js';
import { checkKeyBelongs } from './certificate-check.js';
import { decodeCertificateText, type SignedCertificate } from './certificate-codec.js';
import { DEV_POP, isPopCode } from './pop-code-codec.js';
import { MAX_SIGNED_TICKET } from './relay-ticket-codec.js';
import { SigningKey } from './signing-key.js';

/** How a hosted server is set up (sdr section 13). */
export interface HostedServerSettings {
  /** UDP port for traffic from relays. */
  readonly listenPort: number;
  readonly pop: string;
  /** What relays send to, where the machine's own address is not it. */
  readonly publicAddress?: PeerAddress;
  readonly credentials?: { readonly key: SigningKey; readonly certificate: SignedCertificate };
  /** Full path of a local copy of the network config. */
  readonly networkConfigFile?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const wrong = (name: string, what: string, cause?: unknown): never => {
  throw new ServerError('SDR_ENVIRONMENT', `environment ${name}: ${what}`, { cause });
};

/**
 * Reads SDR_LISTEN_PORT, SDR_IP, SDR_POPID, SDR_PRIVATE_KEY, SDR_CERT and SDR_NETWORK_CONFIG. Undefined when
 * no port is set, which leaves hosting off. SDR_ENVIRONMENT names the variable and what is wrong with it,
 * never the text of a key.
 */
export function readHostedServerEnvironment(env: Environment): HostedServerSettings | undefined {
  const value = (name: string): string | undefined => env[name]?.trim() || undefined;
  const port = value('SDR_LISTEN_PORT');
  if (port === undefined) return undefined;
  const listenPort = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (listenPort < 1 || listenPort > 65535) wrong('SDR_LISTEN_PORT', `"${port}" is not a port`);
  const pop = value('SDR_POPID') ?? DEV_POP;
  if (!isPopCode(pop)) wrong('SDR_POPID', `"${pop}" is not a POP code of 3 or 4 letters`);
  const publicAddress = readAddress(value('SDR_IP'), listenPort);
  const credentials = readCredentials(value('SDR_PRIVATE_KEY'), value('SDR_CERT'));
  if (credentials === undefined && pop !== DEV_POP) {
    wrong('SDR_CERT', `POP ${pop} needs a certificate and its SDR_PRIVATE_KEY; only dev does not`);
  }
  const networkConfigFile = value('SDR_NETWORK_CONFIG');
  return {
    listenPort,
    pop,
    ...(publicAddress === undefined ? {} : { publicAddress }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(networkConfigFile === undefined ? {} : { networkConfigFile }),
  };
}

/** The signed ticket in SDR_DEVTICKET of a client; undefined when it is not set. */
export function readDevTicket(env: Environment): Uint8Array | undefined {
  const text = env.SDR_DEVTICKET?.trim();
  if (!text) return undefined;
  try {
    return decodeBase64(text, MAX_SIGNED_TICKET);
  } catch (cause) {
    return wrong('SDR_DEVTICKET', 'is not a signed ticket in base64', cause);
  }
}

function readAddress(text: string | undefined, port: number): PeerAddress | undefined {
  if (text === undefined) return undefined;
  const address = PeerAddress.parse(text.includes(':') ? text : `${text}:${port}`);
  if (address === undefined || !address.isIPv4 || address.port === 0) {
    return wrong('SDR_IP', `"${text}" is not an IPv4 address, or one with a port`);
  }
  return address;
}

function readCredentials(
  keyText: string | undefined,
  certificateText: string | undefined,
): HostedServerSettings['credentials'] | undefined {
  if (keyText === undefined && certificateText === undefined) return undefined;
  if (certificateText === undefined) return wrong('SDR_CERT', 'is missing beside SDR_PRIVATE_KEY');
  if (keyText === undefined) return wrong('SDR_PRIVATE_KEY', 'is missing beside SDR_CERT');
  const key = attempt('SDR_PRIVATE_KEY', () => SigningKey.fromText(keyText, 'SDR_PRIVATE_KEY'));
  const certificate = attempt('SDR_CERT', () => decodeCertificateText(certificateText));
  attempt('SDR_CERT', () => checkKeyBelongs(certificate, key.id));
  return { key, certificate };
}

function attempt<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ServerError || cause instanceof DecodeError) {
      return wrong(name, cause.message.replace(/^SDR_\w+: /, ''), cause);
    }
    throw cause;
  }
}
