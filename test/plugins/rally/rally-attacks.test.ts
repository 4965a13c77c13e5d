import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { DecodeError } from 'beaconry';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeClient } from '../../../plugins/rally/client-message-codec.js';
import { readRally } from '../../../plugins/rally/definition.js';
import { DriverBot, syntheticPace } from '../../../plugins/rally/driver-bot.js';
import { layOut } from '../../../plugins/rally/itinerary.js';
import { RallyClient } from '../../../plugins/rally/rally-client.js';
import type { ClientMessage, ServerMessage } from '../../../plugins/rally/rally-messages.js';
import { RefusalList } from '../../../plugins/rally/refusal-list.js';
import { decodeServer, encodeServer } from '../../../plugins/rally/server-message-codec.js';
import { overallTable } from '../../../plugins/rally/standings.js';
import { writeOneStage } from './one-stage-rally.js';
import { fixture, newEngine } from './simulated-rally.js';

const FROM = '127.0.0.1:40001';

describe('hostile drivers of a rally', () => {
  const folder = mkdtempSync(joinPath(tmpdir(), 'beaconry-hostile-'));
  const definition = joinPath(folder, 'rally');
  let test: TestServer;
  let session: number;
  let sequence: number;
  beforeEach(async () => {
    sequence = 0;
    writeOneStage(definition, { name: 'Fell', kilometres: 2 });
    test = await startTestServer({
      plugins: { rally: { definition, authentication: 'entry-list', startDelay: 0 } },
    });
  });
  afterEach(() => test.stop());
  after(() => rmSync(folder, { recursive: true }));

  const ask = (message: ClientMessage): ServerMessage[] =>
    test.ask('game', encodeClient(message), FROM).map((bytes) => decodeServer(bytes));
  const join = () => {
    const { carsHash, entries, roadbooks } = readRally(definition);
    const [cookie] = ask({ type: 'hello' });
    if (cookie?.type !== 'cookie') throw new Error('no cookie');
    const [answer] = ask({
      ...{ type: 'join', cookie: cookie.cookie, protocol: 1, number: 1, carsHash },
      ...{ steamId: entries[0]?.driverId ?? 0n, gameVersion: '1.0.0', password: '' },
      ...{ roadbookHash: [...roadbooks.values()][0]?.hash ?? '', ticket: new Uint8Array() },
    });
    if (answer?.type !== 'welcome') throw new Error(JSON.stringify(answer?.type));
    session = answer.session;
  };
  const position = (metres: number, x = metres, y = 0) =>
    ask({ type: 'position', session, sequence: ++sequence, metres, x, y, speed: 0 });
  const pass = async (control: number, ago = 0) => {
    const at = BigInt(test.clock.now() - ago);
    ask({ type: 'passage', session, sequence: ++sequence, control, at });
    await test.clock.advance(1);
  };
  const refusals = async () => {
    const { refused } = (await test.request('/v1/rally/penalties')).json() as {
      refused: { counts: Record<string, number> };
    };
    return refused.counts;
  };
  /** Car 1 has started; it takes 28 s to the finish at least. */
  const onStage = async () => {
    join();
    await test.clock.advance(1000);
    await pass(0);
    await test.clock.advance(1000);
    await pass(1);
  };
  const driveTo = async (metres: number, seconds: number) => {
    for (let tick = 0; tick <= seconds * 2; tick++) {
      position((metres * tick) / (seconds * 2));
      await test.clock.advance(500);
    }
  };
  const stageTime = async () =>
    ((await test.request('/v1/rally/standings')).json() as { items: { stageTime: number }[] })
      .items[0]?.stageTime;

  it('are answered 40 clocks at once and 20 a second', async () => {
    join();
    let answers = 0;
    for (let i = 0; i < 1000; i++) answers += ask({ type: 'clock', session, token: 1 }).length;
    expect(answers).equal(40);
    await test.clock.advance(1000);
    answers = 0;
    for (let i = 0; i < 1000; i++) answers += ask({ type: 'clock', session, token: 1 }).length;
    expect(answers).equal(20);
    expect(await refusals()).include({ 'message-too-often': 1940 });
  });

  it('are not beside the road, nor anywhere at all', async () => {
    await onStage();
    for (const [x, y] of [
      [-300, 0],
      [2300, 0],
      [5, 300],
      [5, -300],
      [1e30, 1e30],
    ] as const) {
      expect(position(5, x, y)[0]).include({ reason: 'position-off-stage' });
    }
    expect(position(5, 5, 150)).deep.equal([]);
  });

  it('win no time by stating a passage earlier than it was', async () => {
    await onStage();
    await driveTo(2000, 40);
    await pass(2, 1500);
    expect(await refusals()).include({ 'passage-too-old': 1 });
    await pass(2);
    // 40 s and the half of a second that the last position took.
    expect(await stageTime()).within(40_000, 41_000);
  });

  it('win no time by a reload of the definition', async () => {
    join();
    await test.clock.advance(1000);
    await test.command('rally-reload');
    join();
    await pass(0, 30_000);
    expect(await refusals()).include({ 'passage-too-old': 1 });
  });

  it('wash nothing out of the list of refusals by a flood of one kind', () => {
    const list = new RefusalList({ warn: () => {} }, () => 0);
    for (const reason of ['passage-implausible', 'position-implausible']) {
      for (let i = 0; i < 10; i++) list.add(7, reason, `${i}`);
    }
    for (let i = 0; i < 10_000; i++) list.add(8, 'password', 'join');
    expect(list.recent.length).equal(60);
    expect(list.recent.filter(({ number }) => number === 7).length).equal(20);
    expect(list.counts.get('password')).equal(10_000);
    for (let i = 0; i < 10_000; i++) list.add(9, `reason ${i % 100}`, 'join');
    expect(list.recent.length).equal(200);
  });
});

