import { isIPv4 } from 'node:net';
import { DecodeError } from 'beaconry';
import { decodeBase64, encodeBase64 } from './armour-codec.js';
import {
  decodeCertificateText,
  encodeSignedCertificate,
  type SignedCertificate,
} from './certificate-codec.js';
import { isPopCode } from './pop-code-codec.js';

/** One relay process: its host and the ports it may use, both ends included. */
export interface RelayAddress {
  readonly ipv4: string;
  readonly portRange: readonly [number, number];
  readonly id?: string;
  readonly keyId?: bigint;
}

export interface PopEntry {
  readonly desc: string;
  /** Longitude, latitude in degrees. */
  readonly geo?: readonly [number, number];
  readonly partners: number;
  readonly tier: number;
  readonly aliases: readonly string[];
  readonly groups: readonly string[];
  /** None: a data centre without relays of its own. */
  readonly relays: readonly RelayAddress[];
  readonly serviceAddressRanges: readonly string[];
  /** X25519 key to which routes into this POP are sealed, where it is not the network's. */
  readonly routeKey?: Uint8Array;
}

/** What clients, relays and agents know of the network (sdr section 9). */
export interface NetworkConfig {
  readonly revision: number;
  readonly pops: ReadonlyMap<string, PopEntry>;
  readonly certificates: readonly SignedCertificate[];
  readonly revokedKeys: readonly bigint[];
  readonly relayPublicKey?: Uint8Array;
  readonly p2pShareIp: Readonly<Record<string, number>>;
  readonly typicalPings: readonly (readonly [string, string, number])[];
  /** Whether peers may meet without relays: never, by NAT punching, or over plain UDP. */
  readonly directMode: DirectMode;
}

export const DIRECT_MODES = ['relay', 'punch', 'udp'] as const;
export type DirectMode = (typeof DIRECT_MODES)[number];

export const MAX_NETWORK_CONFIG = 4 * 1024 * 1024;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The JSON text that is published and signed. */
export function encodeNetworkConfig(config: NetworkConfig): string {
  const pops = [...config.pops].map(([code, pop]) => [
    code,
    {
      desc: pop.desc,
      ...(pop.geo === undefined ? {} : { geo: pop.geo }),
      partners: pop.partners,
      tier: pop.tier,
      ...(pop.aliases.length === 0 ? {} : { aliases: pop.aliases }),
      ...(pop.groups.length === 0 ? {} : { groups: pop.groups }),
      ...(pop.relays.length === 0 ? {} : { relays: pop.relays.map(relayJson) }),
      ...(pop.serviceAddressRanges.length === 0
        ? {}
        : { service_address_ranges: pop.serviceAddressRanges }),
      ...(pop.routeKey === undefined ? {} : { relay_public_key: hex(pop.routeKey) }),
    },
  ]);
  return JSON.stringify({
    revision: config.revision,
    success: true,
    pops: Object.fromEntries(pops),
    certs: config.certificates.map((certificate) =>
      encodeBase64(encodeSignedCertificate(certificate)),
    ),
    revoked_keys: config.revokedKeys.map(String),
    ...(config.relayPublicKey === undefined
      ? {}
      : { relay_public_key: hex(config.relayPublicKey) }),
    p2p_share_ip: config.p2pShareIp,
    typical_pings: config.typicalPings,
    direct_mode: config.directMode,
  });
}

const relayJson = ({ ipv4, portRange, id, keyId }: RelayAddress) => ({
  ipv4,
  port_range: portRange,
  ...(id === undefined ? {} : { id }),
  ...(keyId === undefined ? {} : { key_id: String(keyId) }),
});

/**
 * Reads a network config tolerantly: unknown keys are ignored, and an entry that cannot be read is left out.
 * DecodeError when the text is no JSON object with a revision, or says that it is no success.
 */
export function decodeNetworkConfig(text: string): NetworkConfig {
  if (text.length > MAX_NETWORK_CONFIG) {
    throw new DecodeError('invalid', MAX_NETWORK_CONFIG, `config of ${text.length} characters`);
  }
  const json = parseObject(text);
  const { revision } = json;
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision) || json.success === false) {
    throw new DecodeError('invalid', 0, 'is not a network config with a revision');
  }
  const relayPublicKey = readKey(json.relay_public_key);
  return {
    revision,
    pops: readPops(json.pops),
    certificates: strings(json.certs).flatMap((base64) =>
      attempt(() => decodeCertificateText(base64)),
    ),
    revokedKeys: strings(json.revoked_keys).flatMap(readId),
    ...(relayPublicKey === undefined ? {} : { relayPublicKey }),
    p2pShareIp: Object.fromEntries(
      Object.entries(object(json.p2p_share_ip)).flatMap(([country, share]) =>
        typeof share === 'number' ? [[country, share]] : [],
      ),
    ),
    typicalPings: array(json.typical_pings).flatMap(readPing),
    directMode: readMode(json.direct_mode),
  };
}

