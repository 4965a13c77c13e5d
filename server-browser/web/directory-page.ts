import { PeerAddress } from 'beaconry';
import type { Registrations } from 'beaconry/plugins/master';
import { descriptionOf } from './description-of.js';
import type { DirectoryEntry } from './directory-entry.js';
import type { ListedServer } from './listed-server.js';

/** One page of the list; `next` continues it and is null at the end. */
export interface DirectoryPage {
  readonly items: readonly ListedServer[];
  readonly next: string | null;
}

/** What pages are made of. */
export interface PageSource {
  readonly registrations: Registrations | undefined;
  readonly reader: PeerAddress | undefined;
  readonly entries: ReadonlyMap<string, DirectoryEntry>;
  line(entry: DirectoryEntry): ListedServer;
}

/** Begins the `next` of pages behind the registered servers. */
const OTHERS = 'not-master ';

/** Servers that pass a filter in the master's grammar: those of the master first, then the others. */
export function listPage(
  source: PageSource,
  filter: string,
  limit: number,
  after: string | undefined,
): DirectoryPage {
  const inOthers = after?.startsWith(OTHERS) === true;
  if (inOthers) return withOthers(source, filter, limit, [], after.slice(OTHERS.length));
  const { items, next } = registered(source, filter, limit, after);
  return next === null ? withOthers(source, filter, limit, [...items], '') : { items, next };
}

function registered(
  { registrations, reader, entries, line }: PageSource,
  filter: string,
  limit: number,
  after: string | undefined,
): DirectoryPage {
  const behind = after === undefined ? undefined : PeerAddress.parse(after);
  const found =
    registrations?.list(filter, {
      limit: limit + 1,
      ...(reader && { from: reader }),
      ...(behind && { after: behind }),
    }) ?? [];
  const items = found.slice(0, limit).flatMap(({ address }) => {
    const entry = entries.get(address.toString());
    return entry === undefined ? [] : [line(entry)];
  });
  const last = found.length > limit ? found[limit - 1] : undefined;
  return { items, next: last?.address.toString() ?? null };
}

/** Fills a page with servers that no registration names, in the order of their keys. */
function withOthers(
  { registrations, entries, line }: PageSource,
  filter: string,
  limit: number,
  items: ListedServer[],
  behind: string,
): DirectoryPage {
  const matches = matcher(registrations, filter);
  const others = [...entries.values()]
    .filter(({ registration, key }) => registration === undefined && key > behind)
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  let last = behind;
  for (const entry of others) {
    const server = line(entry);
    if (matches(server)) {
      if (items.length === limit) return { items, next: `${OTHERS}${last}` };
      items.push(server);
    }
    last = entry.key;
  }
  return { items, next: null };
}

function matcher(
  registrations: Registrations | undefined,
  filter: string,
): (server: ListedServer) => boolean {
  if (filter === '') return () => true;
  const matches = registrations?.matcher(filter);
  // Without a master nobody here knows its grammar; nothing is listed rather than everything.
  if (matches === undefined) return () => false;
  return (server) => {
    const address = PeerAddress.parse(server.address);
    return address !== undefined && matches(descriptionOf(server, address));
  };
}
