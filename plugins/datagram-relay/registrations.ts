import { DecodeError, type PeerAddress, ServerError } from 'beaconry';
import { checkCertificate } from '../coordinator/sdr/certificate-check.js';
import { decodeSignedCertificate } from '../coordinator/sdr/certificate-codec.js';
import { DEV_POP, formatPopId } from '../coordinator/sdr/pop-code-codec.js';
import { type DecodedRegister, registerSigned } from './relay-codec.js';
import { ExchangeKey, type RegistrationKeys, registrationKeys } from './relay-keys.js';
import type { RelayNetworkView } from './relay-network-view.js';

export const LEASE = 90;
/** Seconds that the clock of a server may differ. */
const MAX_SKEW = 300;

export interface Registration {
  readonly id: number;
  readonly identity: string;
  readonly appId: number;
  readonly pop: string;
  readonly address: PeerAddress;
  readonly secret: Uint8Array;
  /** Unix seconds that the server wrote; rises. */
  readonly time: number;
  /** Milliseconds of the monotonic clock. */
  expiresAt: number;
}

export interface AcceptedRegistration {
  readonly keys: RegistrationKeys;
  readonly relayEphemeral: Uint8Array;
}

/** Servers that registered from the address at which they take players: the only targets of JOINs. */
export class Registrations {
  readonly #byAddress = new Map<string, Registration>();

  constructor(
    private readonly limit: number,
    private readonly dev: boolean,
  ) {}

  get size(): number {
    return this.#byAddress.size;
  }

  find(address: PeerAddress, identity: string, now: number): Registration | undefined {
    const found = this.#byAddress.get(address.toString());
    return found !== undefined && found.identity === identity && found.expiresAt > now
      ? found
      : undefined;
  }

  get all(): Iterable<Registration> {
    return this.#byAddress.values();
  }

  sweep(now: number): void {
    for (const [name, { expiresAt }] of this.#byAddress) {
      if (expiresAt <= now) this.#byAddress.delete(name);
    }
  }

  /** Judges a REGISTER with a valid cookie; undefined: say nothing. */
  accept(
    register: DecodedRegister,
    from: PeerAddress,
    relayKey: ExchangeKey,
    network: RelayNetworkView,
    time: { readonly now: number; readonly unix: number },
  ): AcceptedRegistration | undefined {
    const pop = formatPopId(register.pop);
    if (Math.abs(register.time - time.unix) > MAX_SKEW || !network.isTarget(pop, from)) {
      return undefined;
    }
    const name = from.toString();
    const known = this.#byAddress.get(name);
    // An older message played back must not replace a newer registration.
    if (known !== undefined && known.expiresAt > time.now && known.time > register.time) {
      return undefined;
    }
    if (known === undefined && this.#byAddress.size >= this.limit) return undefined;
    if (!this.#isProven(register, pop, network, time.unix)) return undefined;
    const ephemeral = ExchangeKey.generate();
    const secrets = Buffer.concat([
      relayKey.secretWith(register.key),
      ephemeral.secretWith(register.key),
    ]);
    const keys = registrationKeys(secrets, register.hash);
    this.#byAddress.set(name, {
      id: register.id,
      identity: register.identity,
      appId: register.appId,
      pop,
      address: from.copy(),
      secret: keys.secret,
      time: register.time,
      expiresAt: time.now + LEASE * 1000,
    });
    return { keys, relayEphemeral: ephemeral.publicKey };
  }

  #isProven(
    register: DecodedRegister,
    pop: string,
    network: RelayNetworkView,
    now: number,
  ): boolean {
    if (register.certificate.length === 0) return pop === DEV_POP && this.dev;
    const { identity, appId } = register;
    try {
      const certificate = decodeSignedCertificate(register.certificate);
      const expected = { now, identity, appId, pop };
      const { key } = checkCertificate(certificate, network.certificates, expected);
      return key.verifies(registerSigned(register.signedHash), register.signature);
    } catch (error) {
      if (error instanceof ServerError || error instanceof DecodeError) return false;
      throw error;
    }
  }
}
