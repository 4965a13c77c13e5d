import type { AddressLimit, ChallengeIssuer, Counter, Datagram, DatagramRoute } from 'beaconry';
import {
  challengeAt,
  encodeChallenge,
  encodePong,
  INFO_CHALLENGE_OFFSET,
  isInfoRequest,
  LIST_CHALLENGE_OFFSET,
} from 'beaconry/a2s-query';
import type { PreparedAnswers } from './prepared-answers.js';

/** Questions that were answered with data, by kind, and challenges that were handed out. */
export interface A2sCounters {
  readonly info: Counter;
  readonly players: Counter;
  readonly rules: Counter;
  readonly ping: Counter;
  readonly challenges: Counter;
}

const CHALLENGE_AT = 5;

/**
 * Answers A2S questions. INFO, PLAYER and RULES get data only with a challenge that this server gave to that
 * very address and port; anything else, absent, short, 0, -1 or stale, gets a fresh challenge of 9 bytes.
 * One challenge is good for all three.
 */
export class A2sResponder {
  readonly #challenge = encodeChallenge(0);
  readonly #pong = encodePong();

  constructor(
    private readonly answers: PreparedAnswers,
    private readonly challenges: ChallengeIssuer,
    /** Questions per second of one proven address; undefined: no limit. */
    private readonly limit: AddressLimit | undefined,
    private readonly counters: A2sCounters,
  ) {}

  /** Prefix and treatment of every question. */
  routes(): readonly (readonly [prefix: string, route: DatagramRoute])[] {
    const { answers, counters } = this;
    return [
      ['\xff\xff\xff\xffT', this.#infoRoute(() => answers.info())],
      ['\xff\xff\xff\xffU', this.#listRoute(counters.players, () => answers.players())],
      ['\xff\xff\xff\xffV', this.#listRoute(counters.rules, () => answers.rules())],
      ['\xff\xff\xff\xffW', { handler: (datagram) => this.#giveChallenge(datagram) }],
      ['\xff\xff\xff\xffi', { handler: (datagram) => this.#pingBack(datagram) }],
    ];
  }

  #infoRoute(packets: () => readonly Uint8Array[]): DatagramRoute {
    return {
      shape: ({ bytes }) => isInfoRequest(bytes),
      ...this.#challenged(INFO_CHALLENGE_OFFSET, this.counters.info, packets),
    };
  }

  #listRoute(counter: Counter, packets: () => readonly Uint8Array[]): DatagramRoute {
    return this.#challenged(LIST_CHALLENGE_OFFSET, counter, packets);
  }

  #challenged(
    offset: number,
    counter: Counter,
    packets: () => readonly Uint8Array[],
  ): DatagramRoute {
    const { limit } = this;
    return {
      proves: (datagram) =>
        datagram.length >= offset + 4 &&
        this.challenges.accepts(datagram.from, challengeAt(datagram.bytes, offset)),
      ...(limit && { allow: (from) => limit.take(from) }),
      handler: (datagram) => {
        if (!datagram.proven) {
          this.#giveChallenge(datagram);
          return;
        }
        counter.value++;
        for (const packet of packets()) datagram.reply(packet);
      },
    };
  }

  #giveChallenge(datagram: Datagram): void {
    const challenge = this.challenges.issue(datagram.from);
    const bytes = this.#challenge;
    bytes[CHALLENGE_AT] = challenge;
    bytes[CHALLENGE_AT + 1] = challenge >> 8;
    bytes[CHALLENGE_AT + 2] = challenge >> 16;
    bytes[CHALLENGE_AT + 3] = challenge >> 24;
    this.counters.challenges.value++;
    datagram.reply(bytes);
  }

  #pingBack(datagram: Datagram): void {
    this.counters.ping.value++;
    datagram.reply(this.#pong);
  }
}
