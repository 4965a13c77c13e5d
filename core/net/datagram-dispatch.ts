import { SystemClock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { DatagramHandler, DatagramRoute } from './datagram.js';
import type { DatagramBatch, DatagramDriver } from './datagram-driver.js';
import { DecodeError } from './decode-error.js';
import { Demux } from './demux.js';
import type { HeavySources } from './heavy-sources.js';
import { GlobalLimit } from './rate-limit.js';
import { ReceivedDatagram } from './received-datagram.js';
import type { UdpListenerOptions } from './udp-listener.js';
import type { UdpCounters } from './udp-metrics.js';

interface OwnedRoute {
  readonly owner: string;
  readonly shape: DatagramRoute['shape'] | undefined;
  readonly proves: DatagramRoute['proves'] | undefined;
  readonly allow: DatagramRoute['allow'] | undefined;
  readonly handler: DatagramHandler;
}

const NO_BYTES = new Uint8Array();

interface DispatchParts {
  readonly counters: UdpCounters;
  readonly heavySources: HeavySources;
  /** Lines about errors of handlers. */
  readonly errorLog: GlobalLimit;
}

/** The way of each datagram of an endpoint: filters, route, shape, proof, limits, handler. */
export class DatagramDispatch {
  readonly #demux: Demux<OwnedRoute>;
  readonly #unproven: GlobalLimit;
  readonly #datagram: ReceivedDatagram;

  constructor(
    private readonly options: UdpListenerOptions,
    private readonly parts: DispatchParts,
  ) {
    this.#demux = new Demux(options.name);
    this.#datagram = new ReceivedDatagram(parts.counters);
    this.#unproven = new GlobalLimit(options.clock, {
      perSecond: options.unprovenPerSecond ?? 100_000,
    });
  }

  attach(owner: string, prefix: Uint8Array, route: DatagramHandler | DatagramRoute): () => void {
    const { shape, proves, allow, handler }: DatagramRoute =
      typeof route === 'function' ? { handler: route } : route;
    // One form for all of them: asking objects of several is several times as slow.
    return this.#demux.add(prefix, owner, { owner, shape, proves, allow, handler });
  }

  /** Whether somebody takes such datagrams. */
  takes(bytes: Uint8Array): boolean {
    return this.#demux.find(bytes) !== undefined;
  }

  /** Hands each datagram of a batch to whoever takes it. */
  onBatch(driver: DatagramDriver, batch: DatagramBatch): void {
    const { clock } = this.options;
    const holds = batch.count > 1 && clock instanceof SystemClock && clock.hold();
    try {
      this.#handle(driver, batch);
    } finally {
      if (holds) clock.release();
    }
  }

  #handle(driver: DatagramDriver, batch: DatagramBatch): void {
    const datagram = this.#datagram;
    const { filters } = this.options;
    for (let i = 0; i < batch.count; i++) {
      datagram.begin(driver, batch, i);
      this.parts.heavySources.count(datagram.from);
      if (filters?.refuses(datagram.from, this.options.name) === true) {
        this.parts.counters.refused++;
        continue;
      }
      const owned = this.#demux.find(datagram.bytes);
      if (owned === undefined) {
        this.parts.counters.unclaimed++;
        continue;
      }
      try {
        this.#dispatch(owned, datagram);
      } catch (error) {
        this.#failed(owned.owner, datagram, error);
      }
      if (this.options.poison === true) datagram.poison();
    }
    datagram.bytes = NO_BYTES;
  }

  #dispatch(route: OwnedRoute, datagram: ReceivedDatagram): void {
    const { counters } = this.parts;
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
    if (!this.parts.errorLog.take()) return;
    this.options.log.error(
      { plugin: owner, endpoint: this.options.name },
      `plugin ${owner} answered an address that has proven nothing with more than max(9, question) bytes, which was not sent: ` +
        'answer with a challenge first (ChallengeIssuer, and "proves" in onDatagram), or pay pages of a list with datagram.replyFrom(budget, bytes)',
    );
  }

  #failed(owner: string, datagram: ReceivedDatagram, error: unknown): void {
    if (error instanceof DecodeError) {
      this.parts.counters.decode++;
      return;
    }
    this.parts.counters.failed++;
    if (this.parts.errorLog.take()) {
      this.options.log.error(
        { plugin: owner, endpoint: this.options.name, from: datagram.from.toString(), err: error },
        `plugin ${owner} failed on a datagram: ${messageOf(error)}`,
      );
    }
  }
}
