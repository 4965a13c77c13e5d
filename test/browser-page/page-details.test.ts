import { expect } from 'chai';
import { FLEET_PORT, HOSTILE_NAMES, hostOf } from './fleet-plan.js';
import { OpenedList } from './opened-list.js';
import { screenshot } from './page-rig.js';

describe('details of a server in Chromium', function () {
  this.timeout(60_000);
  const list = new OpenedList(300, {
    joinLinks: [{ label: 'Play here', url: 'https://play.example/?to={address}', modDir: 'valve' }],
    poll: { interval: '5s' },
  });

  it('opens details with players, rules, history, and links to join', async () => {
    const valve = list.planned.find(
      ({ number, players: n }) => number > 5 && n > 3 && list.value(number, 'gamedir') === 'valve',
    );
    const address = `${valve?.host}:${valve?.port}`;
    await list.open(`?server=${address}`);
    await list.page.waitForSelector('.facts');
    expect(await list.page.locator('.people tbody tr').count()).to.be.at.least(valve?.players ?? 0);
    await list.page.waitForSelector('.uplot canvas');
    await list.page.locator('.rules summary').click();
    expect(await list.page.locator('.rules dl').textContent()).to.include('sv_gravity');
    const links = await list.page
      .locator('.detail-actions a')
      .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(links).to.deep.equal([
      `steam://connect/${address}`,
      `https://play.example/?to=${address}`,
    ]);
    expect(await list.page.locator('.measured').textContent()).to.match(/^Measured by this site/);
  });

  it('brings the server of a link into sight in the list', async () => {
    await list.open(`?server=${hostOf(250)}:${FLEET_PORT}&sort=name`);
    const row = list.page.locator('.row.is-selected.is-active');
    expect(await row.locator('.cell-name .text').textContent()).to.equal(
      list.value(250, 'hostname'),
    );
    const [line, all] = [await row.boundingBox(), await list.page.locator('#list').boundingBox()];
    expect(line?.y).to.be.above(all?.y ?? 0);
    expect((line?.y ?? 0) + 40).to.be.at.most((all?.y ?? 0) + (all?.height ?? 0));
  });

  it('shows details at every width', async () => {
    await list.open();
    await list.page.locator('.row').first().click();
    await list.page.waitForSelector('.facts');
    for (const width of [1440, 1000, 820, 640, 390]) {
      await list.page.setViewportSize({ width, height: 900 });
      const box = await list.page.locator('.detail').boundingBox();
      expect(box?.width, `${width}`).to.be.above(Math.min(380, width - 1));
      expect((box?.x ?? 0) + (box?.width ?? 0), `${width}`).to.equal(width);
      const over = `['.controls', '.search-line', '.main'].filter((one) => {
        const { scrollWidth, clientWidth } = document.querySelector(one);
        return scrollWidth > clientWidth;
      })`;
      expect(await list.page.evaluate(over), `wider than ${width}`).to.deep.equal([]);
    }
  });

  it('draws what was measured before the server was started again', async () => {
    await list.open(`?server=${hostOf(97)}:${FLEET_PORT}`);
    const label = async () =>
      (await list.page.locator('.chart[role=img]').getAttribute('aria-label')) ?? '';
    await list.page.waitForSelector('.uplot canvas');
    expect(await label()).to.match(/Players: [0-4]–(2[5-9]|3\d)/);
    // The line goes on although the server was asked in every second step only.
    const drawn = `(() => {
      const canvas = document.querySelector('.uplot canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at] > 250 && data[at + 3] > 250) count++;
      return count > 300;
    })()`;
    await list.until(drawn);
    await list.page.getByRole('button', { name: '7d', exact: true }).click();
    await list.until(`document.querySelector('.ranges [aria-pressed=true]').textContent === '7d'`);
    await list.page.waitForSelector('.uplot canvas');
    await screenshot(list.page, 'week');
  });

  it('shows hostile names as text within their line', async () => {
    await list.open();
    for (const [number, name] of HOSTILE_NAMES.entries()) {
      await list.page.locator('#search').fill(hostOf(number));
      await list.until(
        `document.querySelectorAll('.row').length === 1 && location.search.includes('${hostOf(number)}')`,
      );
      const row = list.page.locator('.row');
      expect(await row.locator('.cell-name .text').textContent()).to.equal(name.slice(0, 256));
      const [box, cell] = [
        await row.boundingBox(),
        await row.locator('.cell-players').boundingBox(),
      ];
      expect(box?.height).to.equal(40);
      expect((cell?.x ?? 0) + (cell?.width ?? 0)).to.be.at.most(1440);
      await row.click();
      await list.page.waitForSelector('.facts');
      const width = await list.page.evaluate(`document.documentElement.scrollWidth`);
      expect(width).to.equal(1440);
      await screenshot(list.page, `hostile-${number}`);
      await list.page.keyboard.press('Escape');
    }
  });

  it('exports what is shown as JSON and as CSV without formulas', async () => {
    await list.open('?q=HYPERLINK');
    await list.page.waitForSelector('.row');
    const download = async (name: string) => {
      await list.page.getByRole('button', { name: 'Export' }).click();
      const [file] = await Promise.all([
        list.page.waitForEvent('download'),
        list.page.getByRole('button', { name }).click(),
      ]);
      const chunks: Buffer[] = [];
      for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    };
    const lines = JSON.parse(await download('As JSON')) as { name: string }[];
    expect(lines.map(({ name }) => name)).to.deep.equal([HOSTILE_NAMES[4]]);
    expect(await download('As CSV')).to.include(`"'=HYPERLINK(""http://evil.example"")"`);
  });
});
