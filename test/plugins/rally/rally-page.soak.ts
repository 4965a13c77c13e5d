import { existsSync, mkdirSync } from 'node:fs';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { type Browser, chromium } from 'playwright-core';
import { fixture } from './simulated-rally.js';

const executablePath = '/usr/bin/chromium';

describe('the page of a rally with eight bots', function () {
  this.timeout(90_000);
  let test: TestServer | undefined;
  let browser: Browser | undefined;
  before(function () {
    if (existsSync(executablePath)) return;
    console.log('skipped: needs chromium');
    this.skip();
  });
  after(async () => {
    await browser?.close();
    await test?.stop();
  });

  it('shows every car moving and standings that change after a stage', async () => {
    test = await startTestServer({
      real: true,
      plugins: {
        rally: {
          ...{ definition: fixture, authentication: 'entry-list', bots: 8, entries: 8 },
          ...{ startDelay: 0, startInterval: 0, timeScale: 10 },
        },
      },
    });
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(`http://${test.address('http')}/rally/`);
    await page.locator('#map .car').nth(7).waitFor({ timeout: 40_000 });
    const before = await page.locator('#standings').textContent();
    const moves = (await page.evaluate(`new Promise((done) => {
      const seen = new Map();
      const watch = setInterval(() => {
        for (const car of document.querySelectorAll('#map .car')) {
          const places = seen.get(car.dataset.number) ?? new Set();
          seen.set(car.dataset.number, places.add(car.getAttribute('transform')));
        }
      }, 50);
      setTimeout(() => { clearInterval(watch); done([...seen.values()].map((s) => s.size - 1)); }, 5000);
    })`)) as number[];
    expect(moves).length(8);
    expect(Math.min(...moves)).at.least(3);
    mkdirSync('.screenshots', { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [390, 820, 1440]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: `.screenshots/rally-${colorScheme}-${width}.png` });
        const overflow = 'document.documentElement.scrollWidth > innerWidth';
        expect(await page.evaluate(overflow), `${width} wide`).equal(false);
      }
    }
    // The page's policy allows no eval, which waitForFunction needs.
    while ((await page.locator('#standings').textContent()) === before) {
      await page.waitForTimeout(200);
    }
    expect(problems).deep.equal([]);
  });
});
