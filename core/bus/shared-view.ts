import type { Context } from '../plugin.js';
import type { Json } from '../store/store.js';
import type { SharedHome } from './shared-home.js';

const interval = 500;
/** Said again after so many intervals although nothing changed, for nodes that came since. */
const repeat = 10;
const channel = 'view';

/**
 * Lists of the node where all connections meet, as every node shows them: there as they are, elsewhere as they were
 * half a second ago. Without a home they are as they are.
 */
export function shareView<Lists extends { readonly [name: string]: () => readonly unknown[] }>(
  context: Pick<Context, 'bus' | 'server' | 'every' | 'defer'>,
  home: SharedHome | undefined,
  lists: Lists,
): Lists {
  if (home === undefined) return lists;
  const { bus, server } = context;
  let heard: { readonly [name: string]: readonly unknown[] } = {};
  let said = '';
  let quiet = 0;
  context.defer(
    bus.subscribe(channel, (message, from) => {
      if (from !== server.node) heard = message as unknown as typeof heard;
    }),
  );
  context.every(interval, () => {
    if (!home.isHere) return;
    const now = Object.fromEntries(Object.entries(lists).map(([name, read]) => [name, read()]));
    const text = JSON.stringify(now);
    if (text === said && ++quiet < repeat) return;
    said = text;
    quiet = 0;
    bus.publish(channel, now as unknown as Json);
  });
  const shown = Object.entries(lists).map(([name, read]) => [
    name,
    () => (home.isHere ? read() : (heard[name] ?? [])),
  ]);
  return Object.fromEntries(shown) as Lists;
}
