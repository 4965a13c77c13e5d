import type { AddressLimit, ChallengeIssuer, Clock, Datagram, PeerAddress } from 'beaconry';
import { A2sResponder, PreparedAnswers } from 'beaconry/plugins/a2s';
import type { GameServerState, SharedSocket } from 'beaconry/plugins/game-server';
import type { Rules } from 'beaconry/plugins/rules';

export interface SharedQueryParts {
  readonly clock: Clock;
  readonly challenges: ChallengeIssuer;
  readonly limit: AddressLimit;
}

/** Answers that wait for the game to send them; the oldest make room. */
const LIMIT = 1024;
const noCounter = () => ({ value: 0 });

/** Answers server queries that a game hands in from its own socket, and keeps the answers until it sends them. */
export class SharedQueries implements SharedSocket {
  readonly #waiting: { readonly bytes: Uint8Array; readonly to: PeerAddress }[] = [];
  #responder: A2sResponder | undefined;

  constructor(private readonly parts: SharedQueryParts) {}

  /** The state is made after the socket it answers on. */
  answerFor(state: GameServerState, rules: Rules): void {
    const { clock, challenges, limit } = this.parts;
    const options = { split: 'source', answer: 'source' } as const;
    const answers = new PreparedAnswers(state, rules, clock, options, () => '0.0.0.0:0');
    this.#responder = new A2sResponder(answers, challenges, limit, {
      info: noCounter(),
      players: noCounter(),
      rules: noCounter(),
      ping: noCounter(),
      challenges: noCounter(),
    });
  }

  handle(bytes: Uint8Array, from: PeerAddress): boolean {
    const letter = String.fromCharCode(bytes[4] ?? 0);
    for (const [prefix, route] of this.#responder?.routes() ?? []) {
      if (prefix.at(-1) !== letter) continue;
      // The game answers pings itself.
      if (letter === 'i') return false;
      const datagram = this.#datagram(bytes, from, false);
      // Badly formed ones are ours as well: nobody answers them.
      if (route.shape?.(datagram) === false) return true;
      const proven = route.proves?.(datagram) === true;
      if (proven && route.allow?.(from) === false) return true;
      route.handler(proven ? this.#datagram(bytes, from, true) : datagram);
      return true;
    }
    return false;
  }

  next(): { readonly bytes: Uint8Array; readonly to: PeerAddress } | undefined {
    return this.#waiting.shift();
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  #datagram(bytes: Uint8Array, from: PeerAddress, proven: boolean): Datagram {
    return {
      ...{ bytes, length: bytes.length, from, proven },
      reply: (answer) => this.#push(answer, from),
      replyFrom: () => false,
      copy: () => this.#datagram(bytes.slice(), from.copy(), proven),
    };
  }

  #push(bytes: Uint8Array, to: PeerAddress): void {
    this.#waiting.push({ bytes: bytes.slice(), to: to.copy() });
    if (this.#waiting.length > LIMIT) this.#waiting.shift();
  }
}
