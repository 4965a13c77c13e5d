import { PeerAddress } from 'beaconry';

/** What a check-in says of a relay. */
export interface RelayFacts {
  readonly id: string;
  readonly keyId: string;
  /** Key that signed its certificate. */
  readonly caKeyId: string;
  /** Raw public key in hex, to judge proofs. */
  readonly key: string;
  readonly pop: string;
  readonly ipv4: string;
  readonly firstPort: number;
  readonly lastPort: number;
  readonly routeKey: string;
  readonly time: string;
  readonly expiresAt: number;
}

/** A relay as the store keeps it. */
export interface StoredRelay extends RelayFacts {
  readonly state: 'waiting' | 'proving' | 'listed' | 'draining' | 'removed';
  /** Proofs under way. */
  readonly proofs: readonly StoredProof[];
  [key: string]: string | number | readonly StoredProof[];
}
/** One relay is to show that it hears another one at its address. */
export interface StoredProof {
  readonly challenge: string;
  readonly prober: string;
  /** Milliseconds since 1970 at which it was given out. */
  readonly at: number;
  readonly proven: boolean;
  [key: string]: string | number | boolean;
}

/** What a relay is told about its state. */
export const RELAY_STATE_TEXTS: Readonly<Record<StoredRelay['state'], string>> = {
  waiting:
    'no listed relay of another key is there to prove the address; list the first one in the configuration',
  proving: 'answer the probes of the named hosts',
  listed: 'this relay is in the network config',
  draining: 'this relay left the network config; let sessions move and stop',
  removed: 'this relay was removed; it comes back only when the operator admits it',
};

/** For lists: where a relay sits. */
export const relayAddress = ({ ipv4, firstPort }: StoredRelay): string =>
  String(PeerAddress.of(ipv4, firstPort));
