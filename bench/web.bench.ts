import { get } from 'node:http';
import type { Browser } from 'playwright-core';
import { launchChromium, PageRig, skipReason } from '../test/browser-page/page-rig.js';
import { type Budgeted, budgeted } from './budgeted.js';
import { firstRows, steadyScroll } from './page-budgets.js';
import { report } from './report.js';

/**
 * The list at full size: what polling costs, what readers cost, and the page against its budgets.
 * `--quick` measures a tenth of the servers for a shorter time.
 */
const isQuick = process.argv.includes('--quick');
const SERVERS = isQuick ? 1000 : 10_000;
const READERS = isQuick ? 100 : 1000;
const INTERVAL = isQuick ? 5 : 30;
const SECONDS = isQuick ? 4 : 15;
const RUNS = isQuick ? 3 : 5;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Share of one core that this process takes while it polls, and how many servers answered each second. */
async function load(rig: PageRig): Promise<{ core: number; answers: number }> {
  const [cpu, time, answers] = [process.cpuUsage(), performance.now(), await rig.fleet.answers()];
  await sleep(SECONDS * 1000);
  const { user, system } = process.cpuUsage(cpu);
  const elapsed = performance.now() - time;
  return {
    core: ((user + system) / 1000 / elapsed) * 100,
    answers: ((await rig.fleet.answers()) - answers) / (elapsed / 1000),
  };
}

async function openReaders(rig: PageRig): Promise<() => void> {
  const { port } = rig.server.address('http');
  const path = '/v1/servers/events';
  const headers = { 'accept-encoding': 'gzip' };
  const open = () =>
    new Promise<() => void>((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
        response.on('error', () => {});
        response.resume();
        resolve(() => request.destroy());
      });
      request.on('error', reject);
    });
  const closers: (() => void)[] = [];
  // A hundred at a time: a listening socket holds only so many that wait.
  while (closers.length < READERS) {
    closers.push(...(await Promise.all(Array.from({ length: Math.min(100, READERS) }, open))));
  }
  return () => {
    for (const close of closers) close();
  };
}

const figures: Budgeted[] = [];
const rig = await PageRig.start(SERVERS, { poll: { interval: `${INTERVAL}s` } });
let browser: Browser | undefined;
try {
  await rig.measured(SERVERS, 90_000);
  console.log(`${SERVERS} servers, asked every ${INTERVAL} s; one core is 100 %`);
  // Servers that came together are spread over the second and third round.
  await sleep(2 * INTERVAL * 1000);
  const alone = await load(rig);
  const close = await openReaders(rig);
  const read = await load(rig);
  close();
  figures.push(
    budgeted('polling, share of one core', alone.core, '%', 25),
    { what: `polling and ${READERS} readers, share of one core`, value: read.core, unit: '%' },
    {
      what: `servers that answered, with ${READERS} readers`,
      ...{ value: read.answers, unit: '/s' },
      against: { 'as many without readers': read.answers / alone.answers },
    },
  );
  const reason = skipReason();
  if (reason !== undefined) console.log(reason);
  else {
    browser = await launchChromium();
    figures.push(
      ...(await firstRows(rig, browser, RUNS)),
      ...(await steadyScroll(rig, browser, SECONDS)),
    );
  }
} finally {
  await browser?.close();
  await rig.stop();
}
report(figures);
const over = figures.filter(({ value, budget = Number.POSITIVE_INFINITY }) => value > budget);
for (const { what } of over) console.log(`OVER its budget: ${what}`);
