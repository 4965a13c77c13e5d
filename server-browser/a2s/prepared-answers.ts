import { randomInt } from 'node:crypto';
import type { Clock } from 'beaconry';
import {
  durationOffsets,
  encodeInfo,
  encodeObsoleteInfo,
  encodePlayers,
  encodeRules,
  type SplitFormat,
  splitCeiling,
  writeDuration,
} from 'beaconry/a2s-query';
import type { GamePlayer, GameServerState } from 'beaconry/plugins/game-server';
import type { Rules } from 'beaconry/plugins/rules';
import { AnswerPackets } from './answer-packets.js';
import { obsoleteInfoOf, sourceInfoOf } from './info-of-state.js';

export interface AnswerOptions {
  readonly split: SplitFormat;
  readonly answer: 'source' | 'goldsrc';
}

/** Bytes that readers with room for 64 KiB of pieces take; a longer list is shown as far as it fits. */
const ANSWER_LIMIT = 60_000;
/** How old the times of players in an answer may be, in milliseconds. */
const DURATION_AGE = 1000;

/**
 * The three answers as ready datagrams. Each is made anew when it is asked for and its source has changed since,
 * never twice for one change; times of players move on once a second, inside the same buffers.
 */
export class PreparedAnswers {
  readonly #info: AnswerPackets;
  readonly #players: AnswerPackets;
  readonly #rules: AnswerPackets;
  readonly #limit: number;
  #infoVersion = -1;
  #playersVersion = -1;
  #rulesVersion = -1;
  #playersAt = 0;
  #listed: readonly { readonly joinedAt: number; readonly offset: number }[] = [];

  constructor(
    private readonly state: GameServerState,
    private readonly ruleTable: Rules | undefined,
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly options: AnswerOptions,
    /** Own `ip:port`, for the obsolete INFO answer. */
    private readonly ownAddress: () => string,
  ) {
    let id = randomInt(1, 0x7fffffff);
    const nextId = () => {
      id = (id % 0x7fffffff) + 1;
      return id;
    };
    this.#info = new AnswerPackets(options.split, nextId);
    this.#players = new AnswerPackets(options.split, nextId);
    this.#rules = new AnswerPackets(options.split, nextId);
    this.#limit = Math.min(ANSWER_LIMIT, splitCeiling(options.split));
  }

  /** Something that no version counts has changed, such as the own address. */
  invalidate(): void {
    this.#infoVersion = -1;
  }

  info(): readonly Uint8Array[] {
    const { version } = this.state;
    if (version !== this.#infoVersion) {
      this.#info.set(
        this.options.answer === 'source'
          ? encodeInfo(sourceInfoOf(this.state))
          : encodeObsoleteInfo(obsoleteInfoOf(this.state, this.ownAddress())),
      );
      this.#infoVersion = version;
    }
    return this.#info.packets;
  }

  players(): readonly Uint8Array[] {
    const { version } = this.state;
    const now = this.clock.monotonic();
    if (version !== this.#playersVersion) {
      this.#encodePlayers();
      this.#playersVersion = version;
      this.#playersAt = now;
    } else if (this.#listed.length > 0 && now - this.#playersAt >= DURATION_AGE) {
      this.#players.revise((message) => this.#writeDurations(message));
      this.#playersAt = now;
    }
    return this.#players.packets;
  }

  rules(): readonly Uint8Array[] {
    const version = this.ruleTable?.version ?? 0;
    if (version !== this.#rulesVersion) {
      this.#rules.set(encodeRules(this.ruleTable?.entries() ?? [], this.#limit));
      this.#rulesVersion = version;
    }
    return this.#rules.packets;
  }

  #encodePlayers(): void {
    const now = this.clock.now();
    const message = encodePlayers(
      this.state.players.map(({ name, score, joinedAt }) => ({
        index: 0,
        name,
        score,
        duration: secondsSince(joinedAt, now),
      })),
      this.#limit,
    );
    this.#listed = durationOffsets(message).map((offset, i) => ({
      offset,
      joinedAt: (this.state.players[i] as GamePlayer).joinedAt,
    }));
    this.#players.set(message);
  }

  #writeDurations(message: Uint8Array): void {
    const now = this.clock.now();
    for (const { joinedAt, offset } of this.#listed) {
      writeDuration(message, offset, secondsSince(joinedAt, now));
    }
  }
}

const secondsSince = (joinedAt: number, now: number): number => Math.max(0, now - joinedAt) / 1000;
