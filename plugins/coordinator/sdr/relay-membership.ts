import { type Clock, PeerAddress } from 'beaconry';
import {
  addressProofBytes,
  decodeAddressAnswer,
  decodeAddressProbe,
  encodeAddressAnswer,
  encodeAddressProbe,
} from './address-proof-codec.js';
import type { SignedCertificate } from './certificate-codec.js';
import { encodePopCode } from './pop-code-codec.js';
import {
  type AnsweredProbe,
  type CheckInAnswer,
  encodeCheckIn,
  encodeSignedCheckIn,
  MAX_ANSWERED,
} from './relay-check-in-codec.js';
import type { SigningKey } from './signing-key.js';

export interface RelayMembershipOptions {
  readonly key: SigningKey;
  /** A data-centre certificate for the POP. */
  readonly certificate: SignedCertificate;
  readonly pop: string;
  readonly ipv4: string;
  readonly firstPort: number;
  readonly lastPort: number;
  /** Own X25519 key; absent where the relay holds the network's. */
  readonly routeKey?: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * The relay's side of joining a network, without sockets: check-ins out, answers in; probes of others are
 * answered, and probes for others sent and reported.
 */
export class RelayMembership {
  #state: CheckInAnswer['state'] = 'waiting';
  #lastTime = 0n;
  #probers: ReadonlySet<string> = new Set();
  readonly #sent = new Map<string, string>();
  readonly #answered = new Map<string, AnsweredProbe>();
  #reported: readonly string[] = [];

  constructor(private readonly options: RelayMembershipOptions) {}

  get state(): CheckInAnswer['state'] {
    return this.#state;
  }

  /** The next check-in; reports the probes that were answered since the last one. */
  checkIn(): Uint8Array {
    const { key, certificate, pop, ipv4, firstPort, lastPort, routeKey, clock } = this.options;
    const now = BigInt(Math.floor(clock.now()));
    this.#lastTime = now > this.#lastTime ? now : this.#lastTime + 1n;
    const body = encodeCheckIn({
      time: this.#lastTime,
      pop: encodePopCode(pop),
      ipv4,
      firstPort,
      lastPort,
      routeKey: routeKey ?? new Uint8Array(),
      answered: this.#report(),
    });
    return encodeSignedCheckIn({ certificate, body, signature: key.sign(body) });
  }

  #report(): readonly AnsweredProbe[] {
    this.#reported = [...this.#answered.keys()].slice(0, MAX_ANSWERED);
    return this.#reported.flatMap((challenge) => this.#answered.get(challenge) ?? []);
  }

  /** Takes the coordinator's answer; gives the probes to send. Reported proofs are done with. */
  answered(
    answer: CheckInAnswer,
  ): readonly { readonly to: PeerAddress; readonly bytes: Uint8Array }[] {
    this.#state = answer.state;
    this.#probers = new Set(answer.probers);
    // An answer that came since is reported next time.
    for (const challenge of this.#reported) this.#answered.delete(challenge);
    this.#reported = [];
    this.#sent.clear();
    return answer.probes.slice(0, MAX_ANSWERED).flatMap(({ challenge, address }) => {
      const to = PeerAddress.parse(address);
      if (to === undefined) return [];
      this.#sent.set(challenge, address);
      return [{ to, bytes: encodeAddressProbe(Buffer.from(challenge, 'hex')) }];
    });
  }

  /** Whether the coordinator announced probes from this host. */
  expects(from: PeerAddress): boolean {
    return this.#probers.has(from.host);
  }

  /** A probe, to be answered only when the coordinator announced its sender; undefined: say nothing. */
  probe(bytes: Uint8Array, from: PeerAddress): Uint8Array | undefined {
    if (!this.expects(from)) return undefined;
    const challenge = decodeAddressProbe(bytes);
    const { key, ipv4, firstPort } = this.options;
    const signature = key.sign(addressProofBytes(challenge, `${ipv4}:${firstPort}`));
    return encodeAddressAnswer({ challenge, signature });
  }

  /** The answer to one of our probes, from the address that was asked; goes into the next check-in. */
  probeAnswer(bytes: Uint8Array, from: PeerAddress): void {
    const { challenge, signature } = decodeAddressAnswer(bytes);
    const id = Buffer.from(challenge).toString('hex');
    const address = from.toString();
    if (this.#sent.get(id) === address) this.#answered.set(id, { challenge, address, signature });
  }
}
