import { type Clock, ServerError, type Store } from 'beaconry';
import { answerCheckIn } from './check-in-answer.js';
import { vouches } from './key-standing.js';
import { PopRouteKeys } from './pop-route-keys.js';
import { checkAdmission } from './relay-admission.js';
import { judgeCheckIn } from './relay-check-in.js';
import { nextProofs, provesAddress } from './relay-proofs.js';
import type { RelayFacts, StoredRelay } from './relay-record.js';
import type { CertificateStore } from './sdr/certificate-store.js';
import type { AnsweredProbe, CheckInAnswer, RelayCheckIn } from './sdr/relay-check-in-codec.js';
import type { VerifyingKey } from './sdr/signing-key.js';

/** Seconds until a silent relay leaves the config. */
const LEASE = 180;

export interface RelayRegistryOptions {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now'>;
  readonly dev: boolean;
  /** CIDRs of relays besides public addresses. */
  readonly ranges: readonly string[];
  /** X25519 key of the network. */
  readonly routeKey: Uint8Array;
  certificates(): CertificateStore;
  /** Whether the configuration itself lists this relay, which then needs no proof. */
  isConfigured(pop: string, ipv4: string, port: number, keyId: bigint): boolean;
  /** Keys of the relays that the configuration lists for a POP, as far as it names them; undefined: it lists none. */
  configuredKeys(pop: string): ReadonlySet<string> | undefined;
  /** Publishes, when a relay enters or leaves the config. */
  onChange(): Promise<void>;
}

/**
 * Relays that joined with a data-centre certificate for their POP. A relay is listed when two relays that are
 * listed already (one, if there is only one) saw it answer at its address.
 */
export class RelayRegistry {
  #relays: readonly StoredRelay[] = [];

  readonly #routeKeys: PopRouteKeys;

  constructor(private readonly options: RelayRegistryOptions) {
    const { store, certificates, configuredKeys, routeKey } = options;
    const home = hexOf(routeKey);
    this.#routeKeys = new PopRouteKeys({ store, certificates, configuredKeys, home });
  }

  /** Relays that are alive, with a key that counts: neither it nor one above it is revoked. */
  get live(): readonly StoredRelay[] {
    const now = this.options.clock.now();
    return this.#relays.filter((relay) => relay.expiresAt > now && !this.#isLost(relay));
  }

  get all(): readonly StoredRelay[] {
    return this.#relays;
  }

  /** Reads what this node or another one wrote. */
  async load(): Promise<void> {
    const page = await this.options.store.scan<StoredRelay>('relay/', { limit: 10_000 });
    this.#relays = page.map(([, relay]) => relay);
  }

