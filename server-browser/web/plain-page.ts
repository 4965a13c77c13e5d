import { escapeHtml } from './escape-html.js';
import type { ListedServer } from './listed-server.js';

/** The list as a page without script; `bdi` keeps right-to-left names from turning their neighbours. */
export function plainPage(servers: readonly ListedServer[], more: boolean): string {
  const rows = servers.map(
    (server) => `<tr>
<td><bdi>${escapeHtml(server.name)}</bdi>${server.password ? ' <span title="password needed">locked</span>' : ''}</td>
<td><bdi>${escapeHtml(server.map)}</bdi></td>
<td><bdi>${escapeHtml(server.game)}</bdi></td>
<td class="n">${server.players}/${server.maxPlayers}${server.bots > 0 ? ` (${server.bots} bots)` : ''}</td>
<td><code>${escapeHtml(server.address)}</code></td>
</tr>`,
  );
  const empty = '<tr><td colspan="5">No server is listed yet.</td></tr>';
  const count = `${servers.length}${more ? ' or more' : ''}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Servers</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 0 auto; padding: 1rem; }
table { width: 100%; min-width: 42rem; border-collapse: collapse; }
th, td { text-align: start; padding: .4rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); overflow-wrap: break-word; }
td:first-child { overflow-wrap: anywhere; width: 40%; }
.n { white-space: nowrap; }
.wide { overflow-x: auto; }
</style>
</head>
<body>
<h1>Servers <small>(${count})</small></h1>
<div class="wide">
<table>
<thead><tr><th scope="col">Name</th><th scope="col">Map</th><th scope="col">Game</th><th scope="col">Players</th><th scope="col">Address</th></tr></thead>
<tbody>
${rows.length === 0 ? empty : rows.join('\n')}
</tbody>
</table>
</div>
<p>For programs: <a href="/v1/servers">/v1/servers</a></p>
</body>
</html>
`;
}
