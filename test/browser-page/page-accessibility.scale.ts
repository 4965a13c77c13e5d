import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { violations } from './accessibility.js';
import { launchChromium, PageRig, SIZES, skipReason } from './page-rig.js';

const COUNT = 60;

describe('accessibility of the page in Chromium', function () {
  this.timeout(60_000);
  let rig: PageRig;
  let browser: Browser;

  before(async function () {
    const reason = skipReason();
    if (reason !== undefined) {
      console.log(`      ${reason}`);
      this.skip();
    }
    rig = await PageRig.start(COUNT, { poll: { interval: '5s' } });
    browser = await launchChromium();
    await rig.measured(COUNT);
  });
  after(async () => {
    await browser?.close();
    await rig?.stop();
  });

  for (const size of ['desktop', 'tablet', 'mobile'] as const) {
    for (const colorScheme of ['dark', 'light'] as const) {
      it(`has nothing that axe finds: ${size}, ${colorScheme}`, async () => {
        const context = await browser.newContext({ ...SIZES[size], colorScheme, locale: 'en-GB' });
        try {
          const page = await context.newPage();
          await page.goto(`${rig.url}/?world=1`);
          await page.waitForSelector('.row');
          await page.waitForSelector('.place');
          expect(await violations(page), 'list').to.deep.equal([]);
          await page.locator('.row').nth(4).click();
          await page.waitForSelector('.facts');
          await page.waitForSelector('.uplot canvas');
          expect(await violations(page), 'details').to.deep.equal([]);
        } finally {
          await context.close();
        }
      });
    }
  }
});
