import { either, list, record } from 'beaconry';

/** Keys of the plugin master. */
export const masterConfig = {
  endpoint: {
    doc: 'UDP endpoints on which heartbeats and list requests are answered.',
    format: 'udp-endpoints',
    default: 'master',
  },
  ttl: {
    doc: 'How long a server stays listed after its last heartbeat.',
    format: 'duration',
    default: '300s',
  },
  maxPerAddress: {
    doc: 'Servers that one address may register; a /24 or /48 may register 512. 0 switches both limits off.',
    format: 'nat',
    default: 64,
  },
  rateLimit: {
    doc: 'List pages, and likewise joins, per second for one /24 or /48; off also switches the list budget off.',
    format: either('off', 'nat'),
    default: 30,
  },
  listBudget: {
    doc: 'Bits per second for all list pages together, since clients asking for lists prove nothing; 0 for no limit.',
    format: 'nat',
    default: 20_000_000,
  },
  minVersion: {
    doc: 'Least version by product or gamedir; older servers are told to update and not listed.',
    format: record({ doc: 'Least version.', format: String, default: null }),
    default: {},
  },
  addressMap: {
    doc: 'Listed address for servers whose heartbeat comes from a range, such as { 127.0.0.0/8: 192.0.2.7 }.',
    format: record({ doc: 'Listed address.', format: String, default: null }),
    default: {},
  },
  verify: {
    doc: 'a2s: list a server only after it answered a query. Off on loopback.',
    format: ['off', 'a2s'],
    default: 'a2s',
  },
  allowLoopback: {
    doc: 'Accept servers from 127.0.0.0/8 and ::1 although the endpoint is not bound to loopback.',
    format: Boolean,
    default: false,
  },
  allow: {
    doc: 'Ranges that may register; empty for everybody.',
    format: list({ doc: 'Range.', format: 'cidr', default: null }),
    default: [],
  },
  deny: {
    doc: 'Ranges that may not register.',
    format: list({ doc: 'Range.', format: 'cidr', default: null }),
    default: [],
  },
  white: {
    doc: 'Ranges whose servers pass the filter \\white\\1.',
    format: list({ doc: 'Range.', format: 'cidr', default: null }),
    default: [],
  },
  listFakeIps: {
    doc: 'List servers at FakeIPs (169.254.x.y), which clients reach with a relay agent alone. false: on the page and over HTTP only.',
    format: Boolean,
    default: true,
  },
  xash: {
    answers: {
      doc: 'Answer clients of Xash3D in their own way: all packets at once, their meaning of flags.',
      format: Boolean,
      default: true,
    },
    nat: {
      doc: 'Tell Xash3D servers behind NAT about clients that ask for them.',
      format: Boolean,
      default: false,
    },
  },
} as const;
