import { signal } from '@preact/signals';
import { type Tab, tab } from './state.js';

/** Tabs that this server has something to show in. */
export const tabs = signal<readonly Tab[]>(['internet', 'favourites', 'history']);

/** Tabs of other plugins, and the routes of which one is enough. */
const MAYBE: readonly (readonly [tab: Tab, paths: readonly string[]])[] = [
  ['rooms', ['v1/vcmi/rooms?limit=1']],
  ['relay', ['v1/pops', 'v1/relay/status']],
];

/** Asks which plugins run here: routes that are not there mean a tab that is not shown. */
export async function probeTabs(): Promise<void> {
  for (const [maybe, paths] of MAYBE) {
    const answers = await Promise.allSettled(paths.map((path) => fetch(path)));
    const statuses = answers.map((answer) =>
      answer.status === 'fulfilled' ? answer.value.status : 0,
    );
    if (statuses.some((status) => status === 200)) tabs.value = [...tabs.value, maybe];
    else if (tab.value === maybe && statuses.every((status) => status === 404)) {
      tab.value = 'internet';
    }
  }
}
