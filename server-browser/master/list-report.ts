import {
  formatAddress,
  printable,
  printableJson,
  type QueryResult,
  type ServerAddress,
} from 'beaconry/a2s-query';

/** What became of a server of the list: asked, or at a FakeIP and therefore left alone. */
export type AskedServer = QueryResult | { readonly address: ServerAddress; readonly fakeIp: true };

export const SORT_KEYS = ['players', 'ping', 'name', 'address'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Servers that did not answer come last, whatever the key. */
export function sortList(results: readonly AskedServer[], key: SortKey): AskedServer[] {
  const rank = (result: AskedServer): number | string => {
    if (!('info' in result)) return key === 'name' ? '\uffff' : Number.POSITIVE_INFINITY;
    if (key === 'name') return result.info.name;
    return key === 'ping' ? result.ping : -result.info.players;
  };
  const byAddress = (one: AskedServer, other: AskedServer) =>
    formatAddress(one.address).localeCompare(formatAddress(other.address), 'en', { numeric: true });
  return [...results].sort((one, other) => {
    if (key === 'address') return byAddress(one, other);
    const [a, b] = [rank(one), rank(other)];
    return a < b ? -1 : a > b ? 1 : byAddress(one, other);
  });
}

/** The list for programs. */
export function listAsJson(results: readonly AskedServer[]): string {
  const items = results.map((result) => ({
    address: formatAddress(result.address),
    ...('fakeIp' in result ? { fakeIp: true } : {}),
    ...('error' in result ? { error: result.error.code } : {}),
    ...('info' in result ? { ping: Math.round(result.ping * 10) / 10, info: result.info } : {}),
  }));
  return `${printableJson(items)}\n`;
}

/** The list for people; text from the network cannot move the cursor. */
export function listAsTable(results: readonly AskedServer[]): string {
  const rows = results.map((result) =>
    'info' in result
      ? [
          formatAddress(result.address),
          `${result.info.players}/${result.info.maxPlayers}`,
          result.ping.toFixed(0),
          printable(result.info.folder),
          printable(result.info.map),
          printable(result.info.name),
        ]
      : [formatAddress(result.address), '-', '-', '', '', whyUnknown(result)],
  );
  const all = [['ADDRESS', 'PLAYERS', 'PING', 'GAME', 'MAP', 'NAME'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n${results.length} server${results.length === 1 ? '' : 's'}\n`;
}

const whyUnknown = (result: Exclude<AskedServer, { readonly info: unknown }>): string =>
  'fakeIp' in result
    ? `(FakeIP: beaconry forward client --to ${formatAddress(result.address)})`
    : `(no answer: ${result.error.code})`;
