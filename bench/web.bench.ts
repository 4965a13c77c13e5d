import { get } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { launchChromium, PageRig, SIZES, skipReason } from '../test/browser-page/page-rig.js';

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
const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length * share)] ?? Number.NaN;

const report = (what: string, value: number, unit: string, budget: number, isLeast = false) => {
  const ratio = isLeast ? budget / value : value / budget;
  console.log(
    `${what.padEnd(52)} ${value.toFixed(1).padStart(9)} ${unit.padEnd(6)} ${ratio <= 1 ? 'ok  ' : 'OVER'} ${(ratio * 100).toFixed(0)} % of the budget of ${Number(budget.toFixed(1))} ${unit}`,
  );
};

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

async function scriptBytes(page: Page, url: string): Promise<number> {
  const scripts = (await page.evaluate(`(() => {
    const end = performance.getEntriesByName('beaconry:first-row')[0].startTime;
    return performance.getEntriesByType('resource')
      .filter(({ name, startTime }) => name.endsWith('.js') && startTime < end)
      .map(({ name }) => name);
  })()`)) as string[];
  const inPage = (await page.evaluate(
    `document.querySelector('script:not([src])').text`,
  )) as string;
  let sum = gzipSync(inPage).length;
  for (const script of scripts) {
    const { pathname } = new URL(script, url);
    sum += await new Promise<number>((resolve, reject) => {
      get(new URL(pathname, url), { headers: { 'accept-encoding': 'gzip' } }, (response) => {
        response.resume();
        resolve(Number(response.headers['content-length']));
      }).on('error', reject);
    });
  }
  return sum;
}

/**
 * What the page keeps. Events and what they carried live in two heaps that are collected in turn, so the first
 * collection leaves some of what the second one takes: 10 MB and 4.6 MB of the same page.
 */
async function heap(client: CDPSession): Promise<number> {
  await client.send('HeapProfiler.collectGarbage');
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  return usedSize / 1024 / 1024;
}

/** Seconds of processor time that the page's main thread took so far: neighbours on the machine do not show in it. */
async function mainThread(client: CDPSession): Promise<number> {
  const { metrics } = await client.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
}

async function openClient(page: Page): Promise<CDPSession> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  return client;
}

async function measurePage(rig: PageRig, browser: Browser): Promise<void> {
  const firstRows: number[] = [];
  const firstWork: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const context = await browser.newContext(SIZES.desktop);
    const page = await context.newPage();
    const client = await openClient(page);
    await page.goto(rig.url);
    await page.waitForSelector('#search');
    firstWork.push((await mainThread(client)) * 1000);
    firstRows.push(
      Number(
        await page.evaluate(`performance.getEntriesByName('beaconry:first-row')[0].startTime`),
      ),
    );
    if (run === 0) {
      report(
        'script before the first row, gzip',
        (await scriptBytes(page, rig.url)) / 1024,
        'KiB',
        15,
      );
    }
    await context.close();
  }
  report('first row, cold, median', median(firstRows), 'ms', 600);
  console.log(
    `first row, cold: ${firstRows.map((ms) => ms.toFixed(0)).join(', ')} ms; main thread until the controls are there, median: ${median(firstWork).toFixed(0)} ms of processor time`,
  );

  const page = await browser.newPage(SIZES.desktop);
  await page.goto(rig.url);
  await page.waitForSelector('#search');
  const client = await openClient(page);
  const changing = setInterval(() => void rig.fleet.change(0.3), 2000);
  await sleep(1000);
  const workBefore = await mainThread(client);
  const frames = (await page.evaluate(`new Promise((resolve) => {
    const list = document.getElementById('list');
    const frames = [];
    let last = performance.now();
    const end = last + ${SECONDS * 1000};
    const step = (now) => {
      frames.push(now - last);
      last = now;
      list.scrollTop = (list.scrollTop + 24) % (list.scrollHeight - list.clientHeight);
      if (now < end) requestAnimationFrame(step);
      else resolve(frames.slice(10));
    };
    requestAnimationFrame(step);
  })`)) as number[];
  const moving = await heap(client);
  const work = ((await mainThread(client)) - workBefore) * 1000;
  clearInterval(changing);
  report(
    `steady scroll with live updates, p95 of ${frames.length} frames`,
    percentile(frames, 0.95),
    'ms',
    25,
  );
  console.log(
    `main thread, mean of a frame with its share of the events: ${(work / frames.length).toFixed(1)} ms of processor time`,
  );
  report('heap of the page as it stops scrolling', moving, 'MB', 8);
  await sleep(3000);
  report('heap of the page at rest', await heap(client), 'MB', 8);
  await page.close();
}

const rig = await PageRig.start(SERVERS, { poll: { interval: `${INTERVAL}s` } });
let browser: Browser | undefined;
try {
  await rig.measured(SERVERS, 90_000);
  console.log(`${SERVERS} servers, asked every ${INTERVAL} s; one core is 100 %`);
  // Servers that came together are spread over the second and third round.
  await sleep(2 * INTERVAL * 1000);
  const alone = await load(rig);
  report('polling, share of one core', alone.core, '%', 25);
  const close = await openReaders(rig);
  const read = await load(rig);
  close();
  report(
    `answers per second with ${READERS} readers`,
    read.answers,
    '/s',
    alone.answers * 0.9,
    true,
  );
  console.log(`polling and ${READERS} readers, share of one core: ${read.core.toFixed(1)} %`);
  const reason = skipReason();
  if (reason !== undefined) console.log(reason);
  else {
    browser = await launchChromium();
    await measurePage(rig, browser);
  }
} finally {
  await browser?.close();
  await rig.stop();
}
