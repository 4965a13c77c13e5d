import {
  AddressLimit,
  ChallengeIssuer,
  type Clock,
  type Datagram,
  type PeerAddress,
} from 'beaconry';
import { A2sResponder, PreparedAnswers } from 'beaconry/plugins/a2s';
import type { GameServerState, SharedSocket } from 'beaconry/plugins/game-server';
import type { Rules } from 'beaconry/plugins/rules';

/** Answers that wait for the game to send them; the oldest make room. */
const MAX_PACKETS = 1024;
const MAX_BYTES = 256 * 1024;
/** Questions per second of one proven address, as the plugin a2s has it. */
const QUERIES_PER_SECOND = 50;
const CHALLENGE_WINDOW = 30_000;
const noCounter = () => ({ value: 0 });

/** Answers server queries that a game hands in from its own socket, and keeps the answers until it sends them. */
export class SharedQueries implements SharedSocket {
  readonly #waiting: { readonly bytes: Uint8Array; readonly to: PeerAddress }[] = [];
  /**
   * Its own: the game hands in whatever it likes from whatever address it names, and learns the challenge of that
   * address and empties its bucket, which must be worth nothing at other servers.
   */
  readonly #challenges: ChallengeIssuer;
  readonly #limit: AddressLimit;
  #waitingBytes = 0;
  #responder: A2sResponder | undefined;

  constructor(private readonly clock: Clock) {
    this.#challenges = new ChallengeIssuer(clock, CHALLENGE_WINDOW);
    this.#limit = new AddressLimit(clock, { perSecond: QUERIES_PER_SECOND, size: 256 });
  }

  /** The state is made after the socket it answers on. */
  answerFor(state: GameServerState, rules: Rules): void {
    const options = { split: 'source', answer: 'source' } as const;
    const answers = new PreparedAnswers(state, rules, this.clock, options, () => '0.0.0.0:0');
    this.#responder = new A2sResponder(answers, this.#challenges, this.#limit, {
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
    const packet = this.#waiting.shift();
    this.#waitingBytes -= packet?.bytes.length ?? 0;
    return packet;
  }

  clear(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  /** A packet of ours that the game is to send. */
  push(bytes: Uint8Array, to: PeerAddress): void {
    this.#waiting.push({ bytes: new Uint8Array(bytes), to: to.copy() });
    this.#waitingBytes += bytes.length;
    while (this.#waiting.length > MAX_PACKETS || this.#waitingBytes > MAX_BYTES) this.next();
  }

  #datagram(bytes: Uint8Array, from: PeerAddress, proven: boolean): Datagram {
    return {
      ...{ bytes, length: bytes.length, from, proven },
      reply: (answer) => this.push(answer, from),
      replyFrom: () => false,
      copy: () => this.#datagram(new Uint8Array(bytes), from.copy(), proven),
    };
  }
}
