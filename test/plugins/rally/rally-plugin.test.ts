import { readdirSync, readFileSync } from 'node:fs';
import { GameServerState } from 'beaconry/plugins/game-server';
import { Rules } from 'beaconry/plugins/rules';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { encodeClient } from '../../../plugins/rally/client-message-codec.js';
import { readRally } from '../../../plugins/rally/definition.js';
import type { ClientMessage, Join, ServerMessage } from '../../../plugins/rally/rally-messages.js';
import { decodeServer } from '../../../plugins/rally/server-message-codec.js';
import { fixture } from './simulated-rally.js';

const FROM = '127.0.0.1:40001';

describe('rally plugin', () => {
  const definition = readRally(fixture);
  let test: TestServer;
  const lines: string[] = [];
  beforeEach(async () => {
    lines.length = 0;
    test = await startTestServer({
      log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
      plugins: {
        'game-server': {},
        rules: {},
        a2s: {},
        rally: { definition: fixture, authentication: 'entry-list', startDelay: '1s' },
      },
    });
  });
  afterEach(() => test.stop());

  const ask = (message: ClientMessage, from = FROM): ServerMessage[] =>
    test.ask('game', encodeClient(message), from).map((bytes) => decodeServer(bytes));
  const join = (change: Partial<Join> = {}, from = FROM): ServerMessage[] => {
    const [cookie] = ask({ type: 'hello' }, from);
    if (cookie?.type !== 'cookie') throw new Error('no cookie');
    return ask(
      {
        ...{ type: 'join', cookie: cookie.cookie, protocol: 1, number: 1 },
        steamId: definition.entries[0]?.driverId ?? 0n,
        carsHash: definition.carsHash,
        roadbookHash: definition.roadbooks.get('blacktarn')?.hash ?? '',
        ...{ gameVersion: '1.0.0', password: '', ticket: new Uint8Array() },
        ...change,
      },
      from,
    );
  };
  const welcome = (): number => {
    const [first] = join();
    if (first?.type !== 'welcome') throw new Error(`refused: ${JSON.stringify(first?.type)}`);
    return first.session;
  };
  const reasons = async () => {
    const { refused } = (await test.request('/v1/rally/penalties')).json() as {
      refused: { counts: Record<string, number> };
    };
    return refused.counts;
  };
  let sequence = 0;
  const pass = (session: number, control: number, ahead = 0) =>
    ask({
      type: 'passage',
      session,
      sequence: ++sequence,
      control,
      at: BigInt(test.clock.now() + ahead),
    });
  const position = (session: number, metres: number, at = ++sequence) =>
    ask({ type: 'position', session, sequence: at, metres, x: 0, y: 0, speed: 0 });

  /** Car 1 is on stage 1. */
  async function onStage(): Promise<number> {
    const session = welcome();
    const keep = async (ms: number) => {
      for (let t = 0; t < ms; t += 5000) {
        ask({ type: 'clock', session, token: 1 });
        await test.clock.advance(Math.min(5000, ms - t));
      }
    };
    await keep(2000);
    for (const [control, wait] of [
      [0, 120_000],
      [1, 60_000],
      [2, 0],
    ] as const) {
      pass(session, control);
      await keep(wait);
    }
    await test.clock.advance(1);
    return session;
  }

  it('lets an entered driver join and shows him in the server list', async () => {
    welcome();
    await test.clock.advance(1000);
    const state = test.get(GameServerState);
    expect(state.snapshot).include({ map: 'Blacktarn 1', name: 'Rally of the Seven Tarns' });
    expect(state.players.map((player) => player.name)).deep.equal(['Aino Ashdown']);
  });

  it('names its page in a rule, of which lists make a link', () => {
    expect(test.get(Rules).get('page')).equal(`${test.address('http').port}/rally/`);
  });

  for (const [reason, change, expected] of [
    ['cars-hash', { carsHash: '00'.repeat(8) }, definition.carsHash],
    [
      'roadbook-hash',
      { roadbookHash: '00'.repeat(8) },
      definition.roadbooks.get('blacktarn')?.hash,
    ],
    ['game-version', { gameVersion: '0.9' }, '1.0.0'],
    ['password', { password: 'x' }, ''],
    ['not-your-entry', { steamId: 5n }, ''],
    ['not-entered', { number: 999 }, ''],
  ] as const) {
    it(`refuses a join and says what was expected: ${reason}`, async () => {
      expect(join(change)).deep.equal([{ type: 'refused', sequence: 0, reason, expected }]);
      expect((await reasons())[reason]).equal(1);
    });
  }

  it('answers an unproven join with nothing but a cookie, and a foreign session not at all', () => {
    expect(join({ cookie: 1 }).map((one) => one.type)).deep.equal(['cookie']);
    const session = welcome();
    expect(ask({ type: 'clock', session, token: 1 }, '127.0.0.1:40002')).deep.equal([]);
  });

  it('refuses cheating, late, duplicate and reordered packets and says why in the log and over REST', async () => {
    const session = await onStage();
    position(session, 5, 1000);
    position(session, 5, 1000);
    position(session, 5, 999);
    sequence = 1000;
    position(session, 1700);
    pass(session, 3);
    pass(session, 2);
    await test.clock.advance(1);
    pass(session, 3, 5000);
    pass(session, 3, -70_000);
    // The log takes ten such lines in a second.
    await test.clock.advance(1000);
    ask({ type: 'passage', session, sequence: 1, control: 3, at: 0n });
    for (let i = 0; i < 40; i++) position(session, 5);
    await test.clock.advance(70_000 - 60_000);
    const once = [
      ...['position-duplicate', 'position-reordered', 'position-implausible', 'duplicate'],
      ...['passage-implausible', 'passage-in-the-future', 'passage-too-old', 'passage-reordered'],
    ];
    const counts = await reasons();
    const logged = lines.join('');
    for (const reason of once) {
      expect(counts[reason], reason).equal(1);
      expect(logged).contain(`refused car 1: ${reason} (`);
    }
    expect(counts['position-too-often']).greaterThan(5);
    expect(logged).contain('refused car 1: position-too-often (at 5 m)');
    const { refused } = (await test.request('/v1/rally/penalties')).json() as {
      refused: { recent: { number: number; reason: string; detail: string }[] };
    };
    for (const reason of once) {
      const found = refused.recent.find((one) => one.reason === reason);
      expect(found, reason).include({ number: 1 });
      expect(found?.detail, reason).match(/^(at \d+ m|control \d+)$/);
    }
  });

  it('names the cars ahead that are connected, and says once a second where those on a stage are', async () => {
    const session = await onStage();
    position(session, 12);
    const behind = '127.0.0.1:40002';
    const [driver] = definition.entries.filter(({ number }) => number === 2);
    join({ number: 2, steamId: driver?.driverId ?? 0n }, behind);
    test.network.takeSentTo(behind);
    await test.clock.advance(1000);
    const heard = test.network.takeSentTo(behind).map((bytes) => decodeServer(bytes));
    const [first] = definition.entries;
    const [orders, positions] = heard.sort((one, other) => (one.type < other.type ? 1 : -1));
    expect(orders).deep.include({ ahead: [{ number: 1, steamId: first?.driverId }] });
    const where = { number: 1, stage: 1, metres: 12, x: 0, y: 0, speed: 0 };
    const [age] = heard
      .flatMap((one) => (one.type === 'cars' ? one.cars : []))
      .map((car) => car.age);
    expect(positions).deep.equal({ type: 'cars', cars: [{ ...where, age }] });
    expect(age).within(1, 1000);
    // Nobody is ahead of the first.
    test.network.takeSentTo(FROM);
    await test.clock.advance(1000);
    const types = test.network.takeSentTo(FROM).map((bytes) => decodeServer(bytes).type);
    expect(types).deep.equal(['orders']);
  });

  it('tells the drivers at once that a leg is open', async () => {
    welcome();
    test.network.takeSentTo(FROM);
    await test.clock.advance(1000);
    const dues = test.network
      .takeSentTo(FROM)
      .map((bytes) => decodeServer(bytes))
      .map((orders) => (orders.type === 'orders' ? Number(orders.due) : -1));
    expect(dues).deep.equal([0, test.clock.now()]);
  });

  it('refuses a passage that is stated too late', async () => {
    const session = await onStage();
    expect(pass(session, 3, -70_000).at(0)).include({ reason: 'passage-too-old' });
  });

  it('answers reads with an entity tag and 404 for a stage that is not', async () => {
    const first = await test.request('/v1/rally/standings');
    const { etag } = first.headers;
    const again = await test.request({
      method: 'GET',
      url: '/v1/rally/standings',
      headers: { 'if-none-match': `${etag}` },
    });
    expect(again.statusCode).equal(304);
    expect((await test.request('/v1/rally/stages/10')).statusCode).equal(404);
    for (const path of [
      '',
      '/definition',
      '/entries',
      '/stages/1',
      '/live',
      '/clock',
      '/history',
    ]) {
      expect((await test.request(`/v1/rally${path}`)).statusCode, path).equal(200);
    }
  });

  it('serves its page under a policy that allows nothing from elsewhere', async () => {
    const page = await test.request('/rally/');
    expect(page.headers['content-security-policy']).contain("default-src 'none'");
    expect(page.body).not.match(/https?:|<style|<script>/);
  });

  it('is built from the public face alone', () => {
    const folder = new URL('../../../../plugins/rally/', import.meta.url);
    for (const file of readdirSync(folder)) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      for (const [, from] of text.matchAll(/from '([^']+)'/g)) {
        expect(from, file).match(
          /^(\.\/[^/]+\.js|beaconry|beaconry\/(plugins\/[a-z0-9-]+|a2s-query|relay-agent)|node:.+|typebox)$/,
        );
      }
    }
  });
});
