import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type PlannedServer, plan } from './fleet-plan.js';
import { launchChromium, PageRig, SIZES, skipReason } from './page-rig.js';

/**
 * The page of the list in Chromium before a fleet of game servers: one server and one browser for the tests of a
 * `describe`, a visitor of his own for each of them, whose page must raise no error and break no policy.
 */
export class OpenedList {
  readonly planned: readonly PlannedServer[];
  rig!: PageRig;
  browser!: Browser;
  page!: Page;
  #context: BrowserContext | undefined;
  #errors: string[] = [];

  constructor(
    readonly count: number,
    config: Readonly<Record<string, unknown>>,
  ) {
    this.planned = Array.from({ length: count }, (_, number) => plan(number));
    const start = () => this.#start(config);
    before(async function () {
      const reason = skipReason();
      if (reason === undefined) return start();
      console.log(`      ${reason}`);
      this.skip();
    });
    beforeEach(() => this.#visit());
    afterEach(async () => {
      await this.#context?.close();
      expect(this.#errors).to.deep.equal([]);
    });
    after(async () => {
      await this.browser?.close();
      await this.rig?.stop();
    });
  }

  async open(query = ''): Promise<void> {
    await this.page.goto(`${this.rig.url}/${query}`);
    await this.page.waitForSelector('#search');
  }

  /** Waits for an expression; the policy of the page forbids that it evaluates one itself. */
  async until(expression: string): Promise<void> {
    for (const end = Date.now() + 5000; Date.now() < end; ) {
      if (await this.page.evaluate(expression)) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`was never true: ${expression}`);
  }

  /** How many servers the list says that it shows. */
  async shown(): Promise<number> {
    return Number(((await this.page.locator('.shown').textContent()) ?? '').replace(/\D/g, ''));
  }
  async expectShown(count: number, what: string): Promise<void> {
    const isShown = `document.querySelector('.shown')?.textContent.replace(/\\D/g, '') === '${count}'`;
    await this.until(isShown).catch(async () => expect(await this.shown(), what).to.equal(count));
  }

  /** What the plan of a server says in its join. */
  value(number: number, key: string): string {
    return this.planned[number]?.values.get(key) ?? '';
  }
  players(number: number): number {
    return this.planned[number]?.players ?? 0;
  }
  isFull(number: number): boolean {
    return Number(this.value(number, 'players')) >= Number(this.value(number, 'max'));
  }
  counting(test: (number: number) => boolean): number {
    return this.planned.filter(({ number }) => test(number)).length;
  }

  async #start(config: Readonly<Record<string, unknown>>): Promise<void> {
    this.rig = await PageRig.start(this.count, config);
    this.browser = await launchChromium();
    await this.rig.measured(this.count, 90_000);
  }

  async #visit(): Promise<void> {
    const options = { ...SIZES.desktop, locale: 'en-GB', colorScheme: 'dark' } as const;
    this.#context = await this.browser.newContext(options);
    this.page = await this.#context.newPage();
    this.#errors = [];
    this.page.on('pageerror', (error) => this.#errors.push(String(error)));
    this.page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) this.#errors.push(message.text());
    });
  }
}
