import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { queryMasterServer, REGIONS } from 'steam-server-query';
import { LIST_START } from '../../../server-browser/a2s-query/list-codec.js';
import { compileFilter } from '../../../server-browser/master/filter.js';
import { encodeFilter, type FilterNode } from '../../../server-browser/master/filter-codec.js';
import { ServerList } from '../../../server-browser/master/server-list.js';
import { at, described, tableOf, usual } from './build.js';
import { MasterWithServers, nthAddress } from './inside.js';

const SERVERS = 20_000;

describe('master with 20,000 servers', () => {
  let master: MasterWithServers | undefined;
  afterEach(async () => {
    await master?.stop();
    master = undefined;
  });

  it('pages them to steam-server-query within the usual limits', async () => {
    master = await MasterWithServers.start();
    for (let n = 0; n < SERVERS; n++) master.join(nthAddress(n));
    const found = await queryMasterServer(master.address, REGIONS.ALL);
    expect(new Set(found).size).to.equal(SERVERS);
    expect(found).to.have.lengthOf(SERVERS);
  });

  it('shows every server that stays exactly once while 100 a second join and leave', async () => {
    const running = await MasterWithServers.start({ rateLimit: 10_000, listBudget: 0 });
    master = running;
    for (let n = 0; n < SERVERS; n++) running.join(nthAddress(n));
    let joined = SERVERS;
    let left = 0;
    const churn = setInterval(() => {
      for (let i = 0; i < 10; i++) {
        running.join(nthAddress(joined++));
        running.leave(nthAddress(left++));
      }
    }, 100);
    const clients: Promise<void>[] = [];
    const end = performance.now() + 5000;
    let runs = 0;
    for (let i = 0; i < 2; i++) {
      clients.push(
        (async () => {
          while (performance.now() < end) {
            const stayingTo = joined;
            const found = await queryMasterServer(running.address, REGIONS.ALL);
            const seen = new Set(found);
            expect(seen.size, 'repeated servers').to.equal(found.length);
            for (let n = left; n < stayingTo; n++) {
              if (!seen.has(nthAddress(n).toString())) throw new Error(`server ${n} is missing`);
            }
            runs++;
          }
        })(),
      );
    }
    try {
      await Promise.all(clients);
    } finally {
      clearInterval(churn);
    }
    expect(left).to.be.greaterThan(200);
    console.log(`      ${runs} complete lists while ${left} servers left and as many joined`);
  });

  it('evaluates 1,000 filters of 64 pairs, nested 16 deep, in less than 5 ms of CPU time each', () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    const random = sequence(1);
    for (let n = 0; n < SERVERS; n++) table.upsert(nthAddress(n), server(random), usual);
    const filters = Array.from({ length: 1000 }, () => encodeFilter(deepTree(random)));

    let passed = 0;
    const whole = cpuMilliseconds(() => {
      for (const text of filters) {
        const filter = compileFilter(text);
        table.scan({ family: 'ipv4' }, (registration) => {
          if (filter.test(registration)) passed++;
          return true;
        });
      }
    });
    const servers = new ServerList(table, clock, {
      answers: true,
      nat: false,
      searchesPerSecond: undefined,
      workPerSecond: Number.MAX_SAFE_INTEGER,
    });
    const page = cpuMilliseconds(() => {
      for (const filter of filters) {
        servers.answer(at('192.0.2.1:1'), { region: 255, after: LIST_START, filter });
      }
    });
    const costly = compileFilter('\\name_match\\*e*r*'.repeat(50));
    const worst = cpuMilliseconds(() => {
      table.scan({ family: 'ipv4' }, (registration) => {
        if (costly.test(registration)) passed++;
        return true;
      });
    });
    console.log(`      50 wildcards that all match: ${worst.toFixed(1)} ms, cost ${costly.cost}`);
    console.log(
      `      all servers tested: ${(whole / 1000).toFixed(2)} ms, first page: ${(page / 1000).toFixed(2)} ms, passing on average: ${passed / 1000}`,
    );
    expect(whole / 1000).to.be.lessThan(5);
  });
});

const cpuMilliseconds = (run: () => void): number => {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/** The same numbers in every run: 0..limit-1. */
const sequence = (seed: number) => {
  let state = seed;
  return (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
};
type Random = ReturnType<typeof sequence>;

const server = (random: Random) =>
  described({
    map: `map${random(40)}`,
    modDir: `game${random(10)}`,
    name: `Server ${random(1e6)} of clan ${random(500)}`,
    players: random(17),
    maxPlayers: 16,
    secure: random(2) === 0,
    os: random(3) === 0 ? 'w' : 'l',
    tags: Array.from({ length: 4 }, () => `tag${random(30)}`).join(),
    gameData: `data${random(100)},mode${random(5)}`,
    appId: 240 + random(20),
    version: `1.0.${random(5)}`,
  });

const condition = (random: Random): FilterNode => {
  const conditions: readonly (readonly [string, string])[] = [
    ['map', `map${random(40)}`],
    ['gamedir', `game${random(10)}`],
    ['secure', '1'],
    ['linux', '1'],
    ['empty', '1'],
    ['full', '1'],
    ['appid', String(240 + random(20))],
    ['gametype', `tag${random(30)},tag${random(30)}`],
    ['gamedataor', `data${random(100)},mode${random(5)}`],
    ['name_match', `*${random(10)} of*${random(10)}*`],
    ['version_match', `1.*.${random(5)}`],
  ];
  const [key, value] = conditions[random(conditions.length)] ?? ['map', ''];
  return { kind: 'condition', key, value };
};

/** 16 operators inside each other, each with three conditions: 64 pairs. */
const deepTree = (random: Random, depth = 16): FilterNode[] => {
  const operands = Array.from({ length: 3 }, () => condition(random));
  if (depth === 0) return [];
  const kind = (['nor', 'nand', 'or', 'and'] as const)[random(4)] ?? 'and';
  return [{ kind, operands: [...deepTree(random, depth - 1), ...operands] }];
};
