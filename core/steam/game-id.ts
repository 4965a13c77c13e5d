import { EGameIdType } from './enums.js';

/** What a 64-bit game id consists of: app id in bits 0-23, type 24-31, mod id 32-63 (5.3). */
export interface GameIdParts {
  readonly appId: number;
  readonly type: EGameIdType;
  /** CRC of the mod or shortcut; 0 for an app. */
  readonly modId: number;
}

/** The 64-bit game id of its parts. */
export function gameIdOf(parts: GameIdParts): bigint {
  const { appId, type, modId } = parts;
  if (!(appId >= 0 && appId <= 0xffffff))
    throw new RangeError(`app id ${appId} has 24 bits at most`);
  return (BigInt(modId >>> 0) << 32n) | (BigInt(type) << 24n) | BigInt(appId);
}

/** The parts of a 64-bit game id. */
export function gameIdParts(gameId: bigint): GameIdParts {
  return {
    appId: Number(gameId & 0xffffffn),
    type: Number((gameId >> 24n) & 0xffn) as EGameIdType,
    modId: Number((gameId >> 32n) & 0xffffffffn),
  };
}

/** The game id of a plain app. */
export const gameIdOfApp = (appId: number): bigint =>
  gameIdOf({ appId, type: EGameIdType.App, modId: 0 });
