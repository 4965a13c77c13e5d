import { toggleFavourite } from './saved.js';
import { active, open, setFilters, table, view } from './state.js';

/** What a visitor did with the first screen of the server, before the script had come, is done now. */
export function keepEarlyWishes(): void {
  document.onclick = null;
  typed();
  clicked(window.earlyClick);
}

function typed(): void {
  const picture = document.querySelector<HTMLInputElement>('.search input');
  if (picture === null) return;
  const hasFocus = picture === document.activeElement;
  if (picture.value !== '') setFilters({ q: picture.value });
  if (hasFocus) requestAnimationFrame(() => document.getElementById('search')?.focus());
}

function clicked(target: Element | undefined): void {
  const line = target?.closest('.row');
  // One that still stands in the page heard the click itself.
  if (!line || line.isConnected) return;
  const index = Number(line.getAttribute('aria-rowindex')) - 2;
  const row = view.value[index] ?? -1;
  const [address, name] = [table.columns.address[row], table.columns.name[row]];
  // The list may have changed in between; then nobody knows what was meant.
  if (address === undefined || line.querySelector('.text')?.textContent !== (name || address))
    return;
  if (target?.closest('.star')) toggleFavourite(address, name || address);
  else {
    active.value = index;
    open(address);
  }
}
