// Takes docs/server-browser.webp, the picture of the README: the page of the demo, to which game servers of the tests
// registered. Needs Chromium and free ports of the demo. Usage: npm run picture
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fleetCountries } from '../dist/test/browser-page/fleet-countries.js';
import { HOSTILE_NAMES, plan } from '../dist/test/browser-page/fleet-plan.js';
import { launchChromium } from '../dist/test/browser-page/page-rig.js';
import { ServerFleet } from '../dist/test/browser-page/server-fleet.js';
import { countryFile } from '../dist/test/server-browser/web/country-file.js';

const picture = fileURLToPath(new URL('../docs/server-browser.webp', import.meta.url));
const size = { width: 1360, height: 692 };
/** The first servers of the fleet have names that try to break the page; no font here has the letters of others. */
const numbers = Array.from({ length: 60 }, (_, index) => HOSTILE_NAMES.length + index).filter(
  (number) =>
    /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Common}]+$/u.test(
      plan(number).values.get('hostname'),
    ),
);
const opened = 'Dust Chasers';

const folder = mkdtempSync(join(tmpdir(), 'beaconry-picture-'));
const regionData = join(folder, 'countries.mmdb');
writeFileSync(regionData, countryFile(fleetCountries()));
const settings = {
  'plugins.master.verify': 'off', // asks more slowly than somebody wants to wait for a picture
  'plugins.master.allowLoopback': true,
  'plugins.browser.regionData': regionData,
  'plugins.browser.poll.interval': '5s',
};
const program = fileURLToPath(new URL('../dist/core/cli/main.js', import.meta.url));
const demo = spawn(
  process.execPath,
  [
    program,
    'demo',
    ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ],
  { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
);
let fleet;
let browser;
try {
  const { endpoints } = await readyReport(demo);
  const [http] = endpoints.http;
  const url = `http://${http.host}:${http.port}`;
  fleet = new ServerFleet(endpoints.master[0].port);
  for (const number of numbers) await fleet.join(1, number);
  await measured(url, numbers.length + 1);
  browser = await launchChromium();
  const page = await browser.newPage({ viewport: size, colorScheme: 'dark', locale: 'en-GB' });
  await page.goto(`${url}/`);
  await page.locator('[role=row]', { hasText: opened }).first().click();
  await page.waitForTimeout(2000); // for the answer about players, and for what moves
  const { data } = await (await page.context().newCDPSession(page)).send('Page.captureScreenshot', {
    format: 'webp',
    quality: 82,
  });
  writeFileSync(picture, Buffer.from(data, 'base64'));
} finally {
  await browser?.close();
  await fleet?.stop();
  const gone = new Promise((resolve) => demo.once('exit', resolve));
  if (demo.exitCode === null && demo.kill()) await gone;
  rmSync(folder, { recursive: true, force: true });
}

/** What the demo says in its line `beaconry ready`. */
async function readyReport(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('beaconry ready ')) {
      child.stdout.resume();
      return JSON.parse(line.slice('beaconry ready '.length));
    }
  }
  throw new Error('the demo ended before it was ready: are its ports in use?');
}

/** Waits until that many servers have answered the demo. */
async function measured(url, servers) {
  for (let tries = 0; tries < 150; tries++) {
    const { verified } = await (await fetch(`${url}/v1/stats`)).json();
    if (verified >= servers) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not all of ${servers} servers answered within 30 s`);
}
