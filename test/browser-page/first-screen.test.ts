import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { OpenedList } from './opened-list.js';
import { SIZES, screenshot } from './page-rig.js';

describe('first screen of the list in Chromium', function () {
  this.timeout(60_000);
  const list = new OpenedList(300, { poll: { interval: '5s' } });

  it('shows the top of the list without any script, and draws the same with it', async () => {
    // What stands in the page is some seconds old at most; until then some numbers are not measured yet.
    while ((await list.rig.server.request('/')).body.includes('is-claimed')) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const still = await list.browser.newContext({ ...SIZES.desktop, javaScriptEnabled: false });
    const bare = await still.newPage();
    await bare.goto(list.rig.url);
    await screenshot(bare, 'without-script');
    expect(await bare.locator('.row').count()).to.equal(40);
    const last = await bare.locator('.row').nth(10).boundingBox();
    expect(last?.height).to.equal(40);
    const read = async (one: Page) =>
      (
        await one
          .locator('#list .columns, #list .row')
          .evaluateAll((all) => all.map((row) => row.outerHTML))
      )
        .slice(0, 20)
        // Where a line stands, and a ping that was measured in between.
        .map((html) =>
          html.replace(/ style="[^"]*"/, '').replace(/<span class="ping .*?<\/span><\/span>/, ''),
        );
    const drawn = await read(bare);
    await still.close();
    await list.open();
    for (const [place, html] of (await read(list.page)).entries())
      expect(html).to.equal(drawn[place]);
  });

  it('moves nothing when its script comes, at any size', async () => {
    const visitors = [
      ['desktop', 'en-GB'],
      ['tablet', 'uk-UA'],
      ['mobile', 'uk-UA'],
    ] as const;
    for (const [size, locale] of visitors) {
      const visitor = await list.browser.newContext({ ...SIZES[size], locale });
      const one = await visitor.newPage();
      const places = () =>
        one
          .locator('.brand, .search, .filters, .head, .row[aria-rowindex="2"]')
          .evaluateAll((all) => all.map((element) => element.getBoundingClientRect().toJSON()));
      await one.route('**/*.js', (route) => route.abort());
      await one.goto(list.rig.url);
      await one.waitForSelector('.row');
      const early = await places();
      await screenshot(one, `early-${size}`);
      await one.unroute('**/*.js');
      await one.goto(list.rig.url);
      await one.waitForSelector('#search');
      expect(await places(), `${size} ${locale}`).to.deep.equal(early);
      await visitor.close();
    }
  });

  it('opens what was clicked before its script had come', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await list.page.route('**/main-*.js', async (route) => {
      await held;
      await route.continue();
    });
    await list.page.goto(list.rig.url, { waitUntil: 'commit' });
    const row = list.page.locator('.row[aria-rowindex="5"]');
    const name = await row.locator('.cell-name .text').textContent();
    await row.locator('.cell-map').click();
    release();
    await list.page.waitForSelector('.detail .facts');
    expect(await list.page.locator('.detail h2').textContent()).to.equal(name);
  });

  it('goes on with what was typed before its controls had come', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await list.page.route('**/controls-*.js', async (route) => {
      await held;
      await route.continue();
    });
    await list.page.goto(list.rig.url);
    await list.page.getByPlaceholder('Search name, address, map, tag').fill('козацька');
    release();
    await list.page.waitForSelector('#search');
    await list.until(`document.activeElement?.id === 'search'`);
    expect(await list.page.locator('#search').inputValue()).to.equal('козацька');
    await list.expectShown(
      list.counting((number) => list.value(number, 'hostname').includes('Козацька')),
      'typed early',
    );
  });
});
