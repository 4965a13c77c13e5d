import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { type PageRig, SIZES } from '../test/browser-page/page-rig.js';
import { type Budgeted, budgeted } from './budgeted.js';
import { median } from './report.js';

const MEGABYTE = 1024 * 1024;
/** What any page costs in this browser on this machine: one row and nothing else. */
const BARE_PAGE = '<!doctype html><html lang="en"><title>Bare</title><p class="row">A server</p>';
/** Remembers when the first row was on the screen, whoever drew it. */
const WATCH_ROWS = `{
  const rows = new MutationObserver(() => {
    if (document.querySelector('.row') === null) return;
    rows.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.firstRowAt = performance.now(); }));
  });
  rows.observe(document, { childList: true, subtree: true });
}`;

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length * share)] ?? Number.NaN;

interface FirstRow {
  /** Milliseconds from the begin of the navigation. */
  readonly row: number;
  /** The same until the whole list is there and answers to keys and clicks. */
  readonly list: number;
  /** Milliseconds of processor time of the main thread until then. */
  readonly work: number;
}

/** The page in a browser that has never seen it, beside a bare page in the same browser. */
export async function firstRows(rig: PageRig, browser: Browser, runs: number): Promise<Budgeted[]> {
  const bare = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(BARE_PAGE),
  );
  await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
  const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`;
  const all: Record<'bare' | 'page' | 'filtered', FirstRow[]> = {
    bare: [],
    page: [],
    filtered: [],
  };
  let scripts = Number.NaN;
  try {
    for (let run = 0; run < runs; run++) {
      all.bare.push(await cold(browser, bareUrl, async () => {}));
      all.page.push(
        await cold(browser, rig.url, async (page) => {
          scripts = await scriptBytes(page, rig.url);
        }),
      );
      all.filtered.push(await cold(browser, `${rig.url}/?hasPlayers=1`, async () => {}));
    }
  } finally {
    bare.close();
  }
  for (const [name, rows] of Object.entries(all)) {
    const said = rows.map(({ row, list, work }) => [row, list, work].map(Math.round).join('/'));
    console.log(`${name}: row/list/main thread of each cold start: ${said.join(' ')} ms`);
  }
  const of = (kind: keyof typeof all, key: keyof FirstRow) =>
    median(all[kind].map((one) => one[key]));
  return [
    budgeted('script before the list answers, gzip', scripts / 1000, 'KB', 15),
    { what: 'a row of a bare page, cold', value: of('bare', 'row'), unit: 'ms' },
    budgeted('first row, cold', of('page', 'row'), 'ms', 600),
    budgeted('the list answers, cold', of('page', 'list'), 'ms', 600),
    budgeted('first row of a filtered list, cold', of('filtered', 'row'), 'ms', 600),
    {
      what: 'main thread until the controls are there',
      value: of('page', 'work'),
      unit: 'ms of CPU',
    },
  ];
}

async function cold(
  browser: Browser,
  url: string,
  look: (page: Page) => Promise<void>,
): Promise<FirstRow> {
  const context = await browser.newContext(SIZES.desktop);
  try {
    const page = await context.newPage();
    await page.addInitScript(WATCH_ROWS);
    const client = await openClient(page);
    await page.goto(url);
    const row = await number(page, 'window.firstRowAt');
    const isBare = (await page.title()) === 'Bare';
    if (!isBare) await page.waitForSelector('#search');
    const work = (await mainThread(client)) * 1000;
    const list = isBare
      ? row
      : await number(page, `performance.getEntriesByName('beaconry:list')[0]?.startTime`);
    await look(page);
    return { row, list, work };
  } finally {
    await context.close();
  }
}

/** Waits for a number; the policy of the page forbids that it evaluates an expression again and again itself. */
async function number(page: Page, expression: string): Promise<number> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const value: unknown = await page.evaluate(expression);
    if (typeof value === 'number') return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no number within ten seconds: ${expression}`);
}

async function scriptBytes(page: Page, url: string): Promise<number> {
  const scripts = (await page.evaluate(`(() => {
    const end = performance.getEntriesByName('beaconry:list')[0].startTime;
    return performance.getEntriesByType('resource')
      .filter(({ name, startTime }) => name.endsWith('.js') && startTime < end)
      .map(({ name }) => name);
  })()`)) as string[];
  const inPage = (await page.evaluate(
    `document.querySelector('script:not([src])').text`,
  )) as string;
  let sum = gzipSync(inPage).length;
  for (const script of scripts) {
    const answer = await fetch(new URL(new URL(script).pathname, url), {
      headers: { 'accept-encoding': 'gzip' },
    });
    sum += Number(answer.headers.get('content-length'));
    await answer.arrayBuffer();
  }
  return sum;
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

/** Scrolls steadily while servers change: how even it is, what it costs, and what the page keeps meanwhile. */
export async function steadyScroll(
  rig: PageRig,
  browser: Browser,
  seconds: number,
): Promise<Budgeted[]> {
  const page = await browser.newPage(SIZES.desktop);
  await page.goto(rig.url);
  await page.waitForSelector('#search');
  const client = await openClient(page);
  const changing = setInterval(() => void rig.fleet.change(0.3), 2000);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const before = await mainThread(client);
  const { frames, heaps } = (await page.evaluate(`new Promise((resolve) => {
    const list = document.getElementById('list');
    const [frames, heaps] = [[], []];
    let last = performance.now();
    const end = last + ${seconds * 1000};
    const step = (now) => {
      frames.push(now - last);
      last = now;
      list.scrollTop = (list.scrollTop + 24) % (list.scrollHeight - list.clientHeight);
      if (frames.length % 10 === 0) heaps.push(performance.memory.usedJSHeapSize);
      if (now < end) requestAnimationFrame(step);
      else resolve({ frames: frames.slice(10), heaps });
    };
    requestAnimationFrame(step);
  })`)) as { frames: number[]; heaps: number[] };
  const work = ((await mainThread(client)) - before) * 1000;
  const raw = await heap(client, false);
  const kept = await heap(client, true);
  clearInterval(changing);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const resting = await heap(client, false);
  await page.close();
  return [
    budgeted('steady scroll with live updates, p95 of a frame', percentile(frames, 0.95), 'ms', 25),
    {
      what: 'main thread for a frame, events included',
      value: work / frames.length,
      unit: 'ms of CPU',
    },
    budgeted('heap while it scrolls, highest', Math.max(...heaps) / MEGABYTE, 'MB', 8),
    budgeted('heap as it stops, garbage included', raw, 'MB', 8),
    budgeted('heap as it stops, collected', kept, 'MB', 8),
    budgeted('heap at rest, garbage included', resting, 'MB', 8),
  ];
}

/** What the page has in its heap, or what of it is in use. */
async function heap(client: CDPSession, isCollected: boolean): Promise<number> {
  // Events and what they carried live in two heaps that are collected in turn.
  for (let turn = 0; isCollected && turn < 2; turn++) {
    await client.send('HeapProfiler.collectGarbage');
  }
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  return usedSize / MEGABYTE;
}
