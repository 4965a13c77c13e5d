import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { violations } from './accessibility.js';
import { launchChromium, PageRig, SIZES, screenshot, skipReason } from './page-rig.js';

describe("operator's view in Chromium", function () {
  this.timeout(60_000);
  let rig: PageRig;
  let browser: Browser;
  let page: Page;

  before(async function () {
    const reason = skipReason();
    if (reason !== undefined) {
      console.log(`      ${reason}`);
      this.skip();
    }
    rig = await PageRig.start(3);
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await rig?.stop();
  });
  beforeEach(async () => {
    const context = await browser.newContext({ ...SIZES.desktop, colorScheme: 'dark' });
    page = await context.newPage();
    await page.goto(`${rig.adminUrl}/admin/`);
  });
  afterEach(() => page.context().close());

  const logIn = async (token: string) => {
    await page.locator('input[name=token]').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  it('lets nobody in with a wrong token', async () => {
    await logIn('wrong');
    expect(await page.getByRole('alert').textContent()).to.include('not the admin token');
    await screenshot(page, 'admin-login');
    expect(await violations(page)).to.deep.equal([]);
  });

  it('shows plugins and endpoints with what comes in each second, and logs out', async () => {
    await logIn('operator-token');
    await page.waitForSelector('.states li');
    const text = await page.locator('main').textContent();
    expect(text)
      .to.match(/master\n?\s*running/)
      .and.match(/browser\n?\s*running/);
    await rig.fleet.join(20, 100);
    const cell = page
      .locator('tr', { has: page.locator('th', { hasText: 'master' }) })
      .locator('td.n')
      .first();
    for (let i = 0; i < 50 && !/[1-9]/.test((await cell.textContent()) ?? ''); i++) {
      if (i % 10 === 9) await rig.fleet.join(20, 200 + i * 20);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await cell.textContent()).to.match(/[1-9]/);
    await screenshot(page, 'admin-dark');
    expect(await violations(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForSelector('input[name=token]');
    expect(await page.context().cookies()).to.deep.equal([]);
  });

  it('keeps the login over a reload, and the token nowhere', async () => {
    await logIn('operator-token');
    await page.waitForSelector('.states li');
    await page.reload();
    await page.waitForSelector('.states li');
    const kept = await page.evaluate(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])',
    );
    expect(kept).to.not.include('operator-token').and.not.include('beaconry_admin');
    const [cookie] = await page.context().cookies();
    expect(cookie).to.include({ name: 'beaconry_admin', httpOnly: true, sameSite: 'Strict' });
  });
});
