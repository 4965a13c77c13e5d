import type { Clock, PeerAddress } from 'beaconry';
import { encodeSignedCertificate } from '../../coordinator/sdr/certificate-codec.js';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { encodePopCode } from '../../coordinator/sdr/pop-code-codec.js';
import * as codec from '../relay-codec.js';
import { NO_BYTES } from '../relay-codec.js';
import { ExchangeKey, hmac, registrationKeys, sameBytes } from '../relay-keys.js';
import { newSessionId } from './hop.js';
import { type ProbedRelay, RelayProber } from './relay-prober.js';

/** The own registration at one relay. */
export interface Registering {
  readonly relay: ProbedRelay;
  readonly id: number;
  readonly key: ExchangeKey;
  hash: Uint8Array;
  /** From REGISTER_OK; absent until then. */
  secret: Uint8Array | undefined;
  sentAt: number;
  acceptedAt: number;
}

export interface OwnRegistrationsOptions {
  readonly clock: Clock;
  readonly identity: string;
  readonly appId: number;
  readonly pop: string;
  readonly credentials?: Credentials;
}

const REGISTER_EVERY = 30_000;
const RETRY = 500;

/** Keeps a hosted server registered at every relay of the network. */
export class OwnRegistrations {
  readonly prober: RelayProber;
  readonly #registering = new Map<string, Registering>();
  readonly #byId = new Map<number, Registering>();
  #config: NetworkConfig | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly options: OwnRegistrationsOptions,
    private readonly send: (bytes: Uint8Array, to: PeerAddress) => void,
  ) {
    this.prober = new RelayProber(options.clock, send);
  }

  /** Names of relays that hold one now. */
  get relays(): readonly string[] {
    const now = this.options.clock.monotonic();
    return [...this.#registering.values()]
      .filter(({ acceptedAt }) => now - acceptedAt < 90_000)
      .map(({ relay }) => relay.name);
  }

  /** By the id that a JOIN names; undefined: not from the relay that has it, or not accepted yet. */
  find(id: number, from: PeerAddress): (Registering & { readonly secret: Uint8Array }) | undefined {
    const found = this.#byId.get(id);
    if (found?.secret === undefined || !found.relay.address.equals(from)) return undefined;
    return found as Registering & { readonly secret: Uint8Array };
  }

  tick(config: NetworkConfig | undefined): void {
    const now = this.options.clock.monotonic();
    if (config !== undefined && config !== this.#config) {
      this.#config = config;
      this.prober.update(config, true);
    }
    // Cookies live half a minute, and registrations are renewed with fresh ones.
    const missing = this.prober.relays.some((relay) => this.#isDue(relay, now));
    if (now - this.#probedAt >= (missing ? RETRY : REGISTER_EVERY / 2)) {
      this.#probedAt = now;
      this.prober.probe();
    }
    for (const relay of this.prober.relays) if (this.#isDue(relay, now)) this.#register(relay, now);
  }

  /** A REGISTER_OK. */
  accepted(bytes: Uint8Array, from: PeerAddress): void {
    const { message, covered, hmac: received } = codec.decodeRegisterOk(bytes);
    const registering = this.#byId.get(message.id | 0);
    if (registering === undefined || !registering.relay.address.equals(from)) return;
    const { key, relay, hash } = registering;
    const secrets = Buffer.concat([
      key.secretWith(relay.key),
      key.secretWith(message.relayEphemeral),
    ]);
    const keys = registrationKeys(secrets, hash);
    if (!sameBytes(hmac(keys.answer, covered).subarray(0, 16), received)) return;
    registering.secret = keys.secret;
    registering.acceptedAt = this.options.clock.monotonic();
  }

  #isDue({ name }: ProbedRelay, now: number): boolean {
    const known = this.#registering.get(name);
    return known === undefined || now - known.acceptedAt >= REGISTER_EVERY;
  }

  #register(relay: ProbedRelay, now: number): void {
    const cookie = this.prober.cookie(relay);
    const known = this.#registering.get(relay.name);
    if (cookie === undefined || (known !== undefined && now - known.sentAt < RETRY)) return;
    const { clock, identity, appId, pop, credentials } = this.options;
    const id = known?.id ?? newSessionId((taken) => this.#byId.has(taken));
    const key = ExchangeKey.generate();
    const certificate =
      credentials === undefined ? NO_BYTES : encodeSignedCertificate(credentials.certificate);
    const bytes = codec.encodeRegister(
      {
        cookie,
        id: id >>> 0,
        key: key.publicKey,
        time: Math.floor(clock.now() / 1000),
        relayKey: relay.key,
        appId,
        pop: encodePopCode(pop),
        identity,
        certificate,
      },
      (signed) => credentials?.key.sign(signed) ?? new Uint8Array(64),
    );
    const { hash } = codec.decodeRegister(bytes);
    const registering: Registering = {
      relay,
      id,
      key,
      hash,
      secret: known?.secret,
      sentAt: now,
      acceptedAt: known?.acceptedAt ?? Number.NEGATIVE_INFINITY,
    };
    this.#registering.set(relay.name, registering);
    this.#byId.set(id, registering);
    this.send(bytes, relay.address);
  }
}
