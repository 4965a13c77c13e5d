import type { InfoAnswer } from './answer-codec.js';
import type { PlayersAnswer } from './players-codec.js';
import type { QueryError } from './query-error.js';
import type { RulesAnswer } from './rules-codec.js';
import type { ServerAddress } from './server-address.js';

/** How patiently and how fast servers are asked. */
export interface QueryOptions {
  /** Milliseconds to wait for the answer to one packet. Default 1000. */
  readonly timeout?: number;
  /** How often an unanswered packet is sent again. Default 2. */
  readonly retries?: number;
  /** Challenges taken for one question before giving up. Default 5. */
  readonly challenges?: number;
  /** Packets sent each second to all servers together. Default 500. */
  readonly packetsPerSecond?: number;
  /** Packets that may leave at once. Default 20. */
  readonly burst?: number;
  /** Servers asked at the same time; the others wait. Default 100. */
  readonly inFlight?: number;
  /** Bytes of one answer that came in pieces. Default 64 KiB. */
  readonly answerLimit?: number;
  /** Servers whose challenge is remembered for the next question. Default 4096. */
  readonly rememberedChallenges?: number;
}

/** An answer has a time. */
export interface Timed {
  /** Milliseconds from a packet to the first answer to it. */
  readonly ping: number;
}
/** What to ask for beside INFO. */
export interface WhatToAsk {
  readonly players?: boolean;
  readonly rules?: boolean;
}
/** A server that answered. */
export interface ServerReport {
  readonly address: ServerAddress;
  readonly ping: number;
  readonly info: InfoAnswer;
  /** Missing when not asked for, or when the server keeps it to itself. */
  readonly players?: PlayersAnswer;
  readonly rules?: RulesAnswer;
}
/** What became of asking one server. */
export type QueryResult =
  | ServerReport
  | { readonly address: ServerAddress; readonly error: QueryError };

export const defaultQueryOptions: Required<QueryOptions> = {
  timeout: 1000,
  retries: 2,
  challenges: 5,
  packetsPerSecond: 500,
  burst: 20,
  inFlight: 100,
  answerLimit: 65536,
  rememberedChallenges: 4096,
};
