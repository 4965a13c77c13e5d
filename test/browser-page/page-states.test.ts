import { expect } from 'chai';
import { FLEET_PORT, hostOf } from './fleet-plan.js';
import { OpenedList } from './opened-list.js';
import { screenshot } from './page-rig.js';

describe('states of the list in Chromium', function () {
  this.timeout(60_000);
  const list = new OpenedList(300, { poll: { interval: '5s' } });

  it('shows where servers are, and filters by a place', async () => {
    await list.open('?world=1');
    const place = list.page.locator('.place[role=button]').first();
    await place.focus();
    await list.page.keyboard.press('Enter');
    await list.until(`/country=[A-Z]{2}/.test(location.search)`);
    expect(await list.shown()).to.be.within(1, list.count - 1);
    expect(await list.page.locator('.place.is-chosen').count()).to.equal(1);
  });

  it('speaks Ukrainian, and remembers it', async () => {
    await list.open();
    await list.page.getByRole('button', { name: 'Settings' }).click();
    await list.page.locator('#language').selectOption('uk');
    await list.until(`document.documentElement.lang === 'uk'`);
    await list.page.reload();
    await list.page.waitForSelector('#search');
    const text = ((await list.page.locator('.controls').textContent()) ?? '').replace(/\s+/g, ' ');
    expect(text).to.include('300 серверів').and.include('Наживо').and.include('Є місця');
    await list.page.getByRole('button', { name: 'Налаштування' }).click();
    await list.page.locator('#theme').selectOption('light');
    await screenshot(list.page, 'ukrainian-light');
    expect(await list.page.evaluate(`document.documentElement.dataset.theme`)).to.equal('light');
  });

  it('says that the connection is lost, and shows what it knew', async () => {
    await list.open();
    await list.page.waitForSelector('.live.is-live');
    await list.page.route('**/v1/servers/events*', (route) => route.abort());
    await list.page.reload();
    await list.page.waitForSelector('.live.is-offline');
    expect(await list.page.locator('.notice').textContent()).to.include('The connection is lost.');
    expect(await list.page.locator('.row').count()).to.be.above(5);
    await screenshot(list.page, 'offline');
    await list.page.unroute('**/v1/servers/events*');
    await list.page.waitForSelector('.live.is-live', { timeout: 20_000 });
  });

  it('says that the list could not be loaded, and loads it when it can', async () => {
    await list.page.route('**/v1/servers/snapshot', (route) => route.abort());
    await list.page.goto(list.rig.url);
    await list.page.waitForSelector('.empty');
    expect(await list.page.locator('.empty').textContent()).to.include('could not be loaded');
    await list.page.unroute('**/v1/servers/snapshot');
    await list.page.locator('.empty button').click();
    await list.page.waitForSelector('.row');
  });

  it('says why nothing is shown', async () => {
    await list.open('?q=nobody-is-called-so');
    await list.page.waitForSelector('.empty');
    await screenshot(list.page, 'empty');
    expect(await list.page.locator('.empty').textContent()).to.include(
      'No server passes these filters.',
    );
    await list.page.locator('.empty button').click();
    await list.expectShown(list.count, 'after reset');
  });

  it('shows other numbers of players when they are measured', async () => {
    const number = 41;
    await list.open(`?q=${hostOf(number)}:${FLEET_PORT}`);
    const count = list.page.locator('.row b');
    const before = await count.textContent();
    await list.rig.fleet.change(1);
    for (const end = Date.now() + 15_000; (await count.textContent()) === before; ) {
      expect(Date.now()).to.be.below(end);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(Number(await count.textContent())).to.equal(list.players(number) + 1);
  });
});
