import type { Clock, PeerAddress } from 'beaconry';

/** Hands one datagram to the system; `done` hears the code of its refusal, or nothing. */
export type Transmit = (
  bytes: Uint8Array,
  to: PeerAddress,
  done: (code: string | undefined) => void,
) => void;

interface Held {
  readonly bytes: Uint8Array;
  readonly to: PeerAddress;
  readonly at: number;
}

/** What the system says while a host has no address or no route, as in the moment in which it changes them. */
const NO_WAY = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN']);
const RETRY = 20;
/** What is older is of no use to a game. */
const LIFE = 500;
const MOST = 128;

/**
 * Sends at once, and holds back for a moment what could not leave for want of a way: a host that moves to another
 * network loses nothing of it. In order, never more than a bounded number, and what is for an address without a way
 * holds up nothing for others.
 */
export class HeldDatagrams {
  #held: Held[] = [];
  #stopTimer: (() => void) | undefined;
  #closed = false;

  constructor(
    private readonly transmit: Transmit,
    private readonly clock: Pick<Clock, 'monotonic' | 'after'>,
  ) {}

  get count(): number {
    return this.#held.length;
  }

  /** The address is copied when it has to be kept. */
  send(bytes: Uint8Array, to: PeerAddress): void {
    // What came before leaves before.
    if (this.#held.some((held) => held.to.equals(to))) this.#hold(bytes, to);
    else this.#try(bytes, to.copy());
  }

  close(): void {
    this.#closed = true;
    this.#stopTimer?.();
    this.#held = [];
  }

  #try(bytes: Uint8Array, to: PeerAddress): void {
    this.transmit(bytes, to, (code) => {
      if (code !== undefined && NO_WAY.has(code)) this.#hold(bytes, to);
    });
  }

  #hold(bytes: Uint8Array, to: PeerAddress): void {
    if (this.#closed) return;
    if (this.#held.length >= MOST) this.#held.shift();
    this.#held.push({ bytes, to: to.copy(), at: this.clock.monotonic() });
    this.#stopTimer ??= this.clock.after(RETRY, () => this.#retry());
  }

  /** The oldest one for each address shows whether there is a way again. */
  #retry(): void {
    this.#stopTimer = undefined;
    const latest = this.clock.monotonic() - LIFE;
    this.#held = this.#held.filter(({ at }) => at >= latest);
    if (this.#held.length === 0) return;
    this.#stopTimer = this.clock.after(RETRY, () => this.#retry());
    const tried: PeerAddress[] = [];
    for (const { bytes, to } of this.#held) {
      if (tried.some((address) => address.equals(to))) continue;
      tried.push(to);
      this.transmit(bytes, to, (code) => {
        if (code === undefined || !NO_WAY.has(code)) this.#release(to);
      });
    }
  }

  /** The first one left; the others follow it. */
  #release(to: PeerAddress): void {
    const [, ...others] = this.#held.filter((held) => held.to.equals(to));
    this.#held = this.#held.filter((held) => !held.to.equals(to));
    for (const { bytes } of others) this.#try(bytes, to);
  }
}
