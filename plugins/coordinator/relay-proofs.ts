import { randomBytes, randomInt } from 'node:crypto';
import type { StoredProof, StoredRelay } from './relay-record.js';
import { addressProofBytes, CHALLENGE_LENGTH } from './sdr/address-proof-codec.js';
import type { AnsweredProbe } from './sdr/relay-check-in-codec.js';
import { VerifyingKey } from './sdr/signing-key.js';

/** Milliseconds one relay has to report the answer of another. */
const PROOF_TIME = 60_000;
const NEEDED_PROOFS = 2;

/**
 * Where a relay stands with its proofs: gives new ones out to `listed` relays (of which it is none), drops those
 * whose prober is gone or too slow, and lists it when enough came. Nobody is a witness for his own key, nor two
 * witnesses with one.
 */
export function nextProofs(
  keyId: string,
  known: readonly StoredProof[],
  listed: readonly StoredRelay[],
  now: number,
): Pick<StoredRelay, 'state' | 'proofs'> {
  const witnesses = listed.filter((relay) => relay.keyId !== keyId);
  const needed = Math.min(NEEDED_PROOFS, new Set(witnesses.map((relay) => relay.keyId)).size);
  if (needed === 0) return { state: 'waiting', proofs: [] };
  const keys = new Map(witnesses.map((relay) => [relay.id, relay.keyId]));
  const proofs = known.filter(
    ({ prober, proven, at }) => keys.has(prober) && (proven || now - at < PROOF_TIME),
  );
  const proving = new Set(
    proofs.filter(({ proven }) => proven).map(({ prober }) => keys.get(prober)),
  );
  if (proving.size >= needed) return { state: 'listed', proofs: [] };
  const asked = new Set(proofs.map(({ prober }) => keys.get(prober)));
  while (asked.size < needed) {
    const idle = witnesses.filter((relay) => !asked.has(relay.keyId));
    const prober = idle[randomInt(idle.length)] as StoredRelay;
    asked.add(prober.keyId);
    const challenge = randomBytes(CHALLENGE_LENGTH).toString('hex');
    proofs.push({ challenge, prober: prober.id, at: now, proven: false });
  }
  return { state: 'proving', proofs };
}

/** Whether a prober's report shows that the relay answered at its address. */
export function provesAddress(
  relay: StoredRelay,
  { challenge, address, signature }: AnsweredProbe,
): boolean {
  const claimed = `${relay.ipv4}:${relay.firstPort}`;
  const key = new VerifyingKey(Buffer.from(relay.key, 'hex'));
  return address === claimed && key.verifies(addressProofBytes(challenge, claimed), signature);
}
