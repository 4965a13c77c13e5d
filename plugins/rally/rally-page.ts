/** The page of a rally: three static files, nothing from elsewhere, no inline script or style. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rally</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<header><h1 id="name">Rally</h1><p id="state" role="status">Connecting …</p></header>
<main>
<section aria-labelledby="map-title"><h2 id="map-title">Stage</h2>
<nav id="stages" aria-label="Stages"></nav>
<svg id="map" role="img" aria-label="Map of the stage with live positions"></svg></section>
<section aria-labelledby="standings-title"><h2 id="standings-title">Standings</h2>
<div class="wide" tabindex="0" role="region" aria-label="Standings"><table class="overall"><thead><tr><th scope="col">Pos</th><th scope="col">No</th><th scope="col">Crew</th><th scope="col">Class</th><th scope="col">SS</th><th scope="col">Time</th><th scope="col">Pen</th></tr></thead><tbody id="standings"></tbody></table></div></section>
<section aria-labelledby="times-title"><h2 id="times-title">Stage times</h2>
<div class="wide" tabindex="0" role="region" aria-label="Stage times"><table><thead><tr><th scope="col">Pos</th><th scope="col">No</th><th scope="col">Driver</th><th scope="col">Splits</th><th scope="col">Time</th></tr></thead><tbody id="times"></tbody></table></div><p id="no-times" hidden>Nobody has finished this stage yet.</p></section>
</main>
<noscript><p>This page needs script; the same as JSON is at /v1/rally.</p></noscript>
</body>
</html>
`;

export const STYLE = `:root{color-scheme:light dark;--back:#f6f5f1;--panel:#fff;--ink:#1c2024;--dim:#5b636b;--line:#d9d7cf;--road:#9aa0a6;--accent:#b3261e;--on-accent:#fff;font:1rem/1.45 system-ui,sans-serif}
@media (prefers-color-scheme:dark){:root{--back:#14171a;--panel:#1d2125;--ink:#e8eaed;--dim:#a3abb3;--line:#343a40;--road:#6d757d;--accent:#ffb4a9;--on-accent:#3b0a06}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink)}
header,main{max-width:76rem;margin:0 auto;padding:.75rem 1rem}
header{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:0 0 .5rem}
#state{margin:0;color:var(--dim)}
main{display:grid;gap:1rem;grid-template-columns:minmax(0,1fr)}
@media (min-width:60rem){main{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}section:nth-child(2){grid-row:span 2}}
section{background:var(--panel);border:1px solid var(--line);border-radius:.6rem;padding:.9rem}
#stages{display:flex;flex-wrap:wrap;gap:.35rem}
button{font:inherit;min-width:2.75rem;min-height:2.75rem;color:inherit;background:none;border:1px solid var(--line);border-radius:.4rem;cursor:pointer}
button[aria-pressed=true]{background:var(--accent);color:var(--on-accent);border-color:var(--accent)}
#map{display:block;width:100%;height:min(26rem,60vw);margin-top:.6rem}
#map .road{fill:none;stroke:var(--road);stroke-width:6;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
#map .control{fill:var(--panel);stroke:var(--ink);stroke-width:2;vector-effect:non-scaling-stroke}
#map .car circle{fill:var(--accent)}#map .car text{fill:var(--on-accent);font-weight:700;text-anchor:middle;dominant-baseline:central}
.wide{overflow-x:auto}table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:start;padding:.3rem .5rem;border-bottom:1px solid var(--line);white-space:nowrap}
@media (max-width:36rem){main,header{padding:.6rem}section{padding:.7rem}th,td{padding:.3rem .35rem}.overall th:nth-child(4),.overall td:nth-child(4),.overall th:nth-child(5),.overall td:nth-child(5){display:none}}
#no-times{margin:.4rem 0 0;color:var(--dim)}
th{color:var(--dim);font-weight:600;font-size:.85rem}td:nth-child(3){white-space:normal;min-width:9rem}
.out{color:var(--dim);text-decoration:line-through}
`;

export const SCRIPT = `const $ = (id) => document.getElementById(id);
const svg = (name, attributes) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};
const json = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(path + ': ' + answer.status);
  return answer.json();
};
const time = (ms) => {
  const minutes = Math.floor(ms / 60000);
  return minutes + ':' + ((ms % 60000) / 1000).toFixed(1).padStart(4, '0');
};
const row = (cells, out) => {
  const line = document.createElement('tr');
  if (out) line.className = 'out';
  for (const cell of cells) line.appendChild(document.createElement('td')).textContent = cell;
  return line;
};
let entries = new Map();
let cars = new Map();
let shown = 0;
let scale = 1;
let follow = true;
let rows = [];

async function showStage(number) {
  const stage = await json('/v1/rally/stages/' + number);
  if (number !== shown) {
    shown = number;
    const xs = stage.path.map((p) => p.x), ys = stage.path.map((p) => -p.y);
    const left = Math.min(...xs), top = Math.min(...ys);
    const width = Math.max(...xs) - left, height = Math.max(...ys) - top;
    // On a phone the map is small, and the cars on it must not be.
    scale = Math.max(width, height, 1) / (innerWidth < 600 ? 18 : 30);
    const map = $('map');
    map.setAttribute('viewBox', [left - scale * 2, top - scale * 2, width + scale * 4, height + scale * 4].join(' '));
    map.replaceChildren(svg('polyline', { class: 'road', points: stage.path.map((p) => p.x + ',' + -p.y).join(' ') }));
    for (const control of stage.controls) {
      const dot = svg('circle', { class: 'control', cx: control.x, cy: -control.y, r: scale * 0.45 });
      dot.appendChild(svg('title', {})).textContent = control.kind + ' ' + control.kilometre + ' km ' + control.note;
      map.append(dot);
    }
    for (const button of $('stages').children) button.setAttribute('aria-pressed', String(button.value === String(number)));
    $('map-title').textContent = 'Stage ' + number + ': ' + stage.name + ' (' + stage.surface + ', ' + stage.weather + ')';
  }
  $('times').replaceChildren(...stage.times.map((t) => row([t.position, t.number, t.driver, t.splits.map(time).join('  '), time(t.time)])));
  $('no-times').hidden = stage.times.length > 0;
  $('times').closest('table').hidden = stage.times.length === 0;
  drawCars();
}
function drawCars() {
  const map = $('map');
  for (const old of map.querySelectorAll('.car')) {
    const car = cars.get(Number(old.dataset.number));
    if (!car || car[1] !== shown) old.remove();
  }
  for (const [number, stage, metres, x, y] of cars.values()) {
    if (stage !== shown) continue;
    let node = map.querySelector('.car[data-number="' + number + '"]');
    if (!node) {
      node = svg('g', { class: 'car', 'data-number': number });
      node.append(svg('title', {}), svg('circle', { r: scale * 0.9 }), svg('text', { 'font-size': scale }));
      node.lastChild.textContent = number;
      node.firstChild.textContent = entries.get(number)?.driver ?? '';
      map.append(node);
    }
    node.setAttribute('transform', 'translate(' + x + ' ' + -y + ')');
    node.dataset.metres = metres;
  }
}
function drawStandings(rows) {
  $('standings').replaceChildren(...rows.map(([position, number, stages, total, penalty, retired]) => {
    const entry = entries.get(number) ?? {};
    return row([position, number, entry.driver + (entry.codriver ? ' / ' + entry.codriver : ''), entry.class, stages, stages || penalty ? time(total) : '–', penalty ? time(penalty) : ''], retired);
  }));
}
async function refresh() {
  const rally = await json('/v1/rally');
  $('name').textContent = document.title = rally.name;
  $('state').textContent = rally.state + ', leg ' + rally.leg + ' of ' + rally.legs + ', ' + rally.connected + ' of ' + rally.entries + ' connected';
  if ($('stages').children.length !== rally.stages) {
    $('stages').replaceChildren(...Array.from({ length: rally.stages }, (_, i) => {
      const button = document.createElement('button');
      button.value = button.textContent = i + 1;
      button.setAttribute('aria-label', 'Stage ' + (i + 1));
      button.addEventListener('click', () => { follow = false; showStage(i + 1); });
      return button;
    }));
  }
  await showStage(follow && rally.stage ? rally.stage.number : shown || 1);
}
function connect() {
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/v1/rally/live/ws');
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'snapshot') {
      cars = new Map();
      // Another rally may have taken the place of the one before.
      shown = 0;
      begin().catch(() => {});
    }
    for (const car of message.cars) cars.set(car[0], car);
    for (const number of message.gone ?? []) cars.delete(number);
    drawCars();
    if (message.standings) drawStandings((rows = message.standings));
  });
  socket.addEventListener('close', () => {
    $('state').textContent = 'Connection lost, trying again …';
    setTimeout(connect, 2000);
  });
}
async function begin() {
  entries = new Map((await json('/v1/rally/entries')).items.map((entry) => [entry.number, entry]));
  drawStandings(rows);
  await refresh();
}
connect();
setInterval(() => refresh().catch(() => {}), 3000);
`;
