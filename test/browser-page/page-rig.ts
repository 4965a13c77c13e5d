import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registrations } from 'beaconry/plugins/master';
import { FakeClock, startTestServer, type TestServer } from 'beaconry/testing';
import pino from 'pino';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { openLog } from '../../core/log.js';
import { openStore } from '../../core/store/open-store.js';
import { History } from '../../server-browser/web/history.js';
import { countryFile } from '../server-browser/web/country-file.js';
import { fleetCountries } from './fleet-countries.js';
import { plan } from './fleet-plan.js';
import { ServerFleet } from './server-fleet.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const chromiumPath = process.env.CHROMIUM ?? CHROMIUM.find((path) => existsSync(path));
export const pageIsBuilt = existsSync(
  new URL('../../server-browser/web/page/index.html', import.meta.url),
);

/** Why tests with a browser cannot run here; undefined when they can. */
export const skipReason = (): string | undefined =>
  chromiumPath === undefined
    ? 'skipped: needs chromium'
    : pageIsBuilt
      ? undefined
      : 'skipped: needs the built page (npm run build)';

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--js-flags=--expose-gc',
      '--enable-precise-memory-info',
    ],
  });

/** A real server with a fleet of game servers that registered with its master. */
export class PageRig {
  readonly #folder = mkdtempSync(join(tmpdir(), 'beaconry-page-'));
  server!: TestServer;
  fleet!: ServerFleet;

  static async start(
    count: number,
    browser: Readonly<Record<string, unknown>> = {},
    others: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
  ): Promise<PageRig> {
    const rig = new PageRig();
    try {
      await rig.#start(count, browser, others);
      return rig;
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.address('http').port}`;
  }
  get adminUrl(): string {
    return `http://127.0.0.1:${this.server.address('admin').port}`;
  }
  get registrations(): Registrations {
    return this.server.get(Registrations);
  }

  /** Waits until that many servers have answered the poller. */
  async measured(count: number, within = 30_000): Promise<void> {
    const end = Date.now() + within;
    for (;;) {
      const stats = (await this.server.request('/v1/stats')).json() as { verified: number };
      if (stats.verified >= count) return;
      if (Date.now() > end) throw new Error(`only ${stats.verified} of ${count} were measured`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async stop(): Promise<void> {
    await this.fleet?.stop();
    await this.server?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(
    count: number,
    browser: Readonly<Record<string, unknown>>,
    others: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<void> {
    const regionData = join(this.#folder, 'countries.mmdb');
    writeFileSync(regionData, countryFile(fleetCountries()));
    const path = join(this.#folder, 'store.db');
    await writeHistory(path);
    this.server = await startTestServer({
      real: true,
      config: {
        management: { token: 'operator-token' },
        store: { driver: 'sqlite', path },
      },
      plugins: {
        master: {
          ...{ maxPerAddress: 0, rateLimit: 'off', verify: 'off', allowLoopback: true },
          // The fleet joins once and sends no heartbeats.
          ttl: '1h',
        },
        browser: { regionData, ...browser },
        ...others,
      },
      log: openLog({ level: 'info', file: join(this.#folder, 'server.log'), plugins: new Map() }),
    });
    this.fleet = new ServerFleet(this.server.address('master').port);
    await this.fleet.join(count);
  }
}

/** Servers that were measured for a week by a server that ran before. */
export const MEASURED_BEFORE = [17, 37, 97, 194, 388];

async function writeHistory(path: string): Promise<void> {
  const clock = new FakeClock(Date.now() - 7 * 86_400_000);
  const config = { driver: 'sqlite', path, url: null, durability: 'normal' } as const;
  const store = await openStore(config, { clock, log: pino({ level: 'silent' }), data: path });
  const history = new History(store.namespace('browser').namespace('history'), clock, {
    retention: 90 * 86_400_000,
    fine: 3 * 86_400_000,
  });
  for (let step = 0; step < 7 * 144; step++) {
    for (const number of MEASURED_BEFORE) {
      const { host, port } = plan(number);
      const wave =
        Math.sin((step / 144) * 2 * Math.PI + number) + 0.3 * Math.sin(step / 5 + number);
      history.record(
        `${host}:${port}`,
        Math.max(0, Math.round(16 + 13 * wave)),
        32,
        Math.round(60 + 12 * Math.cos(step / 9)),
      );
    }
    await clock.advance(600_000);
  }
  await history.flush(true);
  await store.close();
}

/** Where tests leave pictures of the page; ignored by git. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = new URL('../../../.screenshots/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, folder)) });
}

export const SIZES = {
  desktop: { viewport: { width: 1440, height: 900 } },
  laptop: { viewport: { width: 1100, height: 760 } },
  tablet: { viewport: { width: 820, height: 1180 } },
  mobile: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
} as const satisfies Record<string, BrowserContextOptions>;
