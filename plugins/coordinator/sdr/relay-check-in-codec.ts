import { create, toBinary } from '@bufbuild/protobuf';
import { fromEnvelope, type SignedCertificate, toEnvelope } from './certificate-codec.js';
import { decodeProtobuf } from './protobuf-codec.js';
import { RelayCheckInBodySchema, RelayCheckInEnvelopeSchema } from './sdr_pb.js';

export const MAX_CHECK_IN = 8192;
/** Answered probes in one check-in. */
export const MAX_ANSWERED = 16;

/** A probe that this relay sent and saw answered. */
export interface AnsweredProbe {
  readonly challenge: Uint8Array;
  /** `host:port` from which the answer came. */
  readonly address: string;
  readonly signature: Uint8Array;
}

/** What a relay says about itself every half minute. */
export interface RelayCheckIn {
  /** Milliseconds since 1970; rises with every check-in of one relay. */
  readonly time: bigint;
  /** Packed POP code. */
  readonly pop: number;
  readonly ipv4: string;
  readonly firstPort: number;
  readonly lastPort: number;
  /** X25519; empty: the relay holds the route key of the network. */
  readonly routeKey: Uint8Array;
  readonly answered: readonly AnsweredProbe[];
}

export interface SignedCheckIn {
  readonly certificate: SignedCertificate;
  /** Exactly the signed bytes. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

export const encodeCheckIn = (checkIn: RelayCheckIn): Uint8Array =>
  toBinary(
    RelayCheckInBodySchema,
    create(RelayCheckInBodySchema, {
      time: checkIn.time,
      pop: checkIn.pop,
      ipv4: checkIn.ipv4,
      firstPort: checkIn.firstPort,
      lastPort: checkIn.lastPort,
      routeKey: checkIn.routeKey,
      answered: checkIn.answered.map((probe) => ({ ...probe })),
    }),
  );

export function decodeCheckIn(bytes: Uint8Array): RelayCheckIn {
  const body = decodeProtobuf(RelayCheckInBodySchema, bytes, MAX_CHECK_IN);
  return {
    time: body.time,
    pop: body.pop,
    ipv4: body.ipv4,
    firstPort: body.firstPort,
    lastPort: body.lastPort,
    routeKey: body.routeKey.slice(),
    answered: body.answered.slice(0, MAX_ANSWERED).map(({ challenge, address, signature }) => ({
      challenge: challenge.slice(),
      address,
      signature: signature.slice(),
    })),
  };
}

export const encodeSignedCheckIn = ({ certificate, body, signature }: SignedCheckIn): Uint8Array =>
  toBinary(
    RelayCheckInEnvelopeSchema,
    create(RelayCheckInEnvelopeSchema, { cert: toEnvelope(certificate), checkIn: body, signature }),
  );

export function decodeSignedCheckIn(bytes: Uint8Array): SignedCheckIn {
  const envelope = decodeProtobuf(RelayCheckInEnvelopeSchema, bytes, MAX_CHECK_IN);
  return {
    certificate: fromEnvelope(envelope.cert),
    body: envelope.checkIn.slice(),
    signature: envelope.signature.slice(),
  };
}

/** What the coordinator answers, as JSON. */
export interface CheckInAnswer {
  /** Id of this relay in the network config. */
  readonly relay: string;
  /**
   * `waiting`: no relay is there to probe from; `proving`: answer the probes; `listed`: in the network config;
   * `draining`: left the config, let sessions move; `removed`: stop.
   */
  readonly state: 'waiting' | 'proving' | 'listed' | 'draining' | 'removed';
  readonly text: string;
  /** Seconds until the next check-in is due. */
  readonly next: number;
  /** Probes this relay is to send; challenge in hex. */
  readonly probes: readonly { readonly challenge: string; readonly address: string }[];
  /** Hosts from which probes to this relay come; it answers nobody else. */
  readonly probers: readonly string[];
}

/** What a coordinator elsewhere answered; undefined when it is not whole. */
export function readCheckInAnswer(json: object): CheckInAnswer | undefined {
  const answer = json as Partial<CheckInAnswer>;
  const isWhole =
    typeof answer.relay === 'string' &&
    typeof answer.state === 'string' &&
    Number.isFinite(answer.next) &&
    Array.isArray(answer.probes) &&
    Array.isArray(answer.probers);
  return isWhole ? ({ text: '', ...answer } as CheckInAnswer) : undefined;
}
