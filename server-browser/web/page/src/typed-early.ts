import { setFilters } from './state.js';

/** What a visitor typed into the server's picture of the search goes on in the one that works. */
export function keepTyped(): void {
  const picture = document.querySelector<HTMLInputElement>('.search input');
  if (picture === null) return;
  const hasFocus = picture === document.activeElement;
  if (picture.value !== '') setFilters({ q: picture.value });
  if (hasFocus) requestAnimationFrame(() => document.getElementById('search')?.focus());
}
