import { type ConfigOf, list, record } from 'beaconry';
import type { PopEntry } from './sdr/network-config-codec.js';

const text = (doc: string, byDefault: string) =>
  ({ doc, format: String, default: byDefault }) as const;

/** Section `coordinator` of the configuration. */
export const coordinatorConfig = {
  endpoint: {
    doc: 'HTTP endpoints of the coordinator.',
    format: 'http-endpoints',
    default: 'http',
  },
  keys: {
    doc: 'Folder of the private keys, mode 0700; null: "coordinator-keys" in the data folder. Keep a copy of it.',
    format: String,
    default: null,
    nullable: true,
  },
  rootKey: {
    doc: 'Public line (ssh-ed25519 …) of a root whose private key lies elsewhere; null: a root is made at the first start.',
    format: String,
    default: null,
    nullable: true,
  },
  rotationDelay: {
    doc: 'Time between publishing a new signing key and signing with it: longer than clients keep a config.',
    format: 'duration',
    default: '24h',
  },
  apps: {
    doc: 'App ids that are served; empty: any.',
    format: list({ doc: 'App id.', format: 'nat', default: null }),
    default: [],
  },
  certificateLifetime: {
    doc: 'How long certificates of players are valid; they renew at any time.',
    format: 'duration',
    default: '48h',
  },
  ticketLifetime: {
    doc: 'How long relay tickets are valid, at most 24h.',
    format: 'duration',
    default: '6h',
  },
  revokedKeys: {
    doc: 'Key ids that are revoked, besides those revoked by command.',
    format: list({ doc: 'Decimal key id.', format: 'uint64', default: null }),
    default: [],
  },
  relayRanges: {
    doc: 'IPv4 CIDRs in which relays may sit besides public addresses.',
    format: list({ doc: 'CIDR.', format: 'cidr', default: null }),
    default: [],
  },
  pops: {
    doc: 'POPs by their code of 3 or 4 letters.',
    format: record({
      desc: text('Name for people.', ''),
      longitude: { doc: 'Degrees, east positive.', format: Number, default: null, nullable: true },
      latitude: { doc: 'Degrees, north positive.', format: Number, default: null, nullable: true },
      partners: { doc: 'Partner set.', format: 'nat', default: 1 },
      tier: { doc: 'Rank; 0 is best.', format: 'nat', default: 0 },
      aliases: { doc: 'Other codes.', format: list(text('POP code.', '')), default: [] },
      groups: { doc: 'Groups of POPs.', format: list(text('Name.', '')), default: [] },
      serviceAddressRanges: {
        doc: 'Addresses of servers in this POP, as CIDR or first-last.',
        format: list(text('Range.', '')),
        default: [],
      },
      relays: {
        doc: 'Relays of your own.',
        format: list({
          ipv4: text('Public IPv4 address.', ''),
          firstPort: { doc: 'First UDP port.', format: 'port', default: null },
          lastPort: { doc: 'Last UDP port.', format: 'port', default: null },
          keyId: {
            doc: 'Key that this relay checks in with; null: any that is certified for the POP.',
            format: 'uint64',
            default: null,
            nullable: true,
          },
        }),
        default: [],
      },
    }),
    default: {},
  },
  typicalPings: {
    doc: 'Round trips between POPs.',
    format: list({
      from: text('POP code.', ''),
      to: text('POP code.', ''),
      ms: { doc: 'Milliseconds.', format: 'nat', default: null },
    }),
    default: [],
  },
  directMode: {
    doc: 'Whether peers may meet without relays: never (relay), by NAT punching (punch), or over plain UDP (udp). Both show each other their address.',
    format: ['relay', 'punch', 'udp'],
    default: 'relay',
  },
  dev: {
    doc: 'Allows POP dev: unsigned logins of servers and tickets to them. For developers only.',
    format: Boolean,
    default: false,
  },
} as const;

export type CoordinatorConfig = ConfigOf<typeof coordinatorConfig>;

/** POPs of the configuration as they are published. */
export const configuredPops = ({ pops }: CoordinatorConfig): ReadonlyMap<string, PopEntry> =>
  new Map(
    [...pops].map(([code, pop]) => [
      code,
      {
        desc: pop.desc === '' ? code : pop.desc,
        ...(pop.longitude === null || pop.latitude === null
          ? {}
          : { geo: [pop.longitude, pop.latitude] as const }),
        partners: pop.partners,
        tier: pop.tier,
        aliases: pop.aliases,
        groups: pop.groups,
        relays: pop.relays.map(({ ipv4, firstPort, lastPort, keyId }) => ({
          ipv4,
          portRange: [firstPort, lastPort] as const,
          ...(keyId === null ? {} : { keyId }),
        })),
        serviceAddressRanges: pop.serviceAddressRanges,
      },
    ]),
  );
