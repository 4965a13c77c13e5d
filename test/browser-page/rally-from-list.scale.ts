import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { type RunningDemo, startDemo } from '../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { launchChromium, SIZES, screenshot, skipReason } from './page-rig.js';

const RALLY = 'Rally of the Seven Tarns';
const BOTS = 8;

/** Milliseconds at which each car was at another place than before. */
type Moves = Readonly<Record<string, readonly number[]>>;

describe('a newcomer to the demo', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let demo: RunningDemo;
  let browser: Browser;
  before(async function () {
    const reason = skipReason();
    if (reason !== undefined) {
      console.log(`      ${reason}`);
      this.skip();
    }
    demo = await startDemo(folder.path);
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await demo?.process.kill();
  });

  /** Opens the list, finds the rally in it, and follows its link. */
  const fromTheList = async (problems: string[], size: (typeof SIZES)[keyof typeof SIZES]) => {
    const context = await browser.newContext({ ...size, locale: 'en-GB' });
    context.on('page', (page) => {
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
    });
    const list = await context.newPage();
    await list.goto(`http://${demo.http}/`);
    await list.getByText(RALLY).first().click();
    const link = list.getByRole('link', { name: 'Web page' });
    await link.waitFor();
    const [page] = await Promise.all([context.waitForEvent('page'), link.click()]);
    await page.waitForLoadState();
    return { list, page };
  };
  const standings = (page: Page) => page.locator('#standings').textContent();

  it('finds the rally in the list and sees it driven: every car moves, and a stage changes the standings', async () => {
    const problems: string[] = [];
    const { page } = await fromTheList(problems, SIZES.desktop);
    expect(page.url()).equal(`http://${demo.http}/rally/`);
    await page.getByRole('heading', { name: RALLY }).waitFor();
    await page
      .locator('#standings tr')
      .nth(BOTS - 1)
      .waitFor();
    const before = await standings(page);
    await page.evaluate(`(() => {
      const places = new Map();
      window.moves = {};
      setInterval(() => {
        for (const car of document.querySelectorAll('#map .car')) {
          const { number } = car.dataset;
          const place = car.getAttribute('transform');
          if (places.has(number) && places.get(number) !== place) {
            (window.moves[number] ??= []).push(performance.now());
          }
          places.set(number, place);
        }
      }, 50);
    })()`);
    const threeIn5Seconds = (times: readonly number[]) =>
      times.some((time, index) => (times[index + 2] ?? Number.POSITIVE_INFINITY) - time <= 5000);
    let moved: string[] = [];
    for (const end = Date.now() + 60_000; moved.length < BOTS && Date.now() < end; ) {
      await page.waitForTimeout(500);
      const moves = (await page.evaluate('window.moves')) as Moves;
      moved = Object.keys(moves).filter((number) => threeIn5Seconds(moves[number] ?? []));
    }
    expect(moved.map(Number)).deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const end = Date.now() + 30_000; (await standings(page)) === before; ) {
      if (Date.now() > end) throw new Error('the standings never changed');
      await page.waitForTimeout(200);
    }
    expect(await standings(page)).match(/\d:\d\d\.\d/);
    expect(problems).deep.equal([]);
  });

  it('sees both pages whole on a phone, a tablet and a desk, by day and by night', async () => {
    const problems: string[] = [];
    for (const [name, size] of Object.entries(SIZES)) {
      const { list, page } = await fromTheList(problems, size);
      await page
        .locator('#standings tr')
        .nth(BOTS - 1)
        .waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const [what, shown] of [
          ['list-of-rally', list],
          ['rally', page],
        ] as const) {
          await shown.emulateMedia({ colorScheme });
          await screenshot(shown, `${what}-${name}-${colorScheme}`);
          const overflow = 'document.documentElement.scrollWidth > innerWidth';
          expect(await shown.evaluate(overflow), `${what} ${name}`).equal(false);
        }
      }
      await page.context().close();
    }
    expect(problems).deep.equal([]);
  });
});
