import { SteamID } from 'beaconry/steam';

/** SteamIDs as callers may write them: bigint or any text form, never a number. */
export type SteamIdInput = bigint | string | SteamID;

/** The 32-bit form of a group; a larger number is an id that lost digits. */
export const readAccountId = (id: number): bigint => {
  if (Number.isInteger(id) && id >= -0x80000000 && id <= 0xffffffff) return BigInt(id >>> 0);
  throw new TypeError('a group of more than 32 bits is a bigint or a text, never a number');
};

/** Undefined for what is no SteamID; numbers are a mistake of the caller and throw. */
export const readId = (id: SteamIdInput): bigint | undefined => {
  if (typeof id === 'number')
    throw new TypeError('a SteamID is a bigint or a text, never a number');
  if (typeof id === 'bigint') return id >= 0n && id < 1n << 64n ? id : undefined;
  if (typeof id === 'string') return SteamID.parse(id.trim())?.value;
  return id instanceof SteamID ? id.value : undefined;
};
