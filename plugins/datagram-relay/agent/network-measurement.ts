import { type Clock, DecodeError } from 'beaconry';
import { Availability } from '../../coordinator/sdr/availability.js';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import {
  estimatePing,
  estimatePingToPop,
  popDistances,
} from '../../coordinator/sdr/ping-estimate.js';
import {
  formatPingLocation,
  type PingLocation,
  type PopPing,
  parsePingLocation,
} from '../../coordinator/sdr/ping-location-codec.js';
import { pingOf, type RelayProber } from './relay-prober.js';

/** How well the relay network can be reached; the numbers are those of `Availability`. */
export interface NetworkStatus {
  readonly overall: number;
  readonly pingMeasurementRunning: boolean;
  readonly config: number;
  readonly anyRelay: number;
  /** For a player. */
  readonly text: string;
}

export interface MeasurementOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly prober: RelayProber;
  /** Undefined: no config yet. */
  config(): NetworkConfig | undefined;
}

/** What one host knows of its ways into the relay network. */
export class NetworkMeasurement {
  readonly #startedAt: number;

  constructor(private readonly options: MeasurementOptions) {
    this.#startedAt = options.clock.monotonic();
  }

  /** Known POPs. */
  get pops(): readonly string[] {
    return [...(this.options.config()?.pops.keys() ?? [])];
  }

  /** Milliseconds to the nearest relay of a POP; undefined: not measured. */
  directPing(pop: string): number | undefined {
    const pings = this.options.prober.relays
      .filter((relay) => relay.pop === pop)
      .map(pingOf)
      .filter((ping) => ping !== undefined);
    return pings.length === 0 ? undefined : Math.min(...pings);
  }

  /** Milliseconds to a POP by the best first relay, and its POP. */
  relayedPing(pop: string): { readonly ping: number; readonly via: string } | undefined {
    const distance = this.#distance();
    let best: { ping: number; via: string } | undefined;
    for (const relay of this.options.prober.relays) {
      const front = pingOf(relay);
      const between = distance(relay.pop, pop);
      if (front === undefined || between === undefined) continue;
      const ping = Math.round(front + between);
      if (best === undefined || ping < best.ping) best = { ping, via: relay.pop };
    }
    return best;
  }

  /**
   * Whether all pings are at most so old, in seconds. If not, they are measured anew from now on; with 0 they are in
   * any case.
   */
  isUpToDate(seconds: number): boolean {
    const { clock, prober } = this.options;
    const oldest = clock.monotonic() - seconds * 1000;
    const { relays } = prober;
    const isUpToDate = relays.length > 0 && relays.every(({ answeredAt }) => answeredAt > oldest);
    if (!isUpToDate) prober.probe();
    return isUpToDate;
  }

  /** The own marker: pings to POPs and nothing else. */
  get location(): string {
    return formatPingLocation(this.#location());
  }

  /** Estimated round trip to another marker; -1 when it cannot be read, -2 when unknown. */
  estimatePing(other: string): number {
    try {
      return estimatePing(this.#location(), parsePingLocation(other), this.#distance());
    } catch (error) {
      if (error instanceof DecodeError) return -1;
      throw error;
    }
  }

  estimatePingToPop(pop: string): number {
    return estimatePingToPop(this.#location(), pop, this.#distance());
  }

  /** How well the network can be reached, with a sentence for a player. */
  get status(): NetworkStatus {
    const { clock, config, prober } = this.options;
    if (config() === undefined) {
      const text = 'The list of relays could not be loaded yet. Check your internet connection.';
      return this.#status(Availability.attempting, Availability.attempting, 0, text);
    }
    const { relays } = prober;
    const alive = relays.filter((relay) => pingOf(relay) !== undefined);
    if (alive.length > 0) {
      const text = `Connected to the relay network: ${alive.length} of ${relays.length} relays answer.`;
      return this.#status(100, 100, 100, text);
    }
    const before = relays.some(({ pings }) => pings.length > 0);
    if (clock.monotonic() - this.#startedAt < 3000) {
      return this.#status(
        Availability.attempting,
        100,
        Availability.attempting,
        'Measuring relays.',
      );
    }
    const text = before
      ? 'The connection to all relays was lost. Trying again.'
      : 'No relay answers. A firewall may block UDP, or you are offline.';
    const relay = before ? Availability.retrying : Availability.failed;
    return this.#status(relay, 100, relay, text);
  }

  #status(overall: number, config: number, anyRelay: number, text: string): NetworkStatus {
    const running = this.options.prober.relays.some(({ pings }) => pings.length === 0);
    return { overall, config, anyRelay, text, pingMeasurementRunning: running };
  }

  #distance() {
    return popDistances(this.options.config()?.typicalPings ?? []);
  }

  #location(): PingLocation {
    const location = new Map<string, PopPing>();
    for (const pop of this.pops) {
      const direct = this.directPing(pop);
      if (direct === undefined) continue;
      const rounded = Math.min(2000, Math.round(direct));
      const relayed = this.relayedPing(pop);
      location.set(pop, {
        direct: rounded,
        penalty: Math.floor(rounded / 10),
        ...(relayed === undefined || relayed.via === pop || relayed.ping > 2000
          ? {}
          : { relayed: { ping: relayed.ping, penalty: 0 } }),
      });
    }
    return location;
  }
}
