import { signal } from '@preact/signals';
import { type Tab, tab } from './state.js';

/** Tabs that this server has something to show in. */
export const tabs = signal<readonly Tab[]>(['internet', 'favourites', 'history']);

export interface Probed {
  readonly tab: Tab;
  readonly path: string;
}
const MAYBE: readonly Probed[] = [
  { tab: 'rooms', path: 'v1/vcmi/rooms' },
  { tab: 'relay', path: 'v1/pops' },
];

/** Asks which plugins run here: a route that is not there means a tab that is not shown. */
export function probeTabs(): void {
  for (const { tab: maybe, path } of MAYBE) {
    void fetch(path).then(
      ({ status }) => {
        if (status !== 404) tabs.value = [...tabs.value, maybe];
        else if (tab.value === maybe) tab.value = 'internet';
      },
      () => {},
    );
  }
}
