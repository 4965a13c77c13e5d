import { SteamID } from 'beaconry/steam';

/** SteamIDs as callers may write them: bigint or any text form, never a number. */
export type SteamIdInput = bigint | string | SteamID;

/** Undefined for what is no SteamID; numbers are a mistake of the caller and throw. */
export const readId = (id: SteamIdInput): bigint | undefined => {
  if (typeof id === 'number')
    throw new TypeError('a SteamID is a bigint or a text, never a number');
  if (typeof id === 'bigint') return id >= 0n && id < 1n << 64n ? id : undefined;
  if (typeof id === 'string') return SteamID.parse(id.trim())?.value;
  return id instanceof SteamID ? id.value : undefined;
};
