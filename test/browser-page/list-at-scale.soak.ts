import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { violations } from './accessibility.js';
import { plan } from './fleet-plan.js';
import { listUse } from './list-use.js';
import { OpenedList } from './opened-list.js';
import { SIZES, screenshot } from './page-rig.js';

const COUNT = 10_000;
const READERS = 1000;
const INTERVAL = 30;

describe('list at scale', function () {
  this.timeout(120_000);
  const list = new OpenedList(COUNT, {
    poll: { interval: `${INTERVAL}s` },
    attribution: 'Country data: example file, CC BY 4.0',
  });

  const answersPerSecond = async (seconds: number) => {
    const before = await list.rig.fleet.answers();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return ((await list.rig.fleet.answers()) - before) / seconds;
  };
  const openStream = (headers: Readonly<Record<string, string>>) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const { port } = list.rig.server.address('http');
      const path = '/v1/servers/events';
      get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
        response.on('error', () => {});
        resolve(response);
      }).on('error', reject);
    });

  listUse(list);

  it('finds and opens one of all of them with keys', async () => {
    await list.open();
    await list.page.locator('#search').fill('#7777');
    await list.expectShown(1, '#7777');
    await list.page.keyboard.press('Enter');
    await list.page.keyboard.press('Enter');
    await list.page.waitForSelector('.facts');
    const name = await list.page.locator('.detail h2').textContent();
    expect(name).to.equal(plan(7777).values.get('hostname'));
  });

  it(`measures ${COUNT} servers, with one question for INFO each in a round`, async () => {
    expect(list.rig.registrations.size).to.equal(COUNT);
    // Servers that came together are spread over the second and third round.
    await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL * 1000));
    expect(await answersPerSecond(10)).to.be.within(COUNT / INTERVAL / 2, (COUNT / INTERVAL) * 1.5);
  });

  it(`goes on measuring with ${READERS} readers, who all hear what changes`, async () => {
    const readers = [];
    for (let number = 0; number < READERS; number++) {
      const response = await openStream({ 'accept-encoding': 'gzip' });
      const reader = { response, bytes: 0 };
      response.on('data', (chunk: Buffer) => {
        reader.bytes += chunk.length;
      });
      readers.push(reader);
    }
    await list.rig.fleet.change(0.5);
    const perSecond = await answersPerSecond(8);
    for (const { response } of readers) response.destroy();
    expect(perSecond).to.be.above(COUNT / INTERVAL / 2);
    expect(Math.min(...readers.map(({ bytes }) => bytes))).to.be.above(100_000);
  });

  it('drops a reader who stops reading', async () => {
    const dropped = async () => {
      const headers = { authorization: 'Bearer operator-token' };
      const { body } = await list.rig.server.request({ url: '/metrics', headers }, 'admin');
      return Number(/^beaconry_browser_event_readers_dropped_total (\d+)$/m.exec(body)?.[1]);
    };
    expect(await dropped()).to.equal(0);
    // Its list is longer than what two systems hold for one connection.
    const response = await openStream({});
    response.pause();
    for (const end = Date.now() + 60_000; (await dropped()) === 0; ) {
      expect(Date.now()).to.be.below(end);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    response.destroy();
    expect(await dropped()).to.equal(1);
  });

  it('has nothing that axe finds at any size in any theme; pictures are taken', async () => {
    for (const [size, options] of Object.entries(SIZES)) {
      for (const colorScheme of ['dark', 'light'] as const) {
        const page = await list.browser.newPage({ ...options, colorScheme, locale: 'en-GB' });
        await page.goto(`${list.rig.url}/?world=1`);
        await page.waitForSelector('#search');
        await page.waitForSelector('.place');
        await screenshot(page, `${size}-${colorScheme}-ten-thousand`);
        await page.locator('.row').nth(4).click();
        await page.waitForSelector('.facts');
        await page.waitForSelector('.uplot canvas');
        await screenshot(page, `${size}-${colorScheme}-ten-thousand-details`);
        expect(await violations(page), `${size} ${colorScheme}`).to.deep.equal([]);
        await page.close();
      }
    }
  });
});
