import { isIP } from 'node:net';
import { DecodeError, PeerAddress } from 'beaconry';
import { EAccountType, SteamID } from 'beaconry/steam';
import type { LegacyIdentity } from './sdr_pb.js';

/** Who a host is. Compared by its text, byte for byte. */
export type HostIdentity =
  | { readonly kind: 'steamid'; readonly steamId: bigint }
  | { readonly kind: 'xboxpwid'; readonly id: string }
  | { readonly kind: 'psn'; readonly id: bigint }
  /** Never authenticated. `::1` with port 0 means anonymous: the peer takes the address it sees. */
  | { readonly kind: 'ip'; readonly address: PeerAddress }
  | { readonly kind: 'str'; readonly text: string }
  | { readonly kind: 'gen'; readonly bytes: Uint8Array }
  /** A kind made after this program: kept as raw text. Relays do not accept it. */
  | { readonly kind: 'unknown'; readonly text: string };

const MAX_TEXT = 127;
const MAX_XBOX = 32;
const MAX_GENERIC_STRING = 31;
const MAX_GENERIC_BYTES = 32;
const PREFIX = /^([a-z0-9_]{1,16}):(.+)$/s;
// Control characters would break the line protocol and logs; no kind needs them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

const invalid = (message: string): never => {
  throw new DecodeError('invalid', 0, `identity ${message}`);
};

/** Reads the text form (sdr section 2); DecodeError says what is wrong. */
export function parseIdentity(text: string): HostIdentity {
  if (Buffer.byteLength(text) > MAX_TEXT) return invalid(`is longer than ${MAX_TEXT} bytes`);
  if (CONTROL.test(text)) return invalid('has control characters');
  const match = PREFIX.exec(text);
  if (match === null) return invalid(`"${text}" is not of the form kind:value`);
  const [, kind = '', value = ''] = match;
  switch (kind) {
    case 'steamid': {
      const steamId = parseDecimal(value);
      return isValidSteamId(steamId) ? { kind, steamId } : invalid(`${text} is no valid SteamID`);
    }
    case 'xboxpwid':
      return value.length > MAX_XBOX
        ? invalid(`xboxpwid is longer than ${MAX_XBOX} characters`)
        : { kind, id: value };
    case 'psn':
      return { kind, id: parseDecimal(value) };
    case 'ip':
      return { kind, address: parseAddress(value) };
    case 'str':
      return Buffer.byteLength(value) > MAX_GENERIC_STRING
        ? invalid(`str is longer than ${MAX_GENERIC_STRING} bytes`)
        : { kind, text: value };
    case 'gen':
      if (!/^(?:[0-9a-fA-F]{2})+$/.test(value))
        return invalid('gen is not an even number of hex digits');
      if (value.length > MAX_GENERIC_BYTES * 2)
        return invalid(`gen is longer than ${MAX_GENERIC_BYTES} bytes`);
      return { kind, bytes: Uint8Array.from(Buffer.from(value, 'hex')) };
    default:
      return { kind: 'unknown', text };
  }
}

/** The text form that goes over the wire. */
export function formatIdentity(identity: HostIdentity): string {
  switch (identity.kind) {
    case 'steamid':
      return `steamid:${identity.steamId}`;
    case 'xboxpwid':
      return `xboxpwid:${identity.id}`;
    case 'psn':
      return `psn:${identity.id}`;
    case 'ip':
      return `ip:${identity.address.port === 0 ? identity.address.host : identity.address}`;
    case 'str':
      return `str:${identity.text}`;
    case 'gen':
      return `gen:${Buffer.from(identity.bytes).toString('hex')}`;
    case 'unknown':
      return identity.text;
  }
}

/**
 * The text of the identity that a message carries in up to three forms: the text wins, then the binary form,
 * then the old SteamID field. Undefined when there is none; DecodeError when the one that counts is wrong.
 */
export function identityOf(fields: {
  readonly identityString?: string;
  readonly legacyIdentityBinary?: LegacyIdentity | undefined;
  readonly legacySteamId?: bigint;
}): string | undefined {
  if (fields.identityString) {
    parseIdentity(fields.identityString);
    return fields.identityString;
  }
  const legacy = fields.legacyIdentityBinary;
  if (legacy !== undefined) return formatIdentity(fromLegacy(legacy));
  if (fields.legacySteamId) return formatIdentity(fromSteamId(fields.legacySteamId));
  return undefined;
}

function fromLegacy(legacy: LegacyIdentity): HostIdentity {
  if (legacy.steamId !== 0n) return fromSteamId(legacy.steamId);
  if (legacy.genericString !== '') return parseIdentity(`str:${legacy.genericString}`);
  if (legacy.genericBytes.length > 0) {
    return parseIdentity(`gen:${Buffer.from(legacy.genericBytes).toString('hex')}`);
  }
  if (legacy.ipv6AndPort.length !== 18) return invalid('in binary form is empty');
  const bytes = legacy.ipv6AndPort;
  const port = ((bytes[16] as number) << 8) | (bytes[17] as number);
  return { kind: 'ip', address: new PeerAddress().setBytes(bytes, 0, port) };
}

/** Binary forms take only people and game servers. */
function fromSteamId(steamId: bigint): HostIdentity {
  const host = HOST_TYPES.has(new SteamID(steamId).type);
  return host && isValidSteamId(steamId)
    ? { kind: 'steamid', steamId }
    : invalid(`steamid ${steamId} is neither a person nor a game server`);
}

/** Whether a peer may show a certificate without an identity of its own (sdr section 5); false for no identity at all. */
export function isAnonymousGameServer(text: string): boolean {
  const steamId = SteamID.parse(/^steamid:(\d{1,20})$/.exec(text)?.[1] ?? '');
  return steamId?.type === EAccountType.AnonGameServer && steamId.isValid;
}

const isValidSteamId = (steamId: bigint): boolean => {
  const { isValid, accountId, type } = new SteamID(steamId);
  return isValid && (accountId !== 0 || type === EAccountType.AnonGameServer);
};

/** What the binary forms may name. */
const HOST_TYPES: ReadonlySet<EAccountType> = new Set([
  EAccountType.Individual,
  EAccountType.GameServer,
  EAccountType.AnonGameServer,
]);

function parseDecimal(text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) return invalid(`"${text}" is not a number in decimal digits`);
  const value = BigInt(text);
  return value < 1n << 64n ? value : invalid(`${text} does not fit 64 bits`);
}

/** `a.b.c.d`, `a.b.c.d:port`, an IPv6 address, or one in brackets with a port. */
function parseAddress(text: string): PeerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? text.replace(/^\[(.*)\]$/, '$1');
  const port = Number(match?.[3] ?? 0);
  if (isIP(host) === 0 || host.includes('%') || port > 65535) {
    return invalid(`"ip:${text}" is not an address`);
  }
  return PeerAddress.of(host, port);
}
