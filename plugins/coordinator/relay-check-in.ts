import { isIPv4 } from 'node:net';
import { DecodeError, ServerError } from 'beaconry';
import ipaddr from 'ipaddr.js';
import { checkCertificate } from './sdr/certificate-check.js';
import type { CertificateStore } from './sdr/certificate-store.js';
import { DEV_POP, decodePopCode } from './sdr/pop-code-codec.js';
import {
  decodeCheckIn,
  decodeSignedCheckIn,
  MAX_CHECK_IN,
  type RelayCheckIn,
} from './sdr/relay-check-in-codec.js';
import type { VerifyingKey } from './sdr/signing-key.js';

/** Milliseconds a relay's clock may differ. */
const CLOCK_TOLERANCE = 300_000;
const MAX_PORTS = 64;

export interface JudgedCheckIn {
  readonly checkIn: RelayCheckIn;
  readonly key: VerifyingKey;
  /** Key that signed the certificate. */
  readonly caKeyId: bigint;
  readonly pop: string;
}

export interface CheckInExpectation {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly certificates: CertificateStore;
  readonly dev: boolean;
  /** CIDRs of relays besides public addresses. */
  readonly ranges: readonly string[];
}

/** Who checks in, and whether a relay may sit where it says. Codes as in `RelayRegistry.checkIn`. */
export function judgeCheckIn(bytes: Uint8Array, expected: CheckInExpectation): JudgedCheckIn {
  if (bytes.length > MAX_CHECK_IN) {
    throw new ServerError('CHECK_IN_MALFORMED', `check-in of ${bytes.length} bytes`);
  }
  const signed = malformed(() => decodeSignedCheckIn(bytes));
  const checkIn = malformed(() => decodeCheckIn(signed.body));
  const pop = malformed(() => decodePopCode(checkIn.pop));
  const { key, scope } = checkCertificate(signed.certificate, expected.certificates, {
    now: Math.floor(expected.now / 1000),
    pop,
  });
  if (scope.pops === undefined) {
    throw new ServerError(
      'CERT_NO_POP',
      'a relay needs a data-centre certificate that names its POP',
    );
  }
  if (!key.verifies(signed.body, signed.signature)) {
    throw new ServerError('CHECK_IN_SIGNATURE', `check-in is not signed by key ${key.id}`);
  }
  if (Math.abs(Number(checkIn.time) - expected.now) > CLOCK_TOLERANCE) {
    throw new ServerError(
      'CHECK_IN_TIME',
      'time of the check-in is off by minutes; check the clock',
    );
  }
  checkPlace(checkIn, pop, expected);
  return { checkIn, key, caKeyId: signed.certificate.caKeyId, pop };
}

function checkPlace(
  { ipv4, firstPort, lastPort, routeKey }: RelayCheckIn,
  pop: string,
  { dev, ranges }: CheckInExpectation,
): void {
  const ports = firstPort > 0 && firstPort <= lastPort && lastPort < 65536;
  if (!isIPv4(ipv4) || !ports || lastPort - firstPort >= MAX_PORTS) {
    throw new ServerError(
      'RELAY_ADDRESS',
      `${ipv4}:${firstPort}-${lastPort} is not an IPv4 address with at most ${MAX_PORTS} ports`,
    );
  }
  const address = ipaddr.IPv4.parse(ipv4);
  const allowed = ranges.some((range) => address.match(ipaddr.IPv4.parseCIDR(range)));
  if (address.range() !== 'unicast' && !allowed) {
    throw new ServerError('RELAY_ADDRESS', `${ipv4} is not public; allow its range in relayRanges`);
  }
  if (routeKey.length !== 0 && routeKey.length !== 32) {
    throw new ServerError('RELAY_ROUTE_KEY', `route key of ${routeKey.length} bytes`);
  }
  if (pop === DEV_POP && !dev) {
    throw new ServerError('RELAY_DEV', 'POP dev needs dev: true');
  }
}

function malformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('CHECK_IN_MALFORMED', `check-in: ${cause.message}`, { cause });
  }
}
