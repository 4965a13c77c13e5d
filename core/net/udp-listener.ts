import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { AddressFilters } from './address-filter.js';
import { bindError } from './bind-error.js';
import type { DatagramHandler, DatagramRoute } from './datagram.js';
import { DatagramDispatch } from './datagram-dispatch.js';
import type { DatagramDriver, DatagramDriverOptions } from './datagram-driver.js';
import { MemoryDriver, type SentDatagram } from './drivers/memory-driver.js';
import { HeavySources } from './heavy-sources.js';
import { PeerAddress } from './peer-address.js';
import { GlobalLimit } from './rate-limit.js';
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

/** One configured UDP endpoint: its sockets, who takes which datagrams, and what was dropped. */
export class UdpListener {
  readonly name: string;
  readonly #options: UdpListenerOptions;
  readonly #dispatch: DatagramDispatch;
  readonly #drivers: DatagramDriver[] = [];
  readonly #errorLog: GlobalLimit;
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
    this.#errorLog = new GlobalLimit(options.clock, { perSecond: 1, burst: 10 });
    this.#dispatch = new DatagramDispatch(options, {
      counters: this.counters,
      heavySources: this.heavySources,
      errorLog: this.#errorLog,
    });
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
    return this.#dispatch.attach(owner, prefix, route);
  }

  async bind(): Promise<void> {
    if (this.isShared) {
      let driver: MemoryDriver | undefined;
      driver = new MemoryDriver(
        '::',
        0,
        (batch) => driver !== undefined && this.#dispatch.onBatch(driver, batch),
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
    if (!(driver instanceof MemoryDriver) || !this.#dispatch.takes(bytes)) return false;
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
        onBatch: (batch) => driver !== undefined && this.#dispatch.onBatch(driver, batch),
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
}
