import { VcmiLobbies } from 'beaconry/plugins/vcmi-lobby';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { violations } from './accessibility.js';
import { FLEET_PORT, hostOf } from './fleet-plan.js';
import { launchChromium, PageRig, SIZES, screenshot, skipReason } from './page-rig.js';

const COUNT = 300;
const addressOf = (number: number) => `${hostOf(number)}:${FLEET_PORT}`;
/** Servers with a name of markup, one that turns the reading, one of 300 combining characters, one that contradicts itself. */
const [MARKUP, REVERSED, COMBINING, CONTRADICTS, MEASURED] = [0, 1, 3, 7, 97];

interface State {
  readonly name: string;
  readonly path: string;
  /** What is there when it is complete. */
  readonly ready: string;
  /** Requests that get no answer, or an error at once. */
  readonly held?: string;
  readonly broken?: string;
  readonly locale?: string;
  readonly act?: (page: Page) => Promise<void>;
}

const click = (selector: string) => (page: Page) => page.locator(selector).first().click();

const STATES: readonly State[] = [
  { name: 'list', path: '/', ready: '#search' },
  { name: 'map', path: '/?world=1', ready: '.place' },
  { name: 'details', path: `/?server=${addressOf(MEASURED)}`, ready: '.uplot canvas' },
  {
    ...{ name: 'details-map', path: `/?world=1&server=${addressOf(MEASURED)}` },
    ready: '.uplot canvas',
  },
  { name: 'contradicts', path: `/?server=${addressOf(CONTRADICTS)}`, ready: '.flags li' },
  { name: 'markup', path: `/?server=${addressOf(MARKUP)}`, ready: '.facts' },
  { name: 'reversed', path: `/?server=${addressOf(REVERSED)}`, ready: '.facts' },
  { name: 'combining', path: `/?server=${addressOf(COMBINING)}`, ready: '.facts' },
  { name: 'filtered', path: '/?q=chill&notFull=1&country=DE&sort=ping', ready: '#search' },
  { name: 'favourites', path: '/?tab=favourites', ready: '.row' },
  { name: 'history', path: '/?tab=history', ready: '.row' },
  { name: 'rooms', path: '/?tab=rooms', ready: '.card' },
  { name: 'relay', path: '/?tab=relay', ready: '.frame-relay' },
  { name: 'nothing-fits', path: '/?q=nobody-is-called-so', ready: '.empty' },
  { name: 'embedded', path: '/?embed=1', ready: '#search' },
  { name: 'export', path: '/', ready: '#search', act: click('.menu button') },
  { name: 'settings', path: '/', ready: '#search', act: click('.menu:last-child button') },
  {
    name: 'ukrainian',
    path: `/?server=${addressOf(MEASURED)}`,
    ready: '.uplot canvas',
    locale: 'uk-UA',
  },
  { name: 'early', path: '/', ready: '.row', held: '**/*.js' },
  { name: 'loading', path: '/?hasPlayers=1', ready: '.skeleton', held: '**/snapshot' },
  { name: 'offline', path: '/', ready: '.notice', broken: '**/v1/servers/events*' },
  { name: 'failed', path: '/', ready: '.empty', broken: '**/snapshot' },
];

