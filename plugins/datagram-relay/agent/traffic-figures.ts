import type { ConnectionState } from './connection-state.js';

/** What went over a connection lately. */
export interface TrafficRates {
  readonly outPacketsPerSecond: number;
  readonly outBytesPerSecond: number;
  readonly inPacketsPerSecond: number;
  readonly inBytesPerSecond: number;
  /** Share of the other side's packets that came, 0 to 1; undefined while too few are known. */
  readonly quality: number | undefined;
}

/** How a connection does now, after Steam's `SteamNetConnectionRealTimeStatus_t`; undefined: not known. */
export interface RealTimeStatus extends TrafficRates {
  readonly state: ConnectionState;
  /** Milliseconds round trip; -1: not known. */
  readonly ping: number;
  /** Share of our packets that came to the far side, 0 to 1. */
  readonly remoteQuality: number | undefined;
  /** Bytes of reliable messages that never left, and that left and are not acknowledged. */
  readonly pendingReliable: number;
  readonly unacknowledgedReliable: number;
  /** Milliseconds that a reliable message handed in now waits before it leaves. */
  readonly queueTime: number;
}

/** The status, with the time that what waits will take: as much leaves as is acknowledged in a round trip. */
export function realTimeStatus(
  rates: TrafficRates,
  now: Pick<RealTimeStatus, 'state' | 'ping' | 'pendingReliable' | 'unacknowledgedReliable'>,
  remoteQuality: number | undefined,
): RealTimeStatus {
  const { pendingReliable, unacknowledgedReliable } = now;
  const rounds = pendingReliable / Math.max(1, unacknowledgedReliable);
  return { ...rates, ...now, remoteQuality, queueTime: Math.ceil(rounds * Math.max(0, now.ping)) };
}

const INTERVAL = 1000;
/** Packets of which a share says something. */
const ENOUGH = 5;

/** Rates and loss of a connection, measured every second and smoothed. */
export class TrafficFigures {
  #since: number;
  #out = { packets: 0, bytes: 0 };
  #in = { packets: 0, bytes: 0 };
  /** Newest packet number, and that at which the share was taken last. */
  #newest = 0;
  #countedTo = 0;
  #came = 0;
  rates: TrafficRates = {
    outPacketsPerSecond: 0,
    outBytesPerSecond: 0,
    inPacketsPerSecond: 0,
    inBytesPerSecond: 0,
    quality: undefined,
  };

  constructor(now: number) {
    this.#since = now;
  }

  sent(bytes: number): void {
    this.#out.packets++;
    this.#out.bytes += bytes;
  }

  received(bytes: number, number: number): void {
    this.#in.packets++;
    this.#in.bytes += bytes;
    this.#came++;
    if (number > this.#newest) this.#newest = number;
  }

  /** To be called often; once a second there are new figures. */
  tick(now: number): void {
    const seconds = (now - this.#since) / 1000;
    if (seconds * 1000 < INTERVAL) return;
    this.#since = now;
    const { rates } = this;
    const smooth = (before: number, count: number) =>
      before === 0 ? count / seconds : (before + count / seconds) / 2;
    this.rates = {
      outPacketsPerSecond: smooth(rates.outPacketsPerSecond, this.#out.packets),
      outBytesPerSecond: smooth(rates.outBytesPerSecond, this.#out.bytes),
      inPacketsPerSecond: smooth(rates.inPacketsPerSecond, this.#in.packets),
      inBytesPerSecond: smooth(rates.inBytesPerSecond, this.#in.bytes),
      quality: this.#share(rates.quality),
    };
    this.#out = { packets: 0, bytes: 0 };
    this.#in = { packets: 0, bytes: 0 };
  }

  #share(before: number | undefined): number | undefined {
    const sent = this.#newest - this.#countedTo;
    if (sent < ENOUGH) return before;
    const share = Math.min(1, this.#came / sent);
    this.#countedTo = this.#newest;
    this.#came = 0;
    return before === undefined ? share : (before + share) / 2;
  }
}