function readPops(value: unknown): ReadonlyMap<string, PopEntry> {
  const pops = new Map<string, PopEntry>();
  for (const [code, entry] of Object.entries(object(value))) {
    if (!isPopCode(code)) continue;
    const pop = object(entry);
    const [longitude, latitude] = array(pop.geo);
    const routeKey = readKey(pop.relay_public_key);
    pops.set(code, {
      desc: typeof pop.desc === 'string' ? pop.desc : code,
      ...(typeof longitude === 'number' && typeof latitude === 'number'
        ? { geo: [longitude, latitude] as const }
        : {}),
      partners: number(pop.partners, 1),
      tier: number(pop.tier, 0),
      aliases: strings(pop.aliases).filter(isPopCode),
      groups: strings(pop.groups),
      relays: array(pop.relays).flatMap(readRelay),
      serviceAddressRanges: strings(pop.service_address_ranges),
      ...(routeKey === undefined ? {} : { routeKey }),
    });
  }
  return pops;
}

/** An object, or the older text `a.b.c.d:first-last`. */
function readRelay(value: unknown): RelayAddress[] {
  if (typeof value === 'string') {
    const match = /^([\d.]+):(\d{1,5})(?:-(\d{1,5}))?$/.exec(value);
    return relay(match?.[1], [Number(match?.[2]), Number(match?.[3] ?? match?.[2])], {});
  }
  const entry = object(value);
  const [first, last] = array(entry.port_range);
  const [keyId] = readId(entry.key_id);
  return relay(entry.ipv4, [first, last], {
    ...(typeof entry.id === 'string' ? { id: entry.id } : {}),
    ...(keyId === undefined ? {} : { keyId }),
  });
}

function relay(
  ipv4: unknown,
  [first, last]: unknown[],
  more: Partial<RelayAddress>,
): RelayAddress[] {
  const ports = isPort(first) && isPort(last) && first <= last;
  if (typeof ipv4 !== 'string' || !isIPv4(ipv4) || !ports) return [];
  return [{ ipv4, portRange: [first, last], ...more }];
}

const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536;

function readPing(value: unknown): (readonly [string, string, number])[] {
  const [from, to, ping] = array(value);
  const codes =
    typeof from === 'string' && typeof to === 'string' && isPopCode(from) && isPopCode(to);
  return codes && typeof ping === 'number' && ping >= 0 ? [[from, to, ping]] : [];
}

/** Older configs say true or false. */
const readMode = (value: unknown): DirectMode =>
  value === true ? 'punch' : (DIRECT_MODES.find((mode) => mode === value) ?? 'relay');

const readId = (value: unknown): bigint[] =>
  typeof value === 'string' && /^\d{1,20}$/.test(value) && BigInt(value) < 1n << 64n
    ? [BigInt(value)]
    : [];

const readKey = (value: unknown): Uint8Array | undefined =>
  typeof value === 'string' && /^[0-9a-fA-F]{64}$/.test(value)
    ? Uint8Array.from(Buffer.from(value, 'hex'))
    : undefined;

function attempt<T>(read: () => T): T[] {
  try {
    return [read()];
  } catch (cause) {
    if (cause instanceof DecodeError) return [];
    throw cause;
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DecodeError('invalid', 0, `is not JSON: ${(cause as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DecodeError('invalid', 0, 'is not a JSON object');
  }
  return value as Record<string, unknown>;
}

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const strings = (value: unknown): readonly string[] =>
  array(value).filter((item) => typeof item === 'string');
const number = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : otherwise;

/** The detached signature of the published text, as header `beaconry-signature`: `<key id>.<base64>`. */
export const CONFIG_SIGNATURE_HEADER = 'beaconry-signature';

export const encodeConfigSignature = (keyId: bigint, signature: Uint8Array): string =>
  `${keyId}.${encodeBase64(signature)}`;

export function decodeConfigSignature(header: string): {
  readonly keyId: bigint;
  readonly signature: Uint8Array;
} {
  const [id = '', base64 = ''] = header.split('.');
  const [keyId] = readId(id);
  if (keyId === undefined) throw new DecodeError('invalid', 0, 'signature names no key id');
  return { keyId, signature: decodeBase64(base64, 64) };
}
