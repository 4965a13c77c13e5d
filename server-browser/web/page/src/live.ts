import type { ServerColumns } from '../../listed-server.js';
import { freshAt, hasRows, refreshView, status, table } from './state.js';

const RETRY = 5000;

let retry: ReturnType<typeof setTimeout> | undefined;
let isLoading = false;

/** Loads the list, then follows its changes; never gives up. */
export async function follow(): Promise<void> {
  if (isLoading) return;
  isLoading = true;
  clearTimeout(retry);
  try {
    const early = window.earlySnapshot;
    window.earlySnapshot = undefined;
    const response = await (early ?? fetch('v1/servers/snapshot'));
    if (!response.ok) throw new Error(String(response.status));
    const columns = (await response.json()) as ServerColumns;
    table.load(columns);
    status.value = 'live';
    freshAt.value = Date.now();
    refreshView();
    const stop = hasRows.subscribe((are) => {
      if (!are) return;
      // Once, and not from within the first call, before `stop` is known.
      queueMicrotask(() => stop());
      void followChanges(columns.event);
    });
  } catch {
    status.value = 'failed';
    retry = setTimeout(() => void follow(), RETRY);
  }
  isLoading = false;
}

async function followChanges(event: string): Promise<void> {
  try {
    const { stream } = await import('./changes.js');
    stream(event);
  } catch {
    status.value = 'offline';
    setTimeout(() => void followChanges(event), RETRY);
  }
}
