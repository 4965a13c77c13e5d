import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { FLEET_PORT, HOSTILE_NAMES, hostOf, plan } from './fleet-plan.js';
import { launchChromium, PageRig, SIZES, screenshot, skipReason } from './page-rig.js';

const COUNT = 300;
const planned = Array.from({ length: COUNT }, (_, number) => plan(number));

describe('page of the list in Chromium', function () {
  this.timeout(60_000);
  let rig: PageRig;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  before(async function () {
    const reason = skipReason();
    if (reason !== undefined) {
      console.log(`      ${reason}`);
      this.skip();
    }
    rig = await PageRig.start(COUNT, {
      attribution: 'Country data: example',
      joinLinks: [
        { label: 'Play here', url: 'https://play.example/?to={address}', modDir: 'valve' },
      ],
      poll: { interval: '5s' },
    });
    browser = await launchChromium();
    await rig.measured(COUNT);
  });
  after(async () => {
    await browser?.close();
    await rig?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext({ ...SIZES.desktop, locale: 'en-GB', colorScheme: 'dark' });
    page = await context.newPage();
    errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) errors.push(message.text());
    });
  });
  afterEach(async () => {
    await context.close();
    expect(errors).to.deep.equal([]);
  });

  const open = async (query = '') => {
    await page.goto(`${rig.url}/${query}`);
    await page.waitForSelector('#search');
  };
  /** Waits for an expression; the policy of the page forbids that it evaluates one itself. */
  const until = async (expression: string) => {
    for (const end = Date.now() + 5000; Date.now() < end; ) {
      if (await page.evaluate(expression)) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`was never true: ${expression}`);
  };
  const shown = async () =>
    Number(((await page.locator('.shown').textContent()) ?? '').replace(/\D/g, ''));
  const expectShown = async (count: number, what: string) => {
    const isShown = `document.querySelector('.shown')?.textContent.replace(/\\D/g, '') === '${count}'`;
    await until(isShown).catch(async () => expect(await shown(), what).to.equal(count));
  };
  const value = (number: number, key: string) => planned[number]?.values.get(key) ?? '';
  const counting = (test: (number: number) => boolean) =>
    planned.filter(({ number }) => test(number)).length;
  const players = (number: number) => planned[number]?.players ?? 0;
  const isFull = (number: number) =>
    Number(value(number, 'players')) >= Number(value(number, 'max'));

  it('shows the top of the list without any script, and draws the same with it', async () => {
    // What stands in the page is some seconds old at most; until then some numbers are not measured yet.
    while ((await rig.server.request('/')).body.includes('is-claimed')) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const still = await browser.newContext({ ...SIZES.desktop, javaScriptEnabled: false });
    const bare = await still.newPage();
    await bare.goto(rig.url);
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
    await open();
    for (const [place, html] of (await read(page)).entries()) expect(html).to.equal(drawn[place]);
  });

  it('moves nothing when its script comes, at any size', async () => {
    const visitors = [
      ['desktop', 'en-GB'],
      ['tablet', 'uk-UA'],
      ['mobile', 'uk-UA'],
    ] as const;
    for (const [size, locale] of visitors) {
      const visitor = await browser.newContext({ ...SIZES[size], locale });
      const one = await visitor.newPage();
      const places = () =>
        one
          .locator('.brand, .search, .filters, .head, .row[aria-rowindex="2"]')
          .evaluateAll((all) => all.map((element) => element.getBoundingClientRect().toJSON()));
      await one.route('**/*.js', (route) => route.abort());
      await one.goto(rig.url);
      await one.waitForSelector('.row');
      const early = await places();
      await screenshot(one, `early-${size}`);
      await one.unroute('**/*.js');
      await one.goto(rig.url);
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
    await page.route('**/main-*.js', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(rig.url, { waitUntil: 'commit' });
    const row = page.locator('.row[aria-rowindex="5"]');
    const name = await row.locator('.cell-name .text').textContent();
    await row.locator('.cell-map').click();
    release();
    await page.waitForSelector('.detail .facts');
    expect(await page.locator('.detail h2').textContent()).to.equal(name);
  });

  it('goes on with what was typed before its controls had come', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/controls-*.js', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(rig.url);
    await page.getByPlaceholder('Search name, address, map, tag').fill('козацька');
    release();
    await page.waitForSelector('#search');
    await until(`document.activeElement?.id === 'search'`);
    expect(await page.locator('#search').inputValue()).to.equal('козацька');
    await expectShown(
      counting((number) => value(number, 'hostname').includes('Козацька')),
      'typed early',
    );
  });

  it('filters by each toggle', async () => {
    await open();
    await expectShown(COUNT, 'all');
    const toggles: [string, (number: number) => boolean][] = [
      ['notFull', (number) => !isFull(number)],
      ['hasPlayers', (number) => players(number) > 0],
      ['noPassword', (number) => value(number, 'password') === '0'],
      ['secure', (number) => value(number, 'secure') === '1'],
      ['dedicated', (number) => value(number, 'type') === 'd'],
    ];
    for (const [field, test] of toggles) {
      const toggle = page.locator(`.toggle[data-filter=${field}]`);
      await toggle.click();
      await expectShown(counting(test), field);
      await toggle.click();
    }
    await expectShown(COUNT, 'all again');
  });

  it('filters by game, map, tag, version, region and ping, together with a search', async () => {
    await open();
    const choices: [string, string, (number: number) => boolean][] = [
      ['game', 'rust', (number) => value(number, 'gamedir') === 'rust'],
      ['tag', 'pve', (number) => value(number, 'gametype').split(',').includes('pve')],
      ['version', '8622567', (number) => number !== 7 && value(number, 'version') === '8622567'],
    ];
    for (const [field, wanted, test] of choices) {
      await page.locator(`select[data-filter=${field}]`).selectOption(wanted);
      await expectShown(counting(test), field);
      await page.locator(`select[data-filter=${field}]`).selectOption('');
    }
    await page.getByPlaceholder('Map', { exact: true }).fill('DUST');
    await expectShown(
      counting((number) => value(number, 'map').includes('dust')),
      'map',
    );
    await page.getByPlaceholder('Map', { exact: true }).fill('');
    await page.locator('select[data-filter=region]').selectOption('5');
    const australian = await shown();
    expect(australian).to.be.within(1, COUNT / 4);
    await page.locator('select[data-filter=region]').selectOption('');
    await page.locator('select[data-filter=ping]').selectOption('50');
    await until(`document.querySelectorAll('.row').length > 3`);
    const quick = await shown();
    expect(quick).to.be.within(1, COUNT - 1);
    await page.locator('select[data-filter=ping]').selectOption('');
    await page.locator('#search').fill('nachtschicht dust');
    await expectShown(
      counting(
        (number) =>
          value(number, 'hostname').includes('Nachtschicht') &&
          value(number, 'map').includes('dust'),
      ),
      'search',
    );
    await page.locator('#search').fill(hostOf(33));
    await expectShown(1, 'address');
  });

  it('is used with keys alone from the search to the details and back', async () => {
    await open();
    await page.keyboard.press('/');
    expect(await page.evaluate(`document.activeElement?.id`)).to.equal('search');
    await page.keyboard.type('козацька');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    const named = page.locator('.row.is-active .cell-name .text');
    const name = await named.textContent();
    expect(name).to.include('Козацька');
    const activeId = await page.locator('#list').getAttribute('aria-activedescendant');
    expect(await page.locator(`#${activeId} .cell-name .text`).textContent()).to.equal(name);
    await page.keyboard.press('f');
    expect(await page.locator('.row.is-active .star').getAttribute('aria-pressed')).to.equal(
      'true',
    );
    await page.keyboard.press('Enter');
    await page.waitForSelector('.detail .facts');
    await until(`document.activeElement?.tagName === 'H2'`);
    expect(await page.locator('.detail h2').textContent()).to.equal(name);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.detail', { state: 'detached' });
    expect(await page.evaluate(`document.activeElement?.id`)).to.equal('list');
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    expect(await page.locator('.row.is-active').getAttribute('aria-rowindex')).to.equal('2');
  });

  it('keeps its state over a reload: filters, order, tab and the open server', async () => {
    await open();
    await page.locator('.toggle[data-filter=secure]').click();
    await page.locator('#search').fill('arena');
    await page.getByRole('button', { name: 'Server', exact: true }).click();
    await page.locator('.row').first().click();
    await page.waitForSelector('.facts');
    const before = {
      url: page.url(),
      count: await shown(),
      first: await page.locator('.row[aria-rowindex="2"] .text').first().textContent(),
    };
    expect(before.url)
      .to.match(/q=arena/)
      .and.match(/secure=1/)
      .and.match(/sort=name/)
      .and.match(/server=127/);
    await page.reload();
    await page.waitForSelector('.facts');
    expect({
      url: page.url(),
      count: await shown(),
      first: await page.locator('.row[aria-rowindex="2"] .text').first().textContent(),
    }).to.deep.equal(before);
  });

  it('shows favourites and what was looked at in their tabs, after a reload too', async () => {
    await open();
    await page.locator('.row .star').first().click();
    await page.locator('.row').nth(3).click();
    await page.waitForSelector('.facts');
    await page.getByRole('button', { name: 'Favourites', exact: true }).click();
    await expectShown(1, 'favourites');
    await page.getByRole('button', { name: 'History', exact: true }).click();
    await expectShown(1, 'history');
    await page.reload();
    await page.waitForSelector('#search');
    await expectShown(1, 'history again');
    const tabs = await page.locator('.tab').allTextContents();
    expect(tabs).to.deep.equal(['Internet', 'Favourites', 'History']);
  });

  it('shows a server within two seconds of its join, and its leave as soon', async () => {
    await open('?q=%23900');
    await expectShown(0, 'before');
    await rig.fleet.join(1, 900);
    const joined = Date.now();
    await until(`document.querySelectorAll('.row').length === 1`);
    const appeared = Date.now() - joined;
    await rig.fleet.leave(900);
    const left = Date.now();
    await until(`document.querySelectorAll('.row').length === 0`);
    const disappeared = Date.now() - left;
    expect(appeared).to.be.below(2000);
    expect(disappeared).to.be.below(2000);
  });

  it('opens details with players, rules, history, and links to join', async () => {
    const valve = planned.find(
      ({ number, players: n }) => number > 5 && n > 3 && value(number, 'gamedir') === 'valve',
    );
    const address = `${valve?.host}:${valve?.port}`;
    await open(`?server=${address}`);
    await page.waitForSelector('.facts');
    expect(await page.locator('.people tbody tr').count()).to.be.at.least(valve?.players ?? 0);
    await page.waitForSelector('.uplot canvas');
    await page.locator('.rules summary').click();
    expect(await page.locator('.rules dl').textContent()).to.include('sv_gravity');
    const links = await page
      .locator('.detail-actions a')
      .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(links).to.deep.equal([
      `steam://connect/${address}`,
      `https://play.example/?to=${address}`,
    ]);
    expect(await page.locator('.measured').textContent()).to.match(/^Measured by this site/);
  });

  it('shows details at every width', async () => {
    await open();
    await page.locator('.row').first().click();
    await page.waitForSelector('.facts');
    for (const width of [1440, 1000, 820, 640, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const box = await page.locator('.detail').boundingBox();
      expect(box?.width, `${width}`).to.be.above(Math.min(380, width - 1));
      expect((box?.x ?? 0) + (box?.width ?? 0), `${width}`).to.equal(width);
      const over = `['.controls', '.search-line', '.main'].filter((one) => {
        const { scrollWidth, clientWidth } = document.querySelector(one);
        return scrollWidth > clientWidth;
      })`;
      expect(await page.evaluate(over), `wider than ${width}`).to.deep.equal([]);
    }
  });

  it('draws what was measured before the server was started again', async () => {
    await open(`?server=${hostOf(97)}:${FLEET_PORT}`);
    const label = async () =>
      (await page.locator('.chart[role=img]').getAttribute('aria-label')) ?? '';
    await page.waitForSelector('.uplot canvas');
    expect(await label()).to.match(/Players: [0-4]–(2[5-9]|3\d)/);
    // The line goes on although the server was asked in every second step only.
    const drawn = `(() => {
      const canvas = document.querySelector('.uplot canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at] > 250 && data[at + 3] > 250) count++;
      return count > 300;
    })()`;
    await until(drawn);
    await page.getByRole('button', { name: '7d', exact: true }).click();
    await until(`document.querySelector('.ranges [aria-pressed=true]').textContent === '7d'`);
    await page.waitForSelector('.uplot canvas');
    await screenshot(page, 'week');
  });

  it('exports what is shown as JSON and as CSV without formulas', async () => {
    await open('?q=HYPERLINK');
    await page.waitForSelector('.row');
    const download = async (name: string) => {
      await page.getByRole('button', { name: 'Export' }).click();
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name }).click(),
      ]);
      const chunks: Buffer[] = [];
      for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    };
    const lines = JSON.parse(await download('As JSON')) as { name: string }[];
    expect(lines.map(({ name }) => name)).to.deep.equal([HOSTILE_NAMES[4]]);
    expect(await download('As CSV')).to.include(`"'=HYPERLINK(""http://evil.example"")"`);
  });

  it('shows hostile names as text within their line', async () => {
    await open();
    for (const [number, name] of HOSTILE_NAMES.entries()) {
      await page.locator('#search').fill(hostOf(number));
      await until(
        `document.querySelectorAll('.row').length === 1 && location.search.includes('${hostOf(number)}')`,
      );
      const row = page.locator('.row');
      expect(await row.locator('.cell-name .text').textContent()).to.equal(name.slice(0, 256));
      const [box, cell] = [
        await row.boundingBox(),
        await row.locator('.cell-players').boundingBox(),
      ];
      expect(box?.height).to.equal(40);
      expect((cell?.x ?? 0) + (cell?.width ?? 0)).to.be.at.most(1440);
      await row.click();
      await page.waitForSelector('.facts');
      const width = await page.evaluate(`document.documentElement.scrollWidth`);
      expect(width).to.equal(1440);
      await screenshot(page, `hostile-${number}`);
      await page.keyboard.press('Escape');
    }
  });

  it('shows where servers are, and filters by a place', async () => {
    await open('?world=1');
    const place = page.locator('.place[role=button]').first();
    await place.focus();
    await page.keyboard.press('Enter');
    await until(`/country=[A-Z]{2}/.test(location.search)`);
    expect(await shown()).to.be.within(1, COUNT - 1);
    expect(await page.locator('.place.is-chosen').count()).to.equal(1);
  });

  it('speaks Ukrainian, and remembers it', async () => {
    await open();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.locator('#language').selectOption('uk');
    await until(`document.documentElement.lang === 'uk'`);
    await page.reload();
    await page.waitForSelector('#search');
    const text = ((await page.locator('.controls').textContent()) ?? '').replace(/\s+/g, ' ');
    expect(text).to.include('300 серверів').and.include('Наживо').and.include('Є місця');
    await page.getByRole('button', { name: 'Налаштування' }).click();
    await page.locator('#theme').selectOption('light');
    await screenshot(page, 'ukrainian-light');
    expect(await page.evaluate(`document.documentElement.dataset.theme`)).to.equal('light');
  });

  it('says that the connection is lost, and shows what it knew', async () => {
    await open();
    await page.waitForSelector('.live.is-live');
    await page.route('**/v1/servers/events*', (route) => route.abort());
    await page.reload();
    await page.waitForSelector('.live.is-offline');
    expect(await page.locator('.notice').textContent()).to.include('The connection is lost.');
    expect(await page.locator('.row').count()).to.be.above(5);
    await screenshot(page, 'offline');
    await page.unroute('**/v1/servers/events*');
    await page.waitForSelector('.live.is-live', { timeout: 20_000 });
  });

  it('says that the list could not be loaded, and loads it when it can', async () => {
    await page.route('**/v1/servers/snapshot', (route) => route.abort());
    await page.goto(rig.url);
    await page.waitForSelector('.empty');
    expect(await page.locator('.empty').textContent()).to.include('could not be loaded');
    await page.unroute('**/v1/servers/snapshot');
    await page.locator('.empty button').click();
    await page.waitForSelector('.row');
  });

  it('says why nothing is shown', async () => {
    await open('?q=nobody-is-called-so');
    await page.waitForSelector('.empty');
    await screenshot(page, 'empty');
    expect(await page.locator('.empty').textContent()).to.include(
      'No server passes these filters.',
    );
    await page.locator('.empty button').click();
    await expectShown(COUNT, 'after reset');
  });
});
