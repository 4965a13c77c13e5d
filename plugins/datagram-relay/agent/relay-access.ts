import { type Clock, DecodeError, type PeerAddress, ServerError } from 'beaconry';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import { CONTROL, DATA, isHopPacket, readWord, sessionIdOf } from '../data-codec.js';
import { Lead } from '../relay-codec.js';
import type { AgentSocket, OpenAgentSocket } from './agent-socket.js';
import { newSessionId } from './hop.js';
import { NetworkMeasurement } from './network-measurement.js';
import { type ForcedRelays, type ProbedRelay, RelayProber } from './relay-prober.js';

/** The network config that is in force, and whom it makes us trust. */
export interface TrustedNetwork {
  readonly config: NetworkConfig;
  readonly certificates: CertificateStore;
}

/** NO_NETWORK_CONFIG. */
export function requireNetwork(network: TrustedNetwork | undefined): TrustedNetwork {
  if (network !== undefined) return network;
  throw new ServerError('NO_NETWORK_CONFIG', 'the network config is not here yet');
}

export interface RelayAccessOptions {
  readonly clock: Clock;
  readonly openSocket: OpenAgentSocket;
  /** Undefined: no config yet. */
  network(): TrustedNetwork | undefined;
  /** For developers: other pings than the real ones, or one relay or POP alone. */
  readonly forced?: ForcedRelays;
}

/** Whose session ids they are: gets what arrives with them. */
export interface SessionOwner {
  /** OPEN_OK or REFUSED. */
  answer(id: number, bytes: Uint8Array, from: PeerAddress): void;
  receive(id: number, bytes: Uint8Array, from: PeerAddress): void;
  control(id: number, bytes: Uint8Array, from: PeerAddress): void;
}

const TICK = 100;
const PROBE_EVERY = 1000;

/** A player's socket into the relay network: measures relays, and hands packets to the owners of session ids. */
export class RelayAccess {
  readonly prober: RelayProber;
  readonly measurement: NetworkMeasurement;
  #socket: AgentSocket | undefined;
  readonly #byId = new Map<number, SessionOwner>();
  #config: NetworkConfig | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;

  constructor(private readonly options: RelayAccessOptions) {
    const { clock, forced, network } = options;
    this.prober = new RelayProber(clock, (bytes, to) => this.send(bytes, to), forced);
    const config = () => network()?.config;
    this.measurement = new NetworkMeasurement({ clock, prober: this.prober, config });
  }

  /** `tick` is called ten times a second and tells whether connections are open: then relays are probed often. */
  async start(tick: () => boolean): Promise<void> {
    const { openSocket, clock } = this.options;
    this.#socket = await openSocket((bytes, from) => this.#receive(bytes, from));
    this.#stopTimer = clock.every(TICK, () => this.#tick(tick()));
    this.#tick(tick());
  }

  async close(): Promise<void> {
    this.#stopTimer?.();
    await this.#socket?.close();
    this.#socket = undefined;
  }

  send(bytes: Uint8Array, to: PeerAddress): void {
    this.#socket?.send(bytes, to);
  }

  /** A cookie of that relay; undefined: it was asked for one. */
  cookie(relay: ProbedRelay): Uint8Array | undefined {
    const cookie = this.prober.cookie(relay);
    if (cookie === undefined) this.prober.probe(relay);
    return cookie;
  }

  newId(owner: SessionOwner): number {
    const id = newSessionId((taken) => this.#byId.has(taken));
    this.#byId.set(id, owner);
    return id;
  }

  dropId(id: number): void {
    this.#byId.delete(id);
  }

  #tick(isActive: boolean): void {
    const now = this.options.clock.monotonic();
    const config = this.options.network()?.config;
    if (config !== undefined && config !== this.#config) {
      this.#config = config;
      this.prober.update(config);
    }
    const pause = isActive ? PROBE_EVERY : PROBE_EVERY * 5;
    const first = this.prober.relays.some(({ pings }) => pings.length < 2);
    if (now - this.#probedAt >= (first ? Math.min(pause, 500) : pause)) {
      this.#probedAt = now;
      this.prober.probe();
    }
  }

  #receive(bytes: Uint8Array, from: PeerAddress): void {
    const first = bytes[0] ?? 0;
    try {
      if (first === Lead.probeOk) this.prober.answered(bytes, from);
      else if (first === Lead.openOk || first === Lead.refused) {
        if (bytes.length < 6) return;
        const id = readWord(bytes, 2);
        this.#byId.get(id)?.answer(id, bytes, from);
      } else if ((first & DATA) !== 0 || first === CONTROL) {
        if (!isHopPacket(bytes)) return;
        const id = sessionIdOf(bytes);
        if (first === CONTROL) this.#byId.get(id)?.control(id, bytes, from);
        else this.#byId.get(id)?.receive(id, bytes, from);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
}
