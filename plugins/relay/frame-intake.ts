import type { AddressLedger } from './address-ledger.js';
import type { PeerActions } from './peer-actions.js';
import type { RateControl } from './rate-control.js';
import type { RelayCounters } from './relay-counters.js';
import type { RelayOptions } from './relay-options.js';
import type { PeerListener, RelayPeer } from './relay-peer.js';
import type { RelayRouter } from './relay-router.js';

/** What a begun frame may always hold. */
const HELD_SHARE = 64 * 1024;

/** Every frame on its way in: it is counted, must be within quota and rates, and goes to the router. */
export class FrameIntake implements PeerListener {
  /** Bytes of frames that have begun, of all peers. */
  #held = 0;

  constructor(
    private readonly options: RelayOptions,
    private readonly counters: RelayCounters,
    private readonly ledger: AddressLedger,
    private readonly rates: RateControl,
    private readonly router: RelayRouter,
    private readonly actions: PeerActions,
  ) {}

  /** The peer is leaving: what it had begun is forgotten. */
  forget(peer: RelayPeer): void {
    peer.framing.stop();
    this.#held -= peer.held;
    peer.held = 0;
  }

  /** Begun frames are bounded together too: whoever holds more than its share when the bound is met has to go. */
  countHeld(peer: RelayPeer): void {
    const { held } = peer.framing;
    this.#held += held - peer.held;
    peer.held = held;
    if (this.#held <= this.options.totalQueueLimit || held <= HELD_SHARE) return;
    this.actions.refuse(
      peer,
      'frame_memory',
      'frame too large: too much is being received, try again',
    );
  }

  onFrame(peer: RelayPeer, bytes: Buffer, start: number, end: number): void {
    const size = end - start + 4;
    if (!this.#count(peer, size)) return;
    this.router.route(peer, bytes, start, end);
    this.#checkRate(peer, size);
  }

  onFrameParts(
    peer: RelayPeer,
    parts: readonly Buffer[],
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    let size = end - start;
    for (const part of parts) size += part.length;
    if (!this.#count(peer, size)) return;
    this.router.routeParts(peer, parts, bytes, start, end, size);
    this.#checkRate(peer, size);
  }

  /** Counts a frame; false when it was one too many for today. */
  #count(peer: RelayPeer, size: number): boolean {
    const { counters } = this;
    counters.frames.value++;
    counters.bytes.value += size;
    peer.record.bytesToday += size;
    if (!this.ledger.overQuota(peer.record)) return true;
    this.refuseQuota(peer);
    return false;
  }

  onOversize(peer: RelayPeer, length: number): void {
    const { limit } = peer.framing;
    if (length > 0x7fffffff) {
      this.actions.refuse(peer, 'malformed_frame', 'malformed frame: negative length');
    } else {
      const before = peer.id === undefined ? ' before INIT' : '';
      this.actions.refuse(
        peer,
        'frame_too_large',
        `frame too large: ${length}, limit is ${limit} bytes${before}`,
      );
    }
  }

  #checkRate(peer: RelayPeer, size: number): void {
    if (peer.closing) return;
    const verdict = this.rates.take(peer, size);
    if (verdict === 'repeated') this.actions.refuse(peer, 'rate_limit', 'rate limit: repeated');
    else if (verdict === 'over') {
      this.actions.error(peer, 'rate_limit', 'rate limit: reading rests for a second');
    }
  }

  refuseQuota(peer: RelayPeer): void {
    const text = `rate limit: daily quota of ${this.options.dailyBytes} bytes is used up`;
    this.actions.refuse(peer, 'daily_quota', text);
  }
}
