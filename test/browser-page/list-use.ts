import { expect } from 'chai';
import { FLEET_PORT, hostOf } from './fleet-plan.js';
import type { OpenedList } from './opened-list.js';

/** What visitors do with the list: the same with a few servers and with ten thousand. */
export function listUse(list: OpenedList): void {
  it('filters by each toggle', async () => {
    await list.open();
    await list.expectShown(list.count, 'all');
    const toggles: [string, (number: number) => boolean][] = [
      ['notFull', (number) => !list.isFull(number)],
      ['hasPlayers', (number) => list.players(number) > 0],
      ['noPassword', (number) => list.value(number, 'password') === '0'],
      ['secure', (number) => list.value(number, 'secure') === '1'],
      ['dedicated', (number) => list.value(number, 'type') === 'd'],
    ];
    for (const [field, test] of toggles) {
      const toggle = list.page.locator(`.toggle[data-filter=${field}]`);
      await toggle.click();
      await list.expectShown(list.counting(test), field);
      await toggle.click();
    }
    await list.expectShown(list.count, 'all again');
  });

  it('filters by game, map, tag, version, region and ping, together with a search', async () => {
    await list.open();
    const choices: [string, string, (number: number) => boolean][] = [
      ['game', 'rust', (number) => list.value(number, 'gamedir') === 'rust'],
      ['tag', 'pve', (number) => list.value(number, 'gametype').split(',').includes('pve')],
      [
        'version',
        '8622567',
        (number) => number !== 7 && list.value(number, 'version') === '8622567',
      ],
    ];
    for (const [field, wanted, test] of choices) {
      await list.page.locator(`select[data-filter=${field}]`).selectOption(wanted);
      await list.expectShown(list.counting(test), field);
      await list.page.locator(`select[data-filter=${field}]`).selectOption('');
    }
    await list.page.getByPlaceholder('Map', { exact: true }).fill('DUST');
    await list.expectShown(
      list.counting((number) => list.value(number, 'map').includes('dust')),
      'map',
    );
    await list.page.getByPlaceholder('Map', { exact: true }).fill('');
    await list.page.locator('select[data-filter=region]').selectOption('5');
    const australian = await list.shown();
    expect(australian).to.be.within(1, list.count / 4);
    await list.page.locator('select[data-filter=region]').selectOption('');
    await list.page.locator('select[data-filter=ping]').selectOption('50');
    await list.until(`document.querySelectorAll('.row').length > 3`);
    const quick = await list.shown();
    expect(quick).to.be.within(1, list.count - 1);
    await list.page.locator('select[data-filter=ping]').selectOption('');
    await list.page.locator('#search').fill('nachtschicht dust');
    await list.expectShown(
      list.counting(
        (number) =>
          list.value(number, 'hostname').includes('Nachtschicht') &&
          list.value(number, 'map').includes('dust'),
      ),
      'search',
    );
    await list.page.locator('#search').fill(`${hostOf(33)}:${FLEET_PORT}`);
    await list.expectShown(1, 'address');
  });

  it('is used with keys alone from the search to the details and back', async () => {
    await list.open();
    await list.page.keyboard.press('/');
    expect(await list.page.evaluate(`document.activeElement?.id`)).to.equal('search');
    await list.page.keyboard.type('козацька');
    await list.page.keyboard.press('ArrowDown');
    await list.page.keyboard.press('ArrowDown');
    await list.page.keyboard.press('ArrowDown');
    await list.page.keyboard.press('ArrowUp');
    const named = list.page.locator('.row.is-active .cell-name .text');
    const name = await named.textContent();
    expect(name).to.include('Козацька');
    const activeId = await list.page.locator('#list').getAttribute('aria-activedescendant');
    expect(await list.page.locator(`#${activeId} .cell-name .text`).textContent()).to.equal(name);
    await list.page.keyboard.press('f');
    expect(await list.page.locator('.row.is-active .star').getAttribute('aria-pressed')).to.equal(
      'true',
    );
    await list.page.keyboard.press('Enter');
    await list.page.waitForSelector('.detail .facts');
    await list.until(`document.activeElement?.tagName === 'H2'`);
    expect(await list.page.locator('.detail h2').textContent()).to.equal(name);
    await list.page.keyboard.press('Escape');
    await list.page.waitForSelector('.detail', { state: 'detached' });
    expect(await list.page.evaluate(`document.activeElement?.id`)).to.equal('list');
    await list.page.keyboard.press('End');
    await list.page.keyboard.press('Home');
    expect(await list.page.locator('.row.is-active').getAttribute('aria-rowindex')).to.equal('2');
  });

  it('keeps its state over a reload: filters, order, tab and the open server', async () => {
    await list.open();
    await list.page.locator('.toggle[data-filter=secure]').click();
    await list.page.locator('#search').fill('arena');
    await list.page.getByRole('button', { name: 'Server', exact: true }).click();
    await list.page.locator('.row').first().click();
    await list.page.waitForSelector('.facts');
    const before = {
      url: list.page.url(),
      count: await list.shown(),
      first: await list.page.locator('.row[aria-rowindex="2"] .text').first().textContent(),
    };
    expect(before.url)
      .to.match(/q=arena/)
      .and.match(/secure=1/)
      .and.match(/sort=name/)
      .and.match(/server=127/);
    await list.page.reload();
    await list.page.waitForSelector('.facts');
    expect({
      url: list.page.url(),
      count: await list.shown(),
      first: await list.page.locator('.row[aria-rowindex="2"] .text').first().textContent(),
    }).to.deep.equal(before);
  });

  it('shows favourites and what was looked at in their tabs, after a reload too', async () => {
    await list.open();
    await list.page.locator('.row .star').first().click();
    await list.page.locator('.row').nth(3).click();
    await list.page.waitForSelector('.facts');
    await list.page.getByRole('button', { name: 'Favourites', exact: true }).click();
    await list.expectShown(1, 'favourites');
    await list.page.getByRole('button', { name: 'History', exact: true }).click();
    await list.expectShown(1, 'history');
    await list.page.reload();
    await list.page.waitForSelector('#search');
    await list.expectShown(1, 'history again');
    const tabs = await list.page.locator('.tab').allTextContents();
    expect(tabs).to.deep.equal(['Internet', 'Favourites', 'History']);
  });

  it('shows a server within two seconds of its join, and its leave as soon', async () => {
    const number = list.count + 600;
    await list.open(`?q=%23${number}`);
    await list.expectShown(0, 'before');
    await list.rig.fleet.join(1, number);
    const joined = Date.now();
    await list.until(`document.querySelectorAll('.row').length === 1`);
    const appeared = Date.now() - joined;
    await list.rig.fleet.leave(number);
    const left = Date.now();
    await list.until(`document.querySelectorAll('.row').length === 0`);
    const disappeared = Date.now() - left;
    expect(appeared).to.be.below(2000);
    expect(disappeared).to.be.below(2000);
  });
}
