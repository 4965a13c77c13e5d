import { ServerError } from 'beaconry';
import { SteamID } from 'beaconry/steam';

export const steamId = { doc: 'SteamID, in any form.', format: String, default: null } as const;
export const appId = { doc: 'App id.', format: 'nat', default: null } as const;

export function readId(text: string): bigint {
  const id = SteamID.parse(text);
  if (id === undefined) throw new ServerError('NOT_A_STEAMID', `"${text}" is not a SteamID`);
  return id.value;
}

/** Ids as text, as JSON wants them. */
export const printable = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(printable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printable(item)]));
};

/** So many days from now; null, for ever, for 0. */
export const after = (now: number, days: number): number | null =>
  days === 0 ? null : now + days * 86_400_000;
