import { record, type Section } from 'beaconry';

const rate = (whose: string) =>
  ({
    frames: {
      doc: `Frames a second of ${whose}; 0 = no limit.`,
      format: 'nat',
      default: 0,
    },
    bytes: {
      doc: `Bytes a second of ${whose}; 0 = no limit.`,
      format: 'bytes',
      default: 0,
    },
  }) as const;

/** What an operator may set (SixtyNine protocol, section 6); the defaults suit bare clients. */
export const relayConfig = {
  endpoint: {
    doc: 'TCP endpoint, or several, that take relay connections. Old clients know port 530 only, which needs privilege on Linux.',
    format: 'tcp-endpoints',
    default: ['relay'],
  },
  maxFrame: {
    doc: 'Largest body of a frame, 4 KiB to 64 MiB. A longer one gets an ERROR that names this limit.',
    format: 'bytes',
    default: 4 * 1024 * 1024,
  },
  queueLimit: {
    doc: 'Bytes that may wait for one slow reader, at least two of the largest frames; beyond, the sender gets an ERROR.',
    format: 'bytes',
    default: 8 * 1024 * 1024 + 1024,
  },
  queueFrames: {
    doc: 'Frames that may wait for one slow reader.',
    format: 'nat',
    default: 8192,
  },
  totalQueueLimit: {
    doc: 'Bytes that may wait for all slow readers together; and as many that begun frames may hold together.',
    format: 'bytes',
    default: 256 * 1024 * 1024,
  },
  connectTimeout: {
    doc: 'A connection without INIT is closed after this time.',
    format: 'duration',
    default: 10_000,
  },
  frameTimeout: {
    doc: 'A begun frame must be complete within this time, and a second more for each 32 KiB of it.',
    format: 'duration',
    default: 30_000,
  },
  stallTimeout: {
    doc: 'A peer for which something waits and which takes none of it for this time is closed.',
    format: 'duration',
    default: 30_000,
  },
  idleTimeout: {
    doc: 'A peer that sends nothing for this time is closed; 0 = never. A MESSAGE to oneself keeps a connection alive.',
    format: 'duration',
    default: 0,
  },
  chosenIds: {
    doc: 'Who may take an id of his choice: open = whoever comes first; grace = the same, but an id with a secret is kept for its owner for graceTime; secret = only its owner.',
    format: ['open', 'grace', 'secret'],
    default: 'open',
  },
  graceTime: {
    doc: 'How long an id with a secret is kept after its connection ended (chosenIds: grace or secret).',
    format: 'duration',
    default: 60_000,
  },
  keptIds: {
    doc: 'Ids without a connection that are kept at most; the oldest makes room.',
    format: 'nat',
    default: 10_000,
  },
  reservedIds: {
    doc: 'Ids that are only granted to INIT with this key as its secret, whatever chosenIds says.',
    format: record({ doc: 'Key of the id.', format: String, default: '', sensitive: true }),
    default: new Map<string, string>(),
    sensitive: true,
  },
  maxConnections: {
    doc: 'Connections at once.',
    format: 'nat',
    default: 10_000,
  },
  perAddressLimit: {
    doc: 'Connections at once of one address (IPv6: one /64); 0 = no limit.',
    format: 'nat',
    default: 32,
  },
  connectRate: {
    doc: 'New connections a second of one address; 0 = no limit.',
    format: 'nat',
    default: 0,
  },
  rate: rate('one connection'),
  addressRate: rate('one address'),
  dailyBytes: {
    doc: 'Bytes that one address may send in a day (UTC); 0 = no limit.',
    format: 'bytes',
    default: 0,
  },
  joinKey: {
    doc: 'INIT must carry this text as its member "key"; null = nobody is asked.',
    format: String,
    default: null,
    nullable: true,
    sensitive: true,
  },
  bootstrap: {
    doc: 'Run the built-in peer "bootstrap": a MESSAGE to it is answered with the ids of the sender\'s group.',
    format: Boolean,
    default: false,
  },
} as const satisfies Section;
