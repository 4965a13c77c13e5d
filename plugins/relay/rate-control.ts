import { AddressLimit, type Clock, GlobalLimit, type PeerAddress } from 'beaconry';
import type { RelayOptions } from './relay-options.js';
import type { RelayPeer } from './relay-peer.js';

const MINUTE = 60_000;
const STRIKES = 3;
/** How long reading rests. */
const PAUSE = 1000;

/** Frames, bytes and new connections a second, of a connection and of an address. */
export class RateControl {
  readonly #connects: AddressLimit | undefined;
  readonly #addressFrames: AddressLimit | undefined;
  readonly #addressBytes: AddressLimit | undefined;
  /** Some rate of frames is limited; without, no frame asks for the time. */
  readonly #limited: boolean;

  constructor(
    private readonly options: RelayOptions,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    const { rate, addressRate, connectRate } = options;
    const limit = (perSecond: number, least: number) =>
      perSecond === 0
        ? undefined
        : new AddressLimit(clock, { perSecond, burst: Math.max(perSecond, least), size: 16384 });
    this.#connects = limit(connectRate, 1);
    this.#addressFrames = limit(addressRate.frames, 1);
    this.#addressBytes = limit(addressRate.bytes, this.#largest);
    this.#limited = rate.frames + rate.bytes + addressRate.frames + addressRate.bytes > 0;
  }

  /** May this address open one more connection now? */
  admits(address: PeerAddress): boolean {
    return this.#connects?.take(address) ?? true;
  }

  /** Gives a new peer its own buckets. */
  equip(peer: RelayPeer): void {
    const { frames, bytes } = this.options.rate;
    if (frames > 0) peer.frameRate = new GlobalLimit(this.clock, { perSecond: frames });
    if (bytes > 0) {
      const burst = Math.max(bytes, this.#largest);
      peer.byteRate = new GlobalLimit(this.clock, { perSecond: bytes, burst });
    }
  }

  /**
   * Takes one frame from the buckets. `over`: the peer sent too fast and is not read for a second;
   * `repeated`: it did so several times within a minute.
   */
  take(peer: RelayPeer, size: number): 'within' | 'over' | 'repeated' {
    if (!this.#limited) return 'within';
    const { from } = peer.connection;
    // Each bucket is asked, so that one that is empty does not spare the others.
    let within = peer.frameRate?.take() ?? true;
    within = (peer.byteRate?.take(size) ?? true) && within;
    within = (this.#addressFrames?.take(from) ?? true) && within;
    within = (this.#addressBytes?.take(from, size) ?? true) && within;
    if (within || peer.pausedUntil > 0) return 'within';
    const now = this.clock.monotonic();
    if (now - peer.strikeAt > MINUTE) peer.strikes = 0;
    peer.strikeAt = now;
    if (++peer.strikes > STRIKES) return 'repeated';
    peer.pausedUntil = now + PAUSE;
    peer.connection.pause();
    return 'over';
  }

  /** Reads a peer again whose rest is over. */
  resume(peer: RelayPeer, now: number): void {
    if (peer.pausedUntil === 0 || now < peer.pausedUntil) return;
    peer.pausedUntil = 0;
    peer.connection.resume();
  }

  /** A bucket that could never hold the largest frame would refuse it for ever. */
  get #largest(): number {
    return this.options.maxFrame + 4;
  }
}
