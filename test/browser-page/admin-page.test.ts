import { VcmiLobbies } from 'beaconry/plugins/vcmi-lobby';
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
    rig = await PageRig.start(3, {}, { bans: {}, 'vcmi-lobby': {} });
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

  it('keeps somebody out with a reason and an end, and lets him in again', async () => {
    await logIn('operator-token');
    const bans = page.locator('.card', { has: page.locator('#ban') });
    await bans.locator('[name=subject]').fill('192.0.2.0/24');
    await bans.locator('[name=reason]').fill('<b>floods</b> the list');
    await bans.locator('[name=for]').selectOption('86400');
    await bans.getByRole('button', { name: 'Ban', exact: true }).click();
    const line = bans.locator('tbody tr');
    await line.waitFor();
    expect(await line.textContent())
      .to.include('<b>floods</b> the list')
      .and.include('192.0.2.0/24');
    const { items } = (
      await rig.server.request(
        { url: '/v1/admin/bans', headers: { authorization: 'Bearer operator-token' } },
        'admin',
      )
    ).json() as { items: { subject: string; until: string }[] };
    const [ban] = items;
    expect(Date.parse(ban?.until ?? '') - Date.now()).to.be.within(86_300_000, 86_400_000);
    expect(await violations(page)).to.deep.equal([]);
    await screenshot(page, 'admin-bans');
    await line.getByRole('button', { name: 'Lift' }).click();
    await line.waitFor({ state: 'detached' });
  });

  it("says in the server's words why a ban is refused", async () => {
    await logIn('operator-token');
    await page.locator('#ban [name=subject]').fill('nobody knows');
    await page.locator('#ban [name=reason]').fill('why not');
    await page.locator('#ban').getByRole('button').click();
    expect(await page.getByRole('alert').textContent()).to.include('no subject of a ban');
  });

  it('shows new lines of the log and rooms of the lobbies while it is open', async () => {
    await logIn('operator-token');
    rig.server.server.log.warn({ disk: '93 %' }, 'almost full: <script>alert(1)</script>');
    const close = rig.server.get(VcmiLobbies).add({
      players: () => [],
      rooms: () => [
        {
          ...{ lobby: 'json', name: 'b0a7c1de', description: 'Tuesday league', started: false },
          ...{ host: 'Ann', players: ['Ann', 'Bob'], total: 4, protected: false, gameMode: 0 },
          mods: [],
        },
      ],
    });
    const line = page.locator('.log-line.is-warn', { hasText: 'almost full' });
    await line.waitFor();
    expect(await line.textContent())
      .to.include('<script>')
      .and.include('93 %');
    const room = page.getByText('Tuesday league');
    await room.waitFor();
    close();
    await room.waitFor({ state: 'detached' });
  });
});
