import type { Clock } from '../clock.js';
import { messageOf, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { AddressFilters } from './address-filter.js';
import { bindError } from './bind-error.js';
import type { DatagramHandler, DatagramRoute } from './datagram.js';
import type { DatagramBatch, DatagramDriver, DatagramDriverOptions } from './datagram-driver.js';
import { DecodeError } from './decode-error.js';
import { Demux } from './demux.js';
import { MemoryDriver, type SentDatagram } from './drivers/memory-driver.js';
import { HeavySources } from './heavy-sources.js';
import { PeerAddress } from './peer-address.js';
import { GlobalLimit } from './rate-limit.js';
import { ReceivedDatagram } from './received-datagram.js';
import { SOCKET_BUFFER } from './socket-buffer.js';
import { describeUdp, newUdpCounters } from './udp-metrics.js';

export interface Bind {
  /** An IP literal. */
  readonly host: string;
  readonly port: number;
}

export interface UdpListenerOptions {
  readonly name: string;
  readonly binds: readonly Bind[];
  /** No socket: datagrams are handed in by `receive` and taken out by whoever carries it. */
  readonly shared?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly openDriver: (options: DatagramDriverOptions) => Promise<DatagramDriver>;
  /** Spoil views after the handler returned; on in tests and `beaconry dev`. */
  readonly poison?: boolean;
  /** Datagrams of unproven senders that are handled each second, default 100,000. */
  readonly unprovenPerSecond?: number;
  /** Addresses that nothing is read from and nothing sent to. */
  readonly filters?: AddressFilters;
}

interface OwnedRoute {
  readonly owner: string;
  readonly shape: DatagramRoute['shape'] | undefined;
  readonly proves: DatagramRoute['proves'] | undefined;
  readonly allow: DatagramRoute['allow'] | undefined;
  readonly handler: DatagramHandler;
}

const NO_BYTES = new Uint8Array();

/** One configured UDP endpoint: its sockets, who takes which datagrams, and what was dropped. */
export class UdpListener {
  readonly name: string;
  readonly #options: UdpListenerOptions;
  readonly #demux: Demux<OwnedRoute>;
  readonly #drivers: DatagramDriver[] = [];
  readonly #unproven: GlobalLimit;
  readonly #errorLog: GlobalLimit;
  readonly #datagram: ReceivedDatagram;
  /** Raised on the way of each datagram, read by metrics and operators. */
  readonly counters = newUdpCounters();
  /** Who sends most, for operators. */
  readonly heavySources = new HeavySources();
  /** For a shared endpoint: gets what leaves. */
  onSend: ((sent: SentDatagram) => void) | undefined;
  #carrier: string | undefined;

  constructor(options: UdpListenerOptions) {
    this.#options = options;
    this.name = options.name;
    this.#demux = new Demux(options.name);
    this.#datagram = new ReceivedDatagram(this.counters);
    this.#unproven = new GlobalLimit(options.clock, {
      perSecond: options.unprovenPerSecond ?? 100_000,
    });
    this.#errorLog = new GlobalLimit(options.clock, { perSecond: 1, burst: 10 });
    describeUdp(options.metrics, this.name, this.counters, this.#drivers);
  }

  /** None for a shared endpoint: only the game knows where its socket is. */
  get addresses(): readonly PeerAddress[] {
    if (this.isShared) return [];
    return this.#drivers.map((driver) => PeerAddress.of(driver.host, driver.port));
  }

  get isShared(): boolean {
    return this.#options.shared === true;
  }

  get driverName(): string {
    return this.isShared ? 'shared' : (this.#drivers[0]?.name ?? 'closed');
  }

  attach(owner: string, prefix: Uint8Array, route: DatagramHandler | DatagramRoute): () => void {
    const { shape, proves, allow, handler }: DatagramRoute =
      typeof route === 'function' ? { handler: route } : route;
    // One form for all of them: asking objects of several is several times as slow.
    return this.#demux.add(prefix, owner, { owner, shape, proves, allow, handler });
  }

  async bind(): Promise<void> {
    if (this.isShared) {
      let driver: MemoryDriver | undefined;
      driver = new MemoryDriver(
        '::',
        0,
        (batch) => driver !== undefined && this.#onBatch(driver, batch),
        (sent) => this.onSend?.(sent),
      );
      this.#drivers.push(driver);
      if (this.onSend === undefined) {
        this.#options.log.warn(
          { endpoint: this.name },
          `endpoint ${this.name} is shared, but no plugin carries its datagrams: enable one that does, such as game-socket-share`,
        );
      }
      return;
    }
    for (const { host, port } of this.#options.binds) await this.#open(host, port);
  }

  /** Lets a plugin stand in for the socket of a shared endpoint; the returned function ends it. */
  carry(owner: string, transmit: (bytes: Uint8Array, to: PeerAddress) => void): () => void {
    if (!this.isShared) {
      throw new ServerError(
        'NOT_SHARED',
        `plugin ${owner} wants to carry the datagrams of endpoint ${this.name}, which has a socket of its ` +
          `own; write ${this.name}: { udp: shared } for an endpoint without one`,
      );
    }
    if (this.#carrier !== undefined) {
      throw new ServerError(
        'ENDPOINT_TAKEN',
        `plugins ${this.#carrier} and ${owner} both want to carry the datagrams of endpoint ` +
          `${this.name}; give one of them another endpoint`,
      );
    }
    this.#carrier = owner;
    this.onSend = ({ bytes, to }) => transmit(bytes, to);
    return () => {
      this.#carrier = undefined;
      this.onSend = undefined;
    };
  }

  /** Hands a datagram to a shared endpoint; true when a plugin takes such datagrams. */
  receive(bytes: Uint8Array, from: PeerAddress): boolean {
    const driver = this.#drivers[0];
    if (!(driver instanceof MemoryDriver) || this.#demux.find(bytes) === undefined) return false;
    // Spoiling views must not reach the game's own buffer, which it goes on to read.
    driver.receive(this.#options.poison === true ? new Uint8Array(bytes) : bytes, from);
    return true;
  }

  send(bytes: Uint8Array, to: PeerAddress): void {
    if (this.#options.filters?.refuses(to, this.name) === true) return;
    const driver =
      this.#drivers.find(({ host }) => host.includes(':') !== to.isIPv4) ??
      this.#drivers.find(({ host }) => host === '::');
    driver?.send(bytes, to);
  }

  /** Sums over the sockets. */
  get traffic(): { readonly received: number; readonly sent: number } {
    return {
      received: this.#drivers.reduce((sum, { stats }) => sum + stats.received, 0),
      sent: this.#drivers.reduce((sum, { stats }) => sum + stats.sent, 0),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#drivers.splice(0).map((driver) => driver.close()));
  }

  async #open(host: string, port: number): Promise<void> {
    let driver: DatagramDriver | undefined;
    try {
      driver = await this.#options.openDriver({
        host,
        port,
        onBatch: (batch) => driver !== undefined && this.#onBatch(driver, batch),
        onError: (error) => {
          if (this.#errorLog.take()) {
            this.#options.log.warn({ endpoint: this.name, error: error.message }, 'socket error');
          }
        },
      });
    } catch (cause) {
      throw bindError(this.name, 'udp', host, port, cause);
    }
    this.#drivers.push(driver);
    if (driver.receiveBuffer > 0 && driver.receiveBuffer < SOCKET_BUFFER) {
      this.#options.log.warn(
        { endpoint: this.name, granted: driver.receiveBuffer, wanted: SOCKET_BUFFER },
        `the system cut the receive buffer of endpoint ${this.name}: bursts may be lost; raise net.core.rmem_max`,
      );
    }
  }

  #onBatch(driver: DatagramDriver, batch: DatagramBatch): void {
    const datagram = this.#datagram;
    const { filters } = this.#options;
    for (let i = 0; i < batch.count; i++) {
      datagram.begin(driver, batch, i);
      this.heavySources.count(datagram.from);
      if (filters?.refuses(datagram.from, this.name) === true) {
        this.counters.refused++;
        continue;
      }
      const owned = this.#demux.find(datagram.bytes);
      if (owned === undefined) {
        this.counters.unclaimed++;
        continue;
      }
      try {
        this.#dispatch(owned, datagram);
      } catch (error) {
        this.#failed(owned.owner, datagram, error);
      }
      if (this.#options.poison === true) datagram.poison();
    }
    datagram.bytes = NO_BYTES;
  }

  #dispatch(route: OwnedRoute, datagram: ReceivedDatagram): void {
    const { counters } = this;
    if (route.shape !== undefined && !route.shape(datagram)) {
      counters.shape++;
      return;
    }
    if (route.proves?.(datagram) === true) {
      datagram.proven = true;
      if (route.allow !== undefined && !route.allow(datagram.from)) {
        counters.limited++;
        return;
      }
    } else {
      // Never the address's own bucket: whoever spoofs somebody must not be able to silence him.
      if (!this.#unproven.take()) {
        counters.unprovenLimited++;
        return;
      }
      counters.questionBytes += datagram.length;
    }
    const { violations } = counters;
    route.handler(datagram);
    if (counters.violations !== violations) this.#tooLong(route.owner);
  }

  /** The mistake of a plugin, not of the sender: said with what to write in its place. */
  #tooLong(owner: string): void {
    if (!this.#errorLog.take()) return;
    this.#options.log.error(
      { plugin: owner, endpoint: this.name },
      `plugin ${owner} answered an address that has proven nothing with more than max(9, question) bytes, which was not sent: ` +
        'answer with a challenge first (ChallengeIssuer, and "proves" in onDatagram), or pay pages of a list with datagram.replyFrom(budget, bytes)',
    );
  }

  #failed(owner: string, datagram: ReceivedDatagram, error: unknown): void {
    if (error instanceof DecodeError) {
      this.counters.decode++;
      return;
    }
    this.counters.failed++;
    if (this.#errorLog.take()) {
      this.#options.log.error(
        { plugin: owner, endpoint: this.name, from: datagram.from.toString(), err: error },
        `plugin ${owner} failed on a datagram: ${messageOf(error)}`,
      );
    }
  }
}
