import { ServerError } from 'beaconry';
import type { StoredRelay } from './relay-record.js';

const MAX_RELAYS_PER_KEY = 64;

/** Lets a relay in as far as the other relays of its key allow it. Codes: RELAY_TOO_MANY, RELAY_REMOVED. */
export function checkAdmission(
  relays: readonly StoredRelay[],
  { id, keyId, ipv4, pop }: Pick<StoredRelay, 'id' | 'keyId' | 'ipv4' | 'pop'>,
): void {
  const others = relays.filter((relay) => relay.id !== id && relay.keyId === keyId);
  const standing = others.filter(({ state }) => state !== 'removed');
  if (standing.length >= MAX_RELAYS_PER_KEY) {
    throw new ServerError(
      'RELAY_TOO_MANY',
      `key ${keyId} has ${MAX_RELAYS_PER_KEY} relays already`,
    );
  }
  const removed = others.filter(({ state }) => state === 'removed');
  // Another port or host is no way back: for the host that was removed, and for a key of which all were.
  const isBarred =
    removed.some((relay) => relay.ipv4 === ipv4) ||
    (removed.some((relay) => relay.pop === pop) && !standing.some((relay) => relay.pop === pop));
  // One that is known hears of its own state instead.
  const isKnown = relays.some((relay) => relay.id === id && relay.keyId === keyId);
  if (isBarred && !isKnown) {
    throw new ServerError(
      'RELAY_REMOVED',
      `relays of key ${keyId} were removed from POP ${pop} or this host; the operator admits them again`,
    );
  }
}
