import {
  type Clock,
  type Context,
  GlobalLimit,
  type Logger,
  messageOf,
  type PeerAddress,
  ServerError,
  ServerStarted,
  type UdpEndpoint,
} from 'beaconry';
import type { CheckInAnswer, Coordinator } from 'beaconry/plugins/coordinator';
import { PROBE_LENGTH } from '../coordinator/sdr/address-proof-codec.js';
import { decodeCertificateText } from '../coordinator/sdr/certificate-codec.js';
import { CoordinatorClient } from '../coordinator/sdr/coordinator-client.js';
import { RelayMembership } from '../coordinator/sdr/relay-membership.js';
import { SigningKey } from '../coordinator/sdr/signing-key.js';
import { readText } from './network-source.js';

/** Section `checkIn` of the configuration. */
export const checkInConfig = {
  key: {
    doc: 'File with the private key (OpenSSH Ed25519) with which this relay joins the network of its coordinator; null: it does not, and stands in the configuration there.',
    format: String,
    default: null,
    nullable: true,
  },
  certificate: {
    doc: 'File with the data-centre certificate of that key, for the POP.',
    format: String,
    default: null,
    nullable: true,
  },
} as const;

const ANSWER_LENGTH = 82;
/** Milliseconds: for probed relays to answer, between tries that fail (doubled), and at most between check-ins. */
const PROBE_TIME = 2000;
const RETRY = 2000;
const LONGEST_RETRY = 60_000;
const LONGEST_WAIT = 300_000;
/** A removed relay asks now and then whether the operator admits it again. */
const REMOVED_WAIT = 600_000;
/** Answers to probes each second: a signature each, for whoever forges the address of a prober. */
const PROBES_PER_SECOND = 20;

export interface CheckInParts {
  readonly membership: RelayMembership;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  send(bytes: Uint8Array, to: PeerAddress): void;
  post(checkIn: Uint8Array): Promise<CheckInAnswer>;
  /** The coordinator wants sessions to move elsewhere, or lists the relay again after that. */
  leave(): void;
  stay(): void;
}

/** Keeps this relay in the network: checks in again and again, answers probes, and probes for others. */
export class CoordinatorCheckIn {
  readonly #probes: GlobalLimit;
  #cancel = () => {};
  #stopped = false;
  #failures = 0;
  #said = '';

  constructor(private readonly parts: CheckInParts) {
    this.#probes = new GlobalLimit(parts.clock, { perSecond: PROBES_PER_SECOND });
  }

  get state(): CheckInAnswer['state'] {
    return this.parts.membership.state;
  }

