import { keep, MOST, visited } from './saved.js';

/** Puts a server at the end of those that were looked at. */
export function remember(address: string, name: string): void {
  const next = new Map(visited.value);
  next.delete(address);
  next.set(address, name);
  visited.value = new Map([...next].slice(-MOST));
  keep('visited', JSON.stringify([...visited.value]));
}
