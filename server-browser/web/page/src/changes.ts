import type { ListedServer, ServerNumbers } from '../../listed-server.js';
import { writeNumbers, writeRow } from '../../write-row.js';
import { freshAt, movedAt, refreshView, repaint, status, table } from './state.js';

/** Milliseconds: numbers are repainted each second, the order is renewed less often. */
const REPAINT = 1000;
const REORDER = 5000;
/** A list that moves under a finger or wheel is a nuisance. */
const QUIET = 350;
const RETRY = 5000;

let isDirty = false;
let hasNews = false;
let reorderedAt = 0;
let paintedAt = 0;
let isTurning = false;

/** Follows the changes of the list behind that event. */
export function stream(event: string): void {
  if (!isTurning) setInterval(turn, 250);
  isTurning = true;
  const source = new EventSource(`v1/servers/events?brief=1&after=${encodeURIComponent(event)}`);
  const hear = (name: string, take: (data: never) => void) =>
    source.addEventListener(name, (message) => {
      take(JSON.parse((message as MessageEvent<string>).data) as never);
      freshAt.value = Date.now();
    });
  hear('upsert', (servers: ListedServer[]) => {
    for (const server of servers) if (writeRow(table, server)) hasNews = true;
    isDirty = true;
  });
  hear('numbers', (servers: ServerNumbers[]) => {
    for (const server of servers) writeNumbers(table, server);
    isDirty = true;
  });
  hear('remove', (addresses: string[]) => {
    for (const address of addresses) if (table.remove(address)) hasNews = true;
    isDirty = true;
  });
  hear('snapshot', ({ items }: { items: ListedServer[] }) => {
    const listed = new Set(items.map(({ address }) => address));
    for (const address of [...table.columns.address]) {
      if (!listed.has(address)) table.remove(address);
    }
    for (const server of items) writeRow(table, server);
    isDirty = hasNews = true;
  });
  source.onopen = () => {
    status.value = 'live';
    freshAt.value = Date.now();
  };
  source.onerror = () => {
    status.value = 'offline';
    if (source.readyState !== EventSource.CLOSED) return;
    // Refused instead of lost: the browser does not try again by itself.
    setTimeout(() => stream(event), RETRY);
  };
}

function turn(): void {
  const now = performance.now();
  if (!isDirty || now - movedAt() < QUIET || document.hidden) return;
  if (hasNews || now - reorderedAt > REORDER) {
    isDirty = hasNews = false;
    reorderedAt = paintedAt = now;
    refreshView();
  } else if (now - paintedAt > REPAINT) {
    paintedAt = now;
    repaint.value++;
  }
}