  /**
   * Takes a signed check-in. Codes: CHECK_IN_MALFORMED, those of `checkCertificate`, CHECK_IN_SIGNATURE,
   * CHECK_IN_TIME, RELAY_ADDRESS, RELAY_ROUTE_KEY, RELAY_TOO_MANY, RELAY_REMOVED,
   * RELAY_DEV.
   */
  async checkIn(bytes: Uint8Array): Promise<CheckInAnswer> {
    const { clock, dev, ranges } = this.options;
    const certificates = this.options.certificates();
    const { checkIn, key, caKeyId, pop } = judgeCheckIn(bytes, {
      now: clock.now(),
      certificates,
      dev,
      ranges,
    });
    const id = `${pop}-${checkIn.ipv4}-${checkIn.firstPort}`;
    await this.load();
    const routeKey = this.#routeKeyOf(checkIn);
    await this.#routeKeys.check(pop, routeKey, String(key.id));
    const base: RelayFacts = {
      ...{ id, keyId: String(key.id), caKeyId: String(caKeyId), pop, routeKey },
      key: Buffer.from(key.bytes).toString('hex'),
      ipv4: checkIn.ipv4,
      firstPort: checkIn.firstPort,
      lastPort: checkIn.lastPort,
      time: String(checkIn.time),
      expiresAt: clock.now() + LEASE * 1000,
    };
    checkAdmission(this.#relays, base);
    const known = this.#relays.find((relay) => relay.id === id);
    if (this.#next(known, base, key).state === 'listed') {
      await this.#routeKeys.bind(pop, routeKey, base.keyId);
    }
    let changed = false;
    const stored = await this.options.store.update<StoredRelay>(`relay/${id}`, (current) => {
      const next = this.#next(current, base, key);
      changed = (current?.state === 'listed') !== (next.state === 'listed');
      return next;
    });
    // Only now is it certain that the relay itself speaks, and for the first time.
    if (stored?.state === 'listed') await this.#takeProofs(id, checkIn.answered);
    await this.load();
    if (changed) await this.options.onChange();
    return answerCheckIn(stored as StoredRelay, this.live);
  }

  /** Lets a relay or all of a POP leave the config; their sessions go on until they moved. */
  async drain(name: string): Promise<readonly string[]> {
    return this.#change(name, 'draining');
  }

  /** Removes a relay or all of a POP at once; what checks in again is told to stop. */
  async remove(name: string): Promise<readonly string[]> {
    return this.#change(name, 'removed');
  }

  /** Lets a drained or removed relay, or all of a POP, prove its address and come back. */
  async admit(name: string): Promise<readonly string[]> {
    return this.#change(name, 'proving');
  }

  /** Forgets relays that have been silent for a lease; those removed stay refused. True when the config changes. */
  async sweep(): Promise<boolean> {
    await this.load();
    const now = this.options.clock.now();
    let changed = false;
    for (const relay of this.#relays) {
      if (relay.expiresAt > now || relay.state === 'removed') continue;
      await this.options.store.update<StoredRelay>(`relay/${relay.id}`, (known) =>
        known !== undefined && known.expiresAt <= now && known.state !== 'removed'
          ? undefined
          : known,
      );
      changed ||= relay.state === 'listed';
    }
    if (changed) await this.load();
    return changed;
  }

  #next(known: StoredRelay | undefined, base: RelayFacts, key: VerifyingKey): StoredRelay {
    const { keyId } = base;
    const now = this.options.clock.now();
    if (
      known !== undefined &&
      known.keyId !== keyId &&
      known.expiresAt > now &&
      !this.#isLost(known)
    ) {
      throw new ServerError('RELAY_ADDRESS', `${base.id} belongs to another key`);
    }
    // A relay that was silent for a lease, or changed hands, proves its address again.
    const same = known?.keyId === keyId && (known.expiresAt > now || known.state === 'removed');
    if (same && BigInt(known.time) >= BigInt(base.time)) {
      throw new ServerError('CHECK_IN_TIME', 'a newer check-in of this relay is known');
    }
    const state = same ? known.state : 'proving';
    if (state === 'draining' || state === 'removed' || state === 'listed') {
      return { ...base, state, proofs: [] };
    }
    const { pop, ipv4, firstPort } = base;
    if (this.options.isConfigured(pop, ipv4, firstPort, key.id))
      return { ...base, state: 'listed', proofs: [] };
    const listed = this.live.filter((relay) => relay.state === 'listed' && relay.id !== base.id);
    return { ...base, ...nextProofs(keyId, same ? known.proofs : [], listed, now) };
  }

  #isLost({ keyId, caKeyId }: StoredRelay): boolean {
    const now = Math.floor(this.options.clock.now() / 1000);
    return !vouches(this.options.certificates(), BigInt(keyId), BigInt(caKeyId ?? '0'), now);
  }

  /** Marks the proofs that this relay brings about others. */
  async #takeProofs(prober: string, answered: readonly AnsweredProbe[]): Promise<void> {
    for (const probe of answered) {
      const hex = Buffer.from(probe.challenge).toString('hex');
      const candidate = this.#relays.find(({ proofs }) =>
        proofs.some((proof) => proof.challenge === hex && proof.prober === prober),
      );
      if (candidate === undefined || !provesAddress(candidate, probe)) continue;
      await this.options.store.update<StoredRelay>(
        `relay/${candidate.id}`,
        (known) =>
          known && {
            ...known,
            proofs: known.proofs.map((proof) =>
              proof.challenge === hex ? { ...proof, proven: true } : proof,
            ),
          },
      );
    }
  }

  async #change(
    name: string,
    state: 'draining' | 'removed' | 'proving',
  ): Promise<readonly string[]> {
    await this.load();
    const hit = this.#relays.filter(({ id, pop }) => id === name || pop === name);
    if (hit.length === 0) {
      throw new ServerError(
        'RELAY_UNKNOWN',
        `no relay or POP ${name}; "beaconry pop list" shows them`,
      );
    }
    for (const { id } of hit) {
      await this.options.store.update<StoredRelay>(
        `relay/${id}`,
        (known) => known && { ...known, state, proofs: [] },
      );
    }
    await this.load();
    for (const pop of new Set(hit.map((relay) => relay.pop))) {
      const isEmpty = this.#relays.every((relay) => relay.pop !== pop || relay.state === 'removed');
      if (isEmpty) await this.#routeKeys.free(pop);
    }
    await this.options.onChange();
    return hit.map(({ id }) => id);
  }

  #routeKeyOf({ routeKey }: RelayCheckIn): string {
    return routeKey.length === 0 ? hexOf(this.options.routeKey) : hexOf(routeKey);
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
