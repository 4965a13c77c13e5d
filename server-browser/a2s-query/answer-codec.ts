import { DecodeError } from '../../core/net/decode-error.js';
import type { QueryKind } from './a2s-request-codec.js';
import { decodeChallenge, decodePong } from './challenge-codec.js';
import { decodeInfo, type SourceInfo } from './info-codec.js';
import { MessageType } from './message-header.js';
import {
  decodeObsoleteInfo,
  decodePreSteamInfo,
  type ObsoleteInfo,
  type PreSteamInfo,
} from './obsolete-info-codec.js';
import { decodePlayers, type PlayersAnswer } from './players-codec.js';
import { decodeRules, type RulesAnswer } from './rules-codec.js';

/** What a server says of itself, in one of three forms. */
export type InfoAnswer = SourceInfo | ObsoleteInfo | PreSteamInfo;

/** What a server says, told apart by the type byte. */
export type A2sAnswer =
  | { readonly kind: 'challenge'; readonly challenge: number }
  | { readonly kind: 'pong' }
  | { readonly kind: 'info'; readonly info: InfoAnswer }
  | ({ readonly kind: 'players' } & PlayersAnswer)
  | ({ readonly kind: 'rules' } & RulesAnswer);
/** What an answer is. */
export type AnswerKind = QueryKind | 'challenge' | 'pong';

/** Decodes any answer of one whole message. `theShip` matters for PLAYER only. */
export function decodeAnswer(bytes: Uint8Array, theShip = false): A2sAnswer {
  switch (bytes[4]) {
    case MessageType.challenge:
      return { kind: 'challenge', challenge: decodeChallenge(bytes) };
    case MessageType.pong:
      decodePong(bytes);
      return { kind: 'pong' };
    case MessageType.info:
      return { kind: 'info', info: decodeInfo(bytes) };
    case MessageType.obsoleteInfo:
      return { kind: 'info', info: decodeObsoleteInfo(bytes) };
    case MessageType.preSteamInfo:
      return { kind: 'info', info: decodePreSteamInfo(bytes) };
    case MessageType.players:
      return { kind: 'players', ...decodePlayers(bytes, theShip) };
    case MessageType.rules:
      return { kind: 'rules', ...decodeRules(bytes) };
    default:
      throw new DecodeError('unexpected', 4, 'is not an A2S answer');
  }
}
