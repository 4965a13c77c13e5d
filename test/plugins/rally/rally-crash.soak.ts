import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readRally } from '../../../plugins/rally/definition.js';
import { syntheticPace } from '../../../plugins/rally/driver-bot.js';
import { layOut } from '../../../plugins/rally/itinerary.js';
import { fixture } from './simulated-rally.js';

const main = fileURLToPath(new URL('../../../core/cli/main.js', import.meta.url));

describe('a rally whose server is killed in the middle of a stage', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-rally-'));
  let child: ChildProcess | undefined;
  after(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<string> {
    child = spawn(process.execPath, [main, 'start', join(folder, 'rally.yaml')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    for await (const chunk of child.stdout ?? []) {
      text += chunk;
      const line = /^beaconry ready (.*)$/m.exec(text)?.[1];
      if (line === undefined) continue;
      const { port } = JSON.parse(line).endpoints.http[0] as { port: number };
      return `http://127.0.0.1:${port}/v1/rally`;
    }
    throw new Error(`the server ended: ${text}`);
  }
  async function until<T>(url: string, done: (answer: T) => boolean): Promise<T> {
    for (;;) {
      const answer = (await (await fetch(url)).json()) as T;
      if (done(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it('ends with the standings that it would have had', async () => {
    const config = {
      endpoints: { game: { udp: '127.0.0.1:0' }, http: { http: '127.0.0.1:0' } },
      data: join(folder, 'data'),
      plugins: {
        rally: {
          ...{ definition: fixture, authentication: 'entry-list', bots: 4, entries: 4 },
          ...{ startDelay: '3s', startInterval: '10s', timeScale: 60 },
        },
      },
    };
    writeFileSync(join(folder, 'rally.yaml'), JSON.stringify(config));
    let url = await start();
    await until<{ cars: unknown[] }>(`${url}/live`, ({ cars }) => cars.length > 1);
    child?.kill('SIGKILL');
    await once(child as ChildProcess, 'exit');
    url = await start();
    await until<{ state: string }>(url, ({ state }) => state === 'finished');
    const answer = (await (await fetch(`${url}/standings`)).json()) as {
      items: { number: number; stageTime: number; penalty: number; out: string | null }[];
    };
    const { stages, controls } = layOut(readRally(fixture));
    for (const { number, stageTime, penalty, out } of answer.items) {
      const pace = syntheticPace(number);
      const expected = stages.reduce(
        (sum, stage) =>
          sum + pace.secondsAt(controls[stage.finish]?.metres ?? 0, stage.number) * 1000,
        0,
      );
      expect(out).equal(null);
      expect(penalty).equal(0);
      // Each of nine times is rounded to a millisecond.
      expect(stageTime).closeTo(expected, 9);
    }
  });
});