describe('standings', () => {
  it('of a thousand crews, half of which missed every stage, are reckoned in one pass over the times', () => {
    const engine = newEngine();
    let looks = 0;
    for (const crew of engine.crews.values()) {
      for (let stage = 1; stage < 10; stage++) crew.missed.add(stage);
      const { stageTimes } = crew;
      Object.defineProperty(crew, 'stageTimes', {
        get: () => {
          looks++;
          return stageTimes;
        },
      });
    }
    overallTable(engine);
    expect(looks).at.most(engine.crews.size * 2);
  });
});

describe('a driver with a hostile server', () => {
  const definition = readRally(fixture);
  const orders = (change: object) =>
    encodeServer({
      ...{ type: 'orders', next: 1, due: 1n, out: false, roadbookHash: '0'.repeat(16) },
      ...{ ahead: [], ...change },
    });

  it('takes no clock with which nobody can reckon', () => {
    for (const timeScale of [0, -1, 1e30]) {
      const welcome = encodeServer({ type: 'welcome', session: 1, now: 1n, timeScale });
      expect(() => decodeServer(welcome)).throw(DecodeError);
    }
    for (const now of [2n ** 53n, 2n ** 64n - 1n]) {
      const welcome = encodeServer({ type: 'welcome', session: 1, now, timeScale: 1 });
      expect(() => decodeServer(welcome)).throw(DecodeError);
      expect(() => decodeServer(encodeServer({ type: 'clockReply', token: 1, now }))).throw(
        DecodeError,
      );
      expect(() => decodeServer(orders({ due: now }))).throw(DecodeError);
    }
  });

  it('follows no more than two cars', () => {
    const ahead = Array.from({ length: 3 }, (_, i) => ({ number: i, steamId: 1n }));
    expect(() => decodeServer(orders({ ahead }))).throw(DecodeError);
    const where = { stage: 1, age: 0, metres: 0, x: 0, y: 0, speed: 0 };
    const cars = ahead.map(({ number }) => ({ number, ...where }));
    expect(() => decodeServer(encodeServer({ type: 'cars', cars }))).throw(DecodeError);
  });

  it('drives on through any orders, clocks and refusals', () => {
    let now = 0;
    const sent: Uint8Array[] = [];
    const client: RallyClient = new RallyClient({
      ...{ number: 1, steamId: 1n, carsHash: '', roadbookHashes: [''], gameVersion: '1' },
      ...{ password: '', ticket: new Uint8Array(), now: () => now },
      send: (bytes) => sent.push(bytes),
    });
    const bot = new DriverBot(client, definition, layOut(definition), syntheticPace(1));
    const most = BigInt(Number.MAX_SAFE_INTEGER);
    for (const timeScale of [1e-30, 1, 1_000_000]) {
      for (const time of [0n, 1n, most]) {
        client.receive(encodeServer({ type: 'welcome', session: 1, now: time, timeScale }));
        client.receive(encodeServer({ type: 'clockReply', token: 0, now: most }));
        for (let next = 0; next < 0x10000; next = next * 2 + 1) {
          for (const due of [0n, 1n, most]) {
            client.receive(orders({ next, due }));
            for (let tick = 0; tick < 3; tick++) {
              now += 50;
              bot.drive();
            }
            client.receive(
              encodeServer({ type: 'refused', sequence: 7, reason: 'x', expected: 'y' }),
            );
          }
        }
      }
    }
    expect(sent.length).above(100);
  });
});
