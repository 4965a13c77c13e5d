import { open, readAddress, refreshView, selected } from './state.js';

/** Keys that work wherever the focus is, and the browser's way back. */
export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
      document.getElementById('search')?.focus();
      event.preventDefault();
    } else if (event.key === 'Escape' && selected.value !== null && !isTyping) {
      open(null);
      document.getElementById('list')?.focus();
    }
  });
  addEventListener('popstate', () => {
    readAddress();
    refreshView();
  });
}
