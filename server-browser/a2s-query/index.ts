/**
 * A2S server queries and master-server lists: codecs, and clients that ask many servers from one socket.
 * @packageDocumentation
 */
export { DecodeError, type DecodeErrorKind } from '../../core/net/decode-error.js';
export {
  type A2sRequest,
  challengeAt,
  decodeRequest,
  encodeChallengeRequest,
  encodePingRequest,
  encodeQuery,
  INFO_CHALLENGE_OFFSET,
  isInfoRequest,
  LIST_CHALLENGE_OFFSET,
  NO_CHALLENGE,
  type QueryKind,
} from './a2s-request-codec.js';
export { type A2sAnswer, type AnswerKind, decodeAnswer, type InfoAnswer } from './answer-codec.js';
export { decodeChallenge, decodePong, encodeChallenge, encodePong } from './challenge-codec.js';
export { decompress, MAX_DECOMPRESSED } from './decompress.js';
export { type AssemblerLimits, FragmentAssembler } from './fragment-assembler.js';
export {
  decodeFragment,
  encodeFragment,
  type Fragment,
  fragmentHeaderLength,
  PACKET_LIMIT,
  type SplitFormat,
  splitCeiling,
  splitMessage,
} from './fragment-codec.js';
export { decodeInfo, encodeInfo, type InfoExtra, type SourceInfo } from './info-codec.js';
export { ListClient, type ListOptions } from './list-client.js';
export {
  decodeListPage,
  decodeListRequest,
  encodeListPage,
  encodeListRequest,
  LIST_START,
  type ListPage,
  type ListPageForm,
  type ListRequest,
  Region,
} from './list-codec.js';
export { MessageType } from './message-header.js';
export {
  decodeObsoleteInfo,
  decodePreSteamInfo,
  encodeObsoleteInfo,
  type ObsoleteInfo,
  type ObsoleteMod,
  type PreSteamInfo,
} from './obsolete-info-codec.js';
export {
  decodePlayers,
  durationOffsets,
  encodePlayers,
  MAX_LISTED_PLAYERS,
  type Player,
  type PlayersAnswer,
  writeDuration,
} from './players-codec.js';
export { printable, printableJson } from './printable.js';
export { QueryClient } from './query-client.js';
export { QueryError, type QueryErrorCode } from './query-error.js';
export type {
  QueryOptions,
  QueryResult,
  ServerReport,
  Timed,
  WhatToAsk,
} from './query-options.js';
export { type QueryClock, type QuerySocket, systemClock } from './query-socket.js';
export { decodeRules, encodeRules, type Rule, type RulesAnswer } from './rules-codec.js';
export {
  canonicalAddress,
  formatAddress,
  parseAddress,
  resolveAddress,
  type ServerAddress,
} from './server-address.js';
export { TextLimit, textWithin } from './text.js';
export { UdpSocket } from './udp-socket.js';
