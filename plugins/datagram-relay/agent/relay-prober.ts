import { randomBytes } from 'node:crypto';
import { type Clock, DecodeError, PeerAddress } from 'beaconry';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import { decodeProbeOk, encodeProbe, NO_SHUTDOWN } from '../relay-codec.js';

/** What is known of one relay. */
export interface ProbedRelay {
  readonly name: string;
  readonly pop: string;
  readonly address: PeerAddress;
  /** X25519 key of its POP. */
  readonly key: Uint8Array;
  /** Newest round trips in milliseconds, at most 3. */
  readonly pings: number[];
  /** Milliseconds of the monotonic clock at which it answered last. */
  answeredAt: number;
  /** Probes since the last answer. */
  missed: number;
  cookie: Uint8Array | undefined;
  /** Milliseconds of the monotonic clock. */
  cookieAt: number;
  penalty: number;
  shutdown: number;
  observed: PeerAddress | undefined;
}

/** What a developer wants instead of what is measured. */
export interface ForcedRelays {
  /** Milliseconds by POP, in place of measured ones: `sto=32,iad=100`. */
  readonly fakePings?: ReadonlyMap<string, number>;
  /** Relays of this POP alone. */
  readonly pop?: string;
  /** The relay with this IPv4 address alone. */
  readonly relay?: string;
}

interface Pending {
  readonly relay: ProbedRelay;
  readonly sentAt: number;
}

const MAX_RELAYS = 64;
const MISSES = 3;
const COOKIE_LIFE = 25_000;
const EMPTY = new Uint8Array(8);

/** The middle of the newest pings; undefined when there is none, or the relay has fallen silent. */
export function pingOf({ pings, missed }: ProbedRelay): number | undefined {
  if (pings.length === 0 || missed >= MISSES) return undefined;
  const sorted = [...pings].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

const newRelay = (
  name: string,
  pop: string,
  address: PeerAddress,
  key: Uint8Array,
): ProbedRelay => ({
  name,
  pop,
  address,
  key,
  pings: [],
  answeredAt: Number.NEGATIVE_INFINITY,
  missed: 0,
  cookie: undefined,
  cookieAt: Number.NEGATIVE_INFINITY,
  penalty: 0,
  shutdown: NO_SHUTDOWN,
  observed: undefined,
});

/** Measures relays and keeps their cookies. One socket for all of them. */
export class RelayProber {
  #relays = new Map<string, ProbedRelay>();
  readonly #pending = new Map<string, Pending>();
  readonly #ranges = new Map<string, readonly [number, number]>();
  readonly #others = new Map<string, ProbedRelay>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly send: (bytes: Uint8Array, to: PeerAddress) => void,
    private readonly forced: ForcedRelays = {},
  ) {}

  get relays(): readonly ProbedRelay[] {
    return [...this.#relays.values()];
  }

  /** Takes the relays of a config; of a range of ports one, chosen at random and kept. */
  update(config: NetworkConfig, allPorts = false): void {
    const relays = new Map<string, ProbedRelay>();
    for (const [pop, { relays: entries, routeKey }] of config.pops) {
      const key = routeKey ?? config.relayPublicKey;
      const { pop: onlyPop, relay: onlyRelay } = this.forced;
      if (key === undefined || (onlyPop !== undefined && pop !== onlyPop)) continue;
      for (const { ipv4, portRange, id } of entries) {
        if (onlyRelay !== undefined && ipv4 !== onlyRelay) continue;
        const [first, last] = portRange;
        const span = Math.min(16, last - first + 1);
        const chosen = first + ((randomBytes(1)[0] as number) % span);
        const ports = allPorts ? Array.from({ length: span }, (_, i) => first + i) : [chosen];
        for (const port of ports) {
          const entry = id ?? `${pop}-${ipv4}-${first}`;
          const name = allPorts ? `${entry}:${port}` : entry;
          if (relays.size >= MAX_RELAYS) break;
          const known = this.#relays.get(name);
          if (known !== undefined && known.address.host === ipv4) {
            relays.set(name, known);
            this.#ranges.set(name, portRange);
            continue;
          }
          this.#ranges.set(name, portRange);
          relays.set(name, newRelay(name, pop, PeerAddress.of(ipv4, port), key));
        }
      }
    }
    this.#relays = relays;
    for (const name of this.#ranges.keys()) if (!relays.has(name)) this.#ranges.delete(name);
    this.#others.clear();
  }

  /** The process of a known relay at another port of its range, where a peer is; undefined: not of the network. */
  at(name: string, port: number): ProbedRelay | undefined {
    const known = this.#relays.get(name);
    const range = this.#ranges.get(name);
    if (known === undefined || known.address.port === port) return known;
    if (range === undefined || port < range[0] || port > range[1]) return undefined;
    const key = `${name}:${port}`;
    let other = this.#others.get(key);
    if (other === undefined) {
      if (this.#others.size >= MAX_RELAYS) this.#others.delete([...this.#others.keys()][0] ?? '');
      other = newRelay(name, known.pop, PeerAddress.of(known.address.host, port), known.key);
      this.#others.set(key, other);
    }
    return other;
  }

  /** One probe to each relay, or to one. */
  probe(only?: ProbedRelay): void {
    const now = this.clock.monotonic();
    for (const [nonce, { sentAt }] of this.#pending) {
      if (now - sentAt > 5000) this.#pending.delete(nonce);
    }
    for (const relay of only === undefined ? this.#relays.values() : [only]) {
      if (this.#pending.size > MAX_RELAYS * 16) return;
      const nonce = randomBytes(8);
      this.#pending.set(nonce.toString('hex'), { relay, sentAt: now });
      relay.missed++;
      this.send(encodeProbe({ nonce, time: EMPTY }), relay.address);
    }
  }

  /** A PROBE_OK; counts only from the relay that was asked, with its nonce. */
  answered(bytes: Uint8Array, from: PeerAddress): void {
    let ok: ReturnType<typeof decodeProbeOk>;
    try {
      ok = decodeProbeOk(bytes);
    } catch (error) {
      if (error instanceof DecodeError) return;
      throw error;
    }
    const nonce = Buffer.from(ok.nonce).toString('hex');
    const pending = this.#pending.get(nonce);
    if (pending === undefined || !pending.relay.address.equals(from)) return;
    this.#pending.delete(nonce);
    const { relay } = pending;
    const now = this.clock.monotonic();
    relay.missed = 0;
    relay.answeredAt = now;
    relay.pings.push(this.forced.fakePings?.get(relay.pop) ?? now - pending.sentAt);
    if (relay.pings.length > 3) relay.pings.shift();
    relay.cookie = ok.cookie;
    relay.cookieAt = now;
    relay.penalty = ok.penalty;
    relay.shutdown = ok.shutdown;
    relay.observed = ok.observed;
  }

  /** A cookie that the relay will take; undefined: probe first. */
  cookie(relay: ProbedRelay): Uint8Array | undefined {
    return this.clock.monotonic() - relay.cookieAt < COOKIE_LIFE ? relay.cookie : undefined;
  }
}