  /** Checks in now, and from then on when it is due; the promise is that of the first time. */
  async run(): Promise<void> {
    const wait = await this.#checkIn();
    if (!this.#stopped) this.#cancel = this.parts.clock.after(wait, () => void this.run());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** The answer to a probe of a host that the coordinator announced; undefined: say nothing. */
  probe(bytes: Uint8Array, from: PeerAddress): Uint8Array | undefined {
    const { membership } = this.parts;
    return membership.expects(from) && this.#probes.take()
      ? membership.probe(bytes, from)
      : undefined;
  }

  probeAnswer(bytes: Uint8Array, from: PeerAddress): void {
    this.parts.membership.probeAnswer(bytes, from);
  }

  /** Milliseconds until the next one. */
  async #checkIn(): Promise<number> {
    const { membership, post, send, log } = this.parts;
    const before = membership.state;
    let answer: CheckInAnswer;
    try {
      answer = await post(membership.checkIn());
    } catch (error) {
      this.#say(`this relay cannot check in with its coordinator: ${messageOf(error)}`);
      if (error instanceof ServerError && error.code === 'RELAY_REMOVED') {
        this.parts.leave();
        return REMOVED_WAIT;
      }
      return Math.min(LONGEST_RETRY, RETRY * 2 ** Math.min(this.#failures++, 8));
    }
    this.#failures = 0;
    if (this.#stopped) return LONGEST_WAIT;
    for (const { to, bytes } of membership.answered(answer)) send(bytes, to);
    const { state, relay, text } = answer;
    if (state === 'listed' && before !== state) {
      log.info({ relay }, text);
      this.parts.stay();
    }
    if (state !== 'listed') this.#say(`relay ${relay} is ${state}: ${text}`);
    else this.#said = '';
    if ((state === 'draining' || state === 'removed') && before !== state) this.parts.leave();
    if (state === 'removed') return REMOVED_WAIT;
    if (answer.probes.length > 0) return PROBE_TIME;
    return Math.min(LONGEST_WAIT, Math.max(1, answer.next) * 1000);
  }

  /** Once, until something else is to be said. */
  #say(text: string): void {
    if (text !== this.#said) this.parts.log.warn(text);
    this.#said = text;
  }
}

export interface CheckInPlace {
  readonly endpoint: UdpEndpoint;
  readonly appId: number;
  readonly pop: string;
  readonly checkIn: { readonly key: string | null; readonly certificate: string | null };
  inFolder(file: string): string;
  /** Where others reach this relay; known once the endpoint is bound. */
  address(): PeerAddress | undefined;
  /** X25519 key of this relay; undefined where it is that of the network. */
  readonly routeKey: Uint8Array | undefined;
  /** The coordinator of this process, or the URL of one elsewhere. */
  readonly coordinator: Coordinator | string | undefined;
  leave(): void;
  stay(): void;
}

/** Joins the network where configuration names a key. Errors CHECK_IN_CONFIG, FILE, KEY_MALFORMED, RELAY_ADDRESS. */
export async function joinNetwork(context: Context, place: CheckInPlace): Promise<void> {
  const { appId, coordinator, endpoint, inFolder, pop } = place;
  const { key: keyFile, certificate: certificateFile } = place.checkIn;
  if (keyFile === null && certificateFile === null) return;
  if (keyFile === null || certificateFile === null || coordinator === undefined) {
    const missing =
      coordinator === undefined
        ? 'coordinator'
        : `checkIn.${keyFile === null ? 'key' : 'certificate'}`;
    throw new ServerError(
      'CHECK_IN_CONFIG',
      `datagram-relay.${missing} is missing: checking in needs key, certificate and coordinator`,
    );
  }
  const what = 'datagram-relay.checkIn';
  const key = SigningKey.fromText(await readText(inFolder(keyFile), `${what}.key`), keyFile);
  const text = await readText(inFolder(certificateFile), `${what}.certificate`);
  const certificate = decodeCertificateText(text);
  const { clock, log } = context;
  const post = checkInAt(coordinator, appId);
  let checkIn: CoordinatorCheckIn | undefined;
  endpoint.onDatagram('\x10', {
    shape: ({ length }) => length === PROBE_LENGTH,
    handler: (datagram) => {
      const answer = checkIn?.probe(datagram.bytes, datagram.from);
      if (answer !== undefined) datagram.reply(answer);
    },
  });
  endpoint.onDatagram('\x11', {
    shape: ({ length }) => length === ANSWER_LENGTH,
    handler: ({ bytes, from }) => checkIn?.probeAnswer(bytes, from),
  });
  context.defer(() => checkIn?.stop());
  context.on(ServerStarted, () => {
    const address = place.address();
    if (address?.isIPv4 !== true) {
      throw new ServerError(
        'RELAY_ADDRESS',
        'datagram-relay.publicAddress must be an IPv4 address to check in',
      );
    }
    const { host: ipv4, port } = address;
    const routeKey = place.routeKey === undefined ? {} : { routeKey: place.routeKey };
    const membership = new RelayMembership({
      ...{ key, certificate, pop, ipv4, clock, firstPort: port, lastPort: port },
      ...routeKey,
    });
    checkIn = new CoordinatorCheckIn({
      ...{ membership, clock, log, post },
      send: (bytes, to) => endpoint.send(bytes, to),
      leave: () => place.leave(),
      stay: () => place.stay(),
    });
    void checkIn.run();
  });
}

function checkInAt(coordinator: Coordinator | string, appId: number): CheckInParts['post'] {
  if (typeof coordinator !== 'string') return (checkIn) => coordinator.checkInRelay(checkIn);
  const client = new CoordinatorClient({ url: coordinator, appId });
  return (checkIn) => client.checkIn(checkIn);
}
