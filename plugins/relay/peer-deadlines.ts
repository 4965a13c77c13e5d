import type { ErrorCause } from './relay-counters.js';
import { type RelayOptions, SLOWEST_FRAME } from './relay-options.js';
import type { RelayPeer } from './relay-peer.js';

/** Why a peer's time is up. */
export interface Overdue {
  readonly cause: ErrorCause;
  readonly text: string;
}

/** Which peers have taken too long (SixtyNine protocol, section 6). */
export class PeerDeadlines {
  constructor(private readonly options: RelayOptions) {}

  /** Something waits for the peer, and it has taken none of it for too long; to be asked now and then. */
  isStalled(peer: RelayPeer, now: number): boolean {
    return peer.outbox.stalledFor(now) >= this.options.stallTimeout;
  }

  overdue(peer: RelayPeer, now: number): Overdue | undefined {
    const { connectTimeout, idleTimeout } = this.options;
    if (peer.id === undefined && now - peer.acceptedAt >= connectTimeout) {
      return { cause: 'no_init', text: 'INIT first: time is up' };
    }
    if (peer.frameBegunAt >= 0 && this.#isFrameLate(peer, now)) {
      return { cause: 'half_frame', text: 'malformed frame: its end did not come in time' };
    }
    if (idleTimeout > 0 && now - peer.lastDataAt >= idleTimeout) {
      return { cause: 'idle', text: 'idle for too long' };
    }
    return undefined;
  }

  #isFrameLate(peer: RelayPeer, now: number): boolean {
    // While we do not read, the peer cannot help it.
    if (peer.pausedUntil > 0) return false;
    const due = this.options.frameTimeout + (peer.framing.expected / SLOWEST_FRAME) * 1000;
    return now - peer.frameBegunAt >= due;
  }
}
