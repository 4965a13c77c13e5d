import { type Clock, DecodeError } from 'beaconry';
import { parseIdentity } from '../coordinator/sdr/host-identity-codec.js';
import { type SenderBudget, SignalBudgets, type SignalLimits } from './signal-budget.js';
import {
  decodeGreeting,
  decodeSignalLine,
  encodeSignalLine,
  type SignalLine,
} from './signal-line-codec.js';

/** The wire of one peer, whatever carries it. */
export interface SignalChannel {
  /** Where it comes from, as addresses are counted. */
  readonly source: string;
  /** Sends one line; false when the peer does not read, which ends it. */
  send(line: string): boolean;
  /** Reads nothing from the peer for that long. */
  hold(ms: number): void;
  close(): void;
}

export interface SignalingOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'now'>;
  /** Undefined: no limit. */
  readonly limits: SignalLimits | undefined;
  /** All senders of one address together may use the limits of so many; 0: no limit. */
  readonly sendersPerAddress: number;
  /** Whether the caller may be this identity; asked once per connection. */
  authenticate(identity: string, token: string | undefined): Promise<boolean>;
  /** A destination is not connected here: perhaps to another node. */
  forward(to: string, from: string, payload: string): void;
  /** This identity connected here: other nodes let theirs go. `at` in milliseconds since 1970. */
  claim(identity: string, at: number): void;
}

export interface SignalingCounters {
  delivered: number;
  forwarded: number;
  /** Over a limit. */
  limited: number;
  malformed: number;
  /** Peers refused: no or wrong proof, or no identity. */
  refused: number;
  /** Peers cut off because they did not read. */
  stalled: number;
}

/**
 * Passes signals between connected peers, best effort, stamped with the sender's proven identity. Nothing is
 * stored, and nothing tells a sender whether its destination is there. A newer connection of an identity
 * replaces the older one.
 */
export class SignalingEngine {
  readonly #peers = new Map<string, Peer>();
  readonly counters: SignalingCounters = {
    delivered: 0,
    forwarded: 0,
    limited: 0,
    malformed: 0,
    refused: 0,
    stalled: 0,
  };

  readonly #budgets: SignalBudgets | undefined;

  constructor(readonly options: SignalingOptions) {
    const { clock, limits, sendersPerAddress } = options;
    this.#budgets =
      limits === undefined ? undefined : new SignalBudgets(clock, limits, sendersPerAddress);
  }

  budgetOf(identity: string, source: string): SenderBudget | undefined {
    return this.#budgets?.of(identity, source);
  }

  get connected(): number {
    return this.#peers.size;
  }

  /** A new wire; its first line says who it is. */
  open(channel: SignalChannel): Peer {
    return new Peer(this, channel);
  }

  /** Puts the peer under its identity, in place of an older connection. */
  admit(peer: Peer, identity: string): void {
    this.#peers.get(identity)?.close();
    this.#peers.set(identity, peer);
    this.options.claim(identity, peer.joinedAt);
  }

  remove(peer: Peer, identity: string): void {
    if (this.#peers.get(identity) === peer) this.#peers.delete(identity);
  }

  route(from: string, { identity: to, payload }: SignalLine): void {
    if (this.deliver(to, from, payload)) return;
    this.counters.forwarded++;
    this.options.forward(to, from, payload);
  }

  /** Hands a signal to a peer that is connected here. */
  deliver(to: string, from: string, payload: string): boolean {
    const peer = this.#peers.get(to);
    if (peer === undefined) return false;
    if (peer.channel.send(encodeSignalLine({ identity: from, payload }))) {
      this.counters.delivered++;
    } else {
      this.counters.stalled++;
      peer.close();
    }
    return true;
  }

  /** Words of other nodes were missed: of those who connected to two of them meanwhile, the newer stays. */
  claimAgain(): void {
    for (const [identity, peer] of this.#peers) this.options.claim(identity, peer.joinedAt);
  }

  /** Another node has a newer connection of this identity. */
  yieldTo(identity: string, at: number): void {
    const peer = this.#peers.get(identity);
    if (peer !== undefined && peer.joinedAt <= at) peer.close();
  }
}

/** One connection: nobody until its first line was accepted, then a sender with a budget. */
export class Peer {
  readonly joinedAt: number;
  #state: 'greeting' | 'judging' | 'joined' | 'closed' = 'greeting';
  #identity = '';
  #budget: SenderBudget | undefined;

  constructor(
    private readonly engine: SignalingEngine,
    readonly channel: SignalChannel,
  ) {
    this.joinedAt = engine.options.clock.now();
  }

  /** Still without an accepted first line. */
  get isStranger(): boolean {
    return this.#state === 'greeting' || this.#state === 'judging';
  }

  /** Takes one line; undefined is one that was too long. Resolves when the next one may come. */
  async line(text: string | undefined): Promise<void> {
    if (this.#state === 'joined') this.signal(text);
    else if (this.#state === 'greeting') await this.#greet(text);
  }

  /** A line of a peer that joined; others are ignored. */
  signal(text: string | undefined): void {
    if (this.#state !== 'joined') return;
    const { counters } = this.engine;
    const wait = this.#budget?.takeLine(text?.length ?? 1024) ?? 0;
    if (wait > 0) {
      counters.limited++;
      this.channel.hold(wait);
      return;
    }
    try {
      const line = decodeSignalLine(text ?? '');
      if (this.#budget?.takePair(line.identity) === false) counters.limited++;
      else this.engine.route(this.#identity, line);
    } catch (error) {
      // Malformed lines are ignored, as the public example does.
      if (!(error instanceof DecodeError)) throw error;
      counters.malformed++;
    }
  }

  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'joined') this.engine.remove(this, this.#identity);
    this.#state = 'closed';
    this.channel.close();
  }

  async #greet(text: string | undefined): Promise<void> {
    this.#state = 'judging';
    let identity: string | undefined;
    try {
      const greeting = decodeGreeting(text ?? '');
      const { kind } = parseIdentity(greeting.identity);
      const known = kind !== 'ip' && kind !== 'unknown';
      if (known && (await this.engine.options.authenticate(greeting.identity, greeting.token))) {
        identity = greeting.identity;
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    // The connection may be gone by the time somebody vouched for it.
    if (this.#state !== 'judging') return;
    if (identity === undefined) {
      this.engine.counters.refused++;
      this.close();
      return;
    }
    this.#identity = identity;
    this.#budget = this.engine.budgetOf(identity, this.channel.source);
    this.#state = 'joined';
    this.engine.admit(this, identity);
  }
}
