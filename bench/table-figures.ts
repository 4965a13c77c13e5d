/** Memory of a full master list, and the time of filtered pages over a large one; in a process of its own. */
import { PeerAddress, SystemClock } from 'beaconry';
import { LIST_START } from '../server-browser/a2s-query/list-codec.js';
import { MemoryRegistrationTable } from '../server-browser/master/memory-registration-table.js';
import type { ServerDescription } from '../server-browser/master/public.js';
import { ServerList } from '../server-browser/master/server-list.js';
import { type Figure, median } from './report.js';

const quick = process.argv.includes('--quick');
const MANY = quick ? 100_000 : 1_000_000;
const SEARCHED = 100_000;
const PAGES = quick ? 300 : 2000;
const clock = new SystemClock();

/** Every name is another one; maps, games and tags repeat as they do on the internet. */
const server = (n: number): ServerDescription => ({
  protocol: 7,
  players: n % 17,
  maxPlayers: 16,
  bots: n % 3,
  name: `Server ${n} of some clan | 24/7`,
  map: `map${n % 400}`,
  modDir: `game${n % 50}`,
  product: `game${n % 50}`,
  version: `1.0.0.${n % 7}`,
  appId: 240 + (n % 60),
  serverType: 'd',
  os: n % 3 === 0 ? 'w' : 'l',
  password: n % 11 === 0,
  secure: n % 2 === 0,
  lan: false,
  nat: false,
  region: n % 8,
  tags: `alltalk,tag${n % 30}`,
  gameData: '',
  gamePort: 27015,
  spectatorPort: null,
});
const address = new PeerAddress();
const nth = (n: number) =>
  address.set(0, 0, 0xffff, Math.imul(n >> 2, 0x9e3779b1), 27015 + (n & 3));

const newTable = () =>
  new MemoryRegistrationTable(clock, { ttl: 3e9, perAddress: 64, perPrefix: 512 });
const fill = (table: MemoryRegistrationTable, count: number) => {
  for (let n = 0; n < count; n++) {
    table.upsert(nth(n), server(n), { whitelisted: false, outdated: false });
  }
};
const collect = () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
};
const figures: Figure[] = [];

{
  collect();
  const before = process.memoryUsage().rss;
  const table = newTable();
  fill(table, MANY);
  collect();
  const { rss } = process.memoryUsage();
  figures.push(
    { what: `${MANY} registrations, whole process`, value: rss / 2 ** 20, unit: 'MiB resident' },
    { what: 'one registration', value: (rss - before) / table.size, unit: 'bytes' },
  );
}
collect();
{
  const table = newTable();
  fill(table, SEARCHED);
  const list = new ServerList(table, clock, {
    answers: true,
    nat: false,
    searchesPerSecond: undefined,
    workPerSecond: Number.MAX_SAFE_INTEGER,
  });
  const from = PeerAddress.of('192.0.2.1', 27005);
  const kinds: readonly ((i: number) => string)[] = [
    (i) => `\\gamedir\\game${i % 50}\\map\\map${i % 400}`,
    (i) => `\\appid\\${240 + (i % 60)}\\empty\\1\\secure\\1`,
    (i) => `\\gamedir\\game${i % 50}\\gametype\\tag${i % 30}`,
    (i) => `\\gamedir\\nobody${i}`,
  ];
  const times: number[] = [];
  for (let i = 0; i < PAGES * 2; i++) {
    const filter = `${kinds[i % kinds.length]?.(i) ?? ''}\\napp\\${i}`;
    // CPU time, since the machine may be doing something else in the meantime.
    const begun = process.cpuUsage();
    list.answer(from, { region: i % 5 === 0 ? i % 8 : 255, after: LIST_START, filter });
    const { user, system } = process.cpuUsage(begun);
    if (i >= PAGES) times.push(user + system);
  }
  times.sort((one, other) => one - other);
  figures.push(
    { what: 'filtered page over 100,000, median', value: median(times), unit: 'µs CPU' },
    {
      what: 'filtered page over 100,000, p99',
      value: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
      unit: 'µs CPU',
    },
  );
}
process.send?.(figures);
process.disconnect?.();
