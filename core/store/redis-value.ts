import { ServerError } from '../errors.js';
import type { Json } from './store.js';

/** A value as Redis holds it: `<end>|<JSON>`, the end in Unix milliseconds or empty. `text` is JSON. */
export function toRaw(text: string, now: number, ttl: number | undefined): string {
  if (ttl === undefined) return `|${text}`;
  if (!Number.isFinite(ttl)) {
    throw new ServerError(
      'STORE_TTL',
      `a ttl is a finite number of milliseconds, not ${ttl}; leave it out for an entry that stays`,
    );
  }
  return `${Math.max(0, Math.ceil(now + ttl))}|${text}`;
}

export const fromRaw = <T extends Json>(raw: unknown): T | undefined =>
  typeof raw === 'string' ? (JSON.parse(raw.slice(raw.indexOf('|') + 1)) as T) : undefined;

/** Whether there is a value that has not ended. */
export function isAlive(raw: string | null, now: number): raw is string {
  if (raw === null) return false;
  const ends = raw.slice(0, raw.indexOf('|'));
  return ends === '' || Number(ends) > now;
}
