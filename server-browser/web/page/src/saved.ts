import { signal } from '@preact/signals';

/** Addresses with the name they had. */
type Saved = ReadonlyMap<string, string>;
export const MOST = 500;

function load(key: string): Saved {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(`beaconry.${key}`) ?? '[]');
    if (!Array.isArray(read)) return new Map();
    return new Map(
      read.filter((one): one is [string, string] => Array.isArray(one) && one.length === 2),
    );
  } catch {
    return new Map();
  }
}

/** Storage may be full or forbidden; the page works without it. */
export function keep(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(`beaconry.${key}`);
    else localStorage.setItem(`beaconry.${key}`, text);
  } catch {}
}
export function kept(key: string): string | null {
  try {
    return localStorage.getItem(`beaconry.${key}`);
  } catch {
    return null;
  }
}

export const favourites = signal<Saved>(load('favourites'));
export const visited = signal<Saved>(load('visited'));

export function toggleFavourite(address: string, name: string): void {
  const next = new Map(favourites.value);
  if (!next.delete(address) && next.size < MOST) next.set(address, name);
  favourites.value = next;
  keep('favourites', JSON.stringify([...next]));
}
