import { FakeClock, MemoryConnection } from 'beaconry/testing';
import pino from 'pino';
import { MetricsRegistry } from '../../../core/metrics.js';
import { RelayCounters } from '../../../plugins/relay/relay-counters.js';
import { RelayEngine } from '../../../plugins/relay/relay-engine.js';
import type { RelayOptions } from '../../../plugins/relay/relay-options.js';
import { frameOf } from './packets.js';

/** How what a client sends reaches the relay: as sent, byte by byte, or all at once when somebody looks. */
export type Delivery = 'whole' | 'one-byte segments' | 'coalesced';
export const DELIVERIES: readonly Delivery[] = ['whole', 'one-byte segments', 'coalesced'];

const NO_RATE = { frames: 0, bytes: 0 };
export const DEFAULTS: RelayOptions = {
  maxFrame: 4 * 1024 * 1024,
  queueLimit: 8 * 1024 * 1024 + 1024,
  queueFrames: 8192,
  totalQueueLimit: 256 * 1024 * 1024,
  connectTimeout: 10_000,
  frameTimeout: 30_000,
  stallTimeout: 30_000,
  idleTimeout: 0,
  chosenIds: 'open',
  graceTime: 60_000,
  keptIds: 10_000,
  reservedIds: new Map(),
  maxConnections: 10_000,
  perAddressLimit: 32,
  connectRate: 0,
  rate: NO_RATE,
  addressRate: NO_RATE,
  dailyBytes: 0,
  joinKey: null,
  bootstrap: false,
};

/** One decoded frame that a client got. */
export type Message = Readonly<Record<string, unknown>>;

/** The client's end of one connection. */
export class TestPeer {
  #unsent: Buffer[] = [];
  constructor(
    readonly connection: MemoryConnection,
    private readonly relay: TestRelay,
  ) {}

  get closed(): boolean {
    return this.connection.closed;
  }

  /** Sends a body as a frame: an object as JSON, a text as it is. */
  say(body: object | string): this {
    return this.bytes(frameOf(typeof body === 'string' ? body : JSON.stringify(body)));
  }

  bytes(bytes: Buffer): this {
    const { delivery } = this.relay;
    if (delivery === 'coalesced') this.#unsent.push(bytes);
    else if (delivery === 'whole') this.connection.send(bytes);
    else for (const byte of bytes) this.connection.send(Buffer.from([byte]));
    return this;
  }

  deliver(): void {
    if (this.#unsent.length > 0) this.connection.send(Buffer.concat(this.#unsent.splice(0)));
  }

  message(destination: string, payload: string): this {
    return this.say({ payloadType: 'MESSAGE', source: this.id, destination, payload });
  }

  id: string | undefined;

  /** Frames received since the last call, as bodies. */
  bodies(): Buffer[] {
    this.relay.deliver();
    const stream = this.connection.received();
    const bodies: Buffer[] = [];
    for (let at = 0; at < stream.length; ) {
      const end = at + 4 + stream.readUInt32BE(at);
      bodies.push(stream.subarray(at + 4, end));
      at = end;
    }
    return bodies;
  }

  got(): Message[] {
    return this.bodies().map((body) => JSON.parse(body.toString()) as Message);
  }

  /** Texts of the ERRORs of the server received since the last call. */
  errors(): string[] {
    return this.got()
      .filter(({ payloadType, source }) => payloadType === 'ERROR' && source === undefined)
      .map(({ payload }) => payload as string);
  }
}

/** An engine without sockets, with time by hand. */
export class TestRelay {
  readonly clock = new FakeClock();
  readonly metrics = new MetricsRegistry();
  readonly counters = new RelayCounters(this.metrics.prefixed('relay'));
  readonly engine: RelayEngine;
  readonly peers: TestPeer[] = [];

  constructor(
    options: Partial<RelayOptions> = {},
    readonly delivery: Delivery = 'whole',
  ) {
    this.engine = new RelayEngine(
      { ...DEFAULTS, ...options },
      { clock: this.clock, log: pino({ level: 'silent' }), counters: this.counters },
    );
    this.clock.every(1000, () => this.engine.sweep());
  }

  connect(from = '192.0.2.1:40000'): TestPeer {
    const connection = new MemoryConnection(from);
    this.engine.accept(connection);
    const peer = new TestPeer(connection, this);
    this.peers.push(peer);
    return peer;
  }

  /** A connection that has done INIT. */
  join(id?: string, more: object = {}, from?: string): TestPeer {
    const peer = this.connect(from);
    peer.say({ payloadType: 'INIT', ...(id === undefined ? {} : { source: id }), ...more });
    peer.id = peer.got()[0]?.destination as string;
    return peer;
  }

  /** Lets everything reach the relay that clients have sent. */
  deliver(): void {
    for (const peer of this.peers) peer.deliver();
  }
}
