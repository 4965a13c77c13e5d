import type { EndCause, ErrorCause } from './relay-counters.js';
import type { RelayPeer } from './relay-peer.js';

/** What those who handle frames ask of the engine. */
export interface PeerActions {
  markDirty(peer: RelayPeer): void;
  send(peer: RelayPeer, frame: Buffer): boolean;
  error(peer: RelayPeer, cause: ErrorCause, text: string): void;
  refuse(peer: RelayPeer, cause: ErrorCause, text: string): void;
  end(peer: RelayPeer, cause: EndCause): void;
}
