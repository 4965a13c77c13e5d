import { get } from 'node:http';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { violations } from './accessibility.js';
import { plan } from './fleet-plan.js';
import { launchChromium, PageRig, SIZES, screenshot, skipReason } from './page-rig.js';

const COUNT = 10_000;
const READERS = 1000;

describe('page of the list at scale', function () {
  this.timeout(120_000);
  let rig: PageRig;
  let browser: Browser | undefined;

  before(async () => {
    rig = await PageRig.start(COUNT, {
      poll: { interval: '30s' },
      attribution: 'Country data: example file, CC BY 4.0',
    });
    if (skipReason() === undefined) browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await rig?.stop();
  });

  it(`measures ${COUNT} servers in one round, with one question for INFO each`, async () => {
    expect(rig.registrations.size).to.equal(COUNT);
    await rig.measured(COUNT, 60_000);
    const before = await rig.fleet.answers();
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const perSecond = ((await rig.fleet.answers()) - before) / 10;
    expect(perSecond).to.be.within(COUNT / 30 / 2, (COUNT / 30) * 1.5);
  });

  it(`goes on measuring with ${READERS} readers, one of whom reads nothing`, async () => {
    const port = rig.server.address('http').port;
    const reading = Array.from(
      { length: READERS },
      (_, number) =>
        new Promise<{ bytes: number; stop: () => void }>((resolve, reject) => {
          const request = get(
            {
              host: '127.0.0.1',
              port,
              path: '/v1/servers/events',
              headers: { 'accept-encoding': 'gzip' },
              agent: false,
            },
            (response) => {
              const reader = { bytes: 0, stop: () => request.destroy() };
              response.on('error', () => {});
              if (number === 0) response.pause();
              else
                response.on('data', (chunk: Buffer) => {
                  reader.bytes += chunk.length;
                });
              resolve(reader);
            },
          );
          request.on('error', reject);
        }),
    );
    const readers = await Promise.all(reading);
    const before = await rig.fleet.answers();
    await rig.fleet.change(0.5);
    await new Promise((resolve) => setTimeout(resolve, 8000));
    const perSecond = ((await rig.fleet.answers()) - before) / 8;
    for (const { stop } of readers) stop();
    expect(perSecond).to.be.above(COUNT / 30 / 2);
    expect(Math.min(...readers.slice(1).map(({ bytes }) => bytes))).to.be.above(100_000);
  });

  it('filters, finds and opens among all of them', async function () {
    if (browser === undefined) {
      console.log('      skipped: needs chromium');
      this.skip();
    }
    const page = await browser.newPage({ ...SIZES.desktop, colorScheme: 'dark' });
    await page.goto(rig.url);
    await page.waitForSelector('#search');
    const wanted = plan(7777);
    await page.locator('#search').fill('#7777');
    await page.waitForSelector('.row');
    expect(await page.locator('.row').count()).to.equal(1);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.facts');
    expect(await page.locator('.detail h2').textContent()).to.equal(wanted.values.get('hostname'));
    await page.close();
  });

  it('has nothing that axe finds at any size in any theme; pictures are taken', async function () {
    if (browser === undefined) {
      console.log('      skipped: needs chromium');
      this.skip();
    }
    for (const [size, options] of Object.entries(SIZES)) {
      for (const colorScheme of ['dark', 'light'] as const) {
        const page = await browser.newPage({ ...options, colorScheme, locale: 'en-GB' });
        await page.goto(`${rig.url}/?world=1`);
        await page.waitForSelector('#search');
        await page.waitForSelector('.place');
        await screenshot(page, `${size}-${colorScheme}-list`);
        await page.locator('.row').nth(4).click();
        await page.waitForSelector('.facts');
        await page.waitForSelector('.uplot canvas');
        await screenshot(page, `${size}-${colorScheme}-detail`);
        expect(await violations(page), `${size} ${colorScheme}`).to.deep.equal([]);
        await page.close();
      }
    }
  });
});
