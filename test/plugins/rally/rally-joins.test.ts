import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { GameServerState } from 'beaconry/plugins/game-server';
import { SteamAdministration, SteamBackend } from 'beaconry/plugins/steam-backend';
import { SteamClient } from 'beaconry/steam-client';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeClient } from '../../../plugins/rally/client-message-codec.js';
import { type RallyDefinition, readRally } from '../../../plugins/rally/definition.js';
import { RallyClient } from '../../../plugins/rally/rally-client.js';
import type { ClientMessage, Join, ServerMessage } from '../../../plugins/rally/rally-messages.js';
import { decodeServer } from '../../../plugins/rally/server-message-codec.js';
import { writeOneStage } from './one-stage-rally.js';
import { fixture } from './simulated-rally.js';

const HOME = '127.0.0.1:40001';
const ELSEWHERE = '127.0.0.2:40001';
const APP = 480;

describe('joins of a rally', () => {
  let test: TestServer;
  let definition: RallyDefinition;
  afterEach(() => test.stop());

  const ask = (message: ClientMessage, from = HOME): ServerMessage[] =>
    test.ask('game', encodeClient(message), from).map((bytes) => decodeServer(bytes));
  const cookie = (from = HOME): number => {
    const [answer] = ask({ type: 'hello' }, from);
    if (answer?.type !== 'cookie') throw new Error('no cookie');
    return answer.cookie;
  };
  const join = (change: Partial<Join> = {}, from = HOME): ServerMessage | undefined =>
    ask(
      {
        ...{ type: 'join', cookie: cookie(from), protocol: 1, number: 1 },
        steamId: definition.entries[(change.number ?? 1) - 1]?.driverId ?? 0n,
        carsHash: definition.carsHash,
        roadbookHash: [...definition.roadbooks.values()][0]?.hash ?? '',
        ...{ gameVersion: '1.0.0', password: '', ticket: new Uint8Array(), ...change },
      },
      from,
    )[0];
  const said = (message: ServerMessage | undefined) =>
    message?.type === 'refused' ? message.reason : message?.type;
  const refusals = async () => {
    const { refused } = (await test.request('/v1/rally/penalties')).json() as {
      refused: { counts: Record<string, number> };
    };
    return refused.counts;
  };

  describe('by the entry list', () => {
    beforeEach(async () => {
      definition = readRally(fixture);
      test = await startTestServer({
        plugins: { rally: { definition: fixture, authentication: 'entry-list' } },
      });
    });

    it('that come again, because the welcome was lost, get the same session', () => {
      const first = join();
      expect(said(first)).equal('welcome');
      expect(join()).deep.equal(first);
    });

    it('take no place from a driver who is heard', async () => {
      const first = join();
      for (let second = 0; second < 20; second += 2) {
        await test.clock.advance(2000);
        if (first?.type === 'welcome') ask({ type: 'clock', session: first.session, token: 1 });
        expect(said(join({}, ELSEWHERE))).equal('already-connected');
        // The co-driver is entered too, and sits in the same car.
        const codriver = { steamId: definition.entries[0]?.codriverId ?? 0n };
        expect(said(join(codriver))).equal('already-connected');
      }
      expect(join()).include({ session: first?.type === 'welcome' ? first.session : 0 });
    });

    it('take the place of a driver who was not heard for 4 s, such as one whose address changed', async () => {
      const first = join();
      await test.clock.advance(4000);
      const second = join({}, ELSEWHERE);
      expect(said(second)).equal('welcome');
      const session = first?.type === 'welcome' ? first.session : 0;
      expect(ask({ type: 'clock', session, token: 1 })).deep.equal([]);
    });

    it('are looked at 250 times at once for one address, then 20 times a second; others notice nothing', async () => {
      const wrong = { password: 'guessed' };
      let answered = 0;
      for (let i = 0; i < 400; i++) if (join(wrong) !== undefined) answered++;
      expect(answered).equal(250);
      expect(await refusals()).include({ password: 250, 'join-too-often': 150 });
      expect(said(join({}, ELSEWHERE))).equal('welcome');
      await test.clock.advance(1000);
      answered = 0;
      for (let i = 0; i < 100; i++) if (join(wrong) !== undefined) answered++;
      expect(answered).equal(20);
    });
  });

  describe('by ticket', () => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'beaconry-joins-'));
    const clients: SteamClient[] = [];
    let player: SteamClient;
    after(() => rmSync(folder, { recursive: true }));
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });

    const start = async (
      more: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
    ) => {
      writeOneStage(folder, { name: 'Fell', kilometres: 1 });
      test = await startTestServer({
        plugins: {
          'steam-backend': { freeApps: 'all' },
          ...{ 'auth-sessions': {}, 'game-server': { appId: APP }, rules: {} },
          rally: { definition: folder },
          ...more,
        },
      });
      const { steamId, accountKey } = await test.get(SteamAdministration).createAccount();
      writeOneStage(folder, { name: 'Fell', kilometres: 1, drivers: [steamId] });
      await test.command('rally-reload');
      definition = readRally(folder);
      player = new SteamClient({
        ...{ backend: test.get(SteamBackend), clock: test.clock, log: { warn() {} } },
      });
      clients.push(player);
      await player.logOn({ accountKey });
    };
    const ticket = async (of = player) => {
      let bytes: Uint8Array | undefined;
      const asked = of.getAuthSessionTicket(APP).then((ticket) => {
        bytes = ticket.bytes;
      });
      for (let i = 0; i < 50 && bytes === undefined; i++) await test.clock.advance(10);
      await asked;
      return bytes ?? new Uint8Array();
    };

    it('need no login token of the server: the rally logs its server on, and it stays listed', async () => {
      await start();
      expect(said(join({ ticket: await ticket() }))).equal('welcome');
      await test.clock.advance(2000);
      const { snapshot, players } = test.get(GameServerState);
      expect(snapshot).include({ name: 'Fell', map: 'Fell', advertise: true });
      expect(players.map(({ name }) => name)).deep.equal(['Driver 1']);
    });

    it('that come again with the same ticket get the same session', async () => {
      await start();
      const mine = await ticket();
      const first = join({ ticket: mine });
      expect(said(first)).equal('welcome');
      expect(join({ ticket: mine })).deep.equal(first);
    });

    it('are refused with no ticket, with one that is changed, and with that of another player', async () => {
      await start();
      const mine = await ticket();
      expect(said(join())).equal('authentication');
      const changed = mine.slice();
      changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
      expect(said(join({ ticket: changed }))).equal('authentication');
      const { accountKey } = await test.get(SteamAdministration).createAccount();
      const other = new SteamClient({
        ...{ backend: test.get(SteamBackend), clock: test.clock, log: { warn() {} } },
      });
      clients.push(other);
      await other.logOn({ accountKey });
      expect(said(join({ ticket: await ticket(other) }))).equal('authentication');
      expect(said(join({ ticket: mine }))).equal('welcome');
    });

    it('end with the ticket', async () => {
      await start();
      const first = join({ ticket: await ticket() });
      if (first?.type !== 'welcome') throw new Error(said(first));
      const { session } = first;
      await test.clock.advance(1000);
      await player.logOff();
      for (let second = 0; second < 20; second += 2) {
        ask({ type: 'clock', session, token: 1 });
        await test.clock.advance(2000);
      }
      expect(await refusals()).include({ authentication: 1 });
      expect(ask({ type: 'clock', session, token: 1 })).deep.equal([]);
    });

    it('of a driver who came back with a new ticket are let in as soon as he was silent for 4 s', async () => {
      await start();
      expect(said(join({ ticket: await ticket() }))).equal('welcome');
      const again = await ticket();
      const refused: string[] = [];
      const client: RallyClient = new RallyClient({
        ...{ number: 1, steamId: player.steamId, carsHash: definition.carsHash, password: '' },
        roadbookHashes: [...definition.roadbooks.values()].map(({ hash }) => hash),
        ...{ gameVersion: '1.0.0', ticket: again, now: () => test.clock.monotonic() },
        send: (bytes) => {
          for (const answer of test.ask('game', bytes, ELSEWHERE)) client.receive(answer);
        },
        refused: (reason) => refused.push(reason),
      });
      for (let i = 0; i < 14; i++) {
        client.tick();
        await test.clock.advance(500);
      }
      expect(refused.length).within(1, 4);
      expect(client.session).not.equal(undefined);
    });

    it('wait for the backend of the server, and are not refused for good before', async () => {
      await start({ 'steam-backend': { freeApps: 'all', anonymousServers: 'refused' } });
      expect(said(join({ ticket: await ticket() }))).equal('not-ready');
    });
  });
});