describe('states of the pages in Chromium', function () {
  this.timeout(120_000);
  let rig: PageRig;
  let browser: Browser;
  let closeRooms = () => {};

  before(async function () {
    const reason = skipReason();
    if (reason !== undefined) {
      console.log(`      ${reason}`);
      this.skip();
    }
    rig = await PageRig.start(
      COUNT,
      {
        poll: { interval: '5s' },
        attribution: 'Country data: example file, CC BY 4.0',
        joinLinks: [
          { label: 'Play here', url: 'https://play.example/?to={address}', modDir: 'valve' },
        ],
        embedOrigins: ['https://community.example'],
      },
      { bans: {}, 'vcmi-lobby': {}, relay: {} },
    );
    closeRooms = addRooms(rig);
    browser = await launchChromium();
    await rig.measured(COUNT);
  });
  after(async () => {
    closeRooms();
    await browser?.close();
    await rig?.stop();
  });

  const inspect = async (page: Page, name: string) => {
    await screenshot(page, name);
    const { width, inner } = (await page.evaluate(
      `({ width: document.documentElement.scrollWidth, inner: innerWidth })`,
    )) as { width: number; inner: number };
    expect(width, `${name}: wider than its window`).to.be.at.most(inner);
    expect(await violations(page), name).to.deep.equal([]);
  };

  for (const size of ['desktop', 'tablet', 'mobile'] as const) {
    for (const colorScheme of ['dark', 'light'] as const) {
      const within = async (locale: string, look: (context: BrowserContext) => Promise<void>) => {
        const context = await browser.newContext({ ...SIZES[size], colorScheme, locale });
        try {
          await look(context);
        } finally {
          await context.close();
        }
      };

      it(`are whole and have nothing that axe finds: ${size}, ${colorScheme}`, async () => {
        for (const { name, path, ready, held, broken, locale = 'en-GB', act } of STATES) {
          await within(locale, async (context) => {
            await context.addInitScript(SAVED);
            const page = await context.newPage();
            if (held !== undefined) await page.route(held, () => {});
            if (broken !== undefined) await page.route(broken, (route) => route.abort());
            await page.goto(rig.url + path, { waitUntil: 'commit' });
            await page.waitForSelector(ready);
            await act?.(page);
            await inspect(page, `${size}-${colorScheme}-${name}`);
          });
        }
      });

      it(`of the operator are whole and have nothing that axe finds: ${size}, ${colorScheme}`, async () => {
        await within('en-GB', async (context) => {
          const page = await context.newPage();
          await page.goto(`${rig.adminUrl}/admin/`);
          await page.waitForSelector('input[name=token]');
          await inspect(page, `${size}-${colorScheme}-login`);
          await page.locator('input[name=token]').fill('operator-token');
          await page.getByRole('button', { name: 'Log in' }).click();
          await page.waitForSelector('.states li');
          await page.waitForSelector('.log-line');
          await inspect(page, `${size}-${colorScheme}-admin`);
          await page.locator('.command summary').first().click();
          await page.locator('.command').first().scrollIntoViewIfNeeded();
          await inspect(page, `${size}-${colorScheme}-admin-command`);
        });
      });
    }
  }
});

/** What a visitor marked and looked at; the last one is not listed. */
const saved = JSON.stringify([
  ...[MARKUP, 5, MEASURED, 194].map((number) => [addressOf(number), `Server ${number}`]),
  ['192.0.2.7:27015', 'Gone'],
]);
const SAVED = `for (const key of ['favourites', 'visited']) {
  localStorage.setItem('beaconry.' + key, ${JSON.stringify(saved)});
}`;

function addRooms(rig: PageRig): () => void {
  const room = {
    lobby: 'json',
    started: false,
    total: 8,
    protected: false,
    gameMode: 0,
    mods: [],
  } as const;
  return rig.server.get(VcmiLobbies).add({
    players: () => [],
    rooms: () => [
      {
        ...{ ...room, name: 'b0a7c1de', description: 'Tuesday league', host: 'Ann' },
        players: ['Ann', 'Bob'],
        mods: [
          { name: 'Horn of the Abyss', version: '1.7.1' },
          { name: 'Extended factions with a very long name', version: '2.0' },
        ],
      },
      {
        ...{ ...room, name: 'b0a7c1df', host: 'Олена', gameMode: 1 },
        description: 'Козацька ніч — довгі партії до ранку, усі карти XL, без читів і без образ',
        players: ['Олена', 'Zoë', 'grandpa', 'x_killer_x', 'S0mbra', 'Ніна'],
      },
      {
        ...{ ...room, name: 'b0a7c1d0', host: '\u202ereversed', protected: true, started: true },
        description: '<img src=x onerror=alert(1)>',
        players: ['\u202ereversed'],
      },
    ],
  });
}
