import { RELAY_STATE_TEXTS, type StoredRelay } from './relay-record.js';
import type { CheckInAnswer } from './sdr/relay-check-in-codec.js';

/** Seconds between check-ins. */
const CHECK_IN = 30;

/** What a relay is told: its state, whom it is to probe when it is listed, and who probes it when it is not. */
export function answerCheckIn(relay: StoredRelay, live: readonly StoredRelay[]): CheckInAnswer {
  const isProber = relay.state === 'listed';
  const probes = isProber
    ? live.flatMap(({ ipv4, firstPort, proofs }) =>
        proofs
          .filter(({ prober, proven }) => prober === relay.id && !proven)
          .map(({ challenge }) => ({ challenge, address: `${ipv4}:${firstPort}` })),
      )
    : [];
  const hosts = new Map(live.map(({ id, ipv4 }) => [id, ipv4]));
  const probers = relay.proofs.flatMap(({ prober }) => hosts.get(prober) ?? []);
  const text = RELAY_STATE_TEXTS[relay.state];
  return { relay: relay.id, state: relay.state, text, next: CHECK_IN, probes, probers };
}
