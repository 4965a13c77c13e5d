import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from 'beaconry';
import { Bans } from 'beaconry/plugins/bans';
import { SteamGameServer, SteamGameServers } from 'beaconry/plugins/game-server';
import { SteamAdministration, SteamBackend } from 'beaconry/plugins/steam-backend';
import { RemoteBackend, SteamClient } from 'beaconry/steam-client';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import authSessions from '../../../plugins/auth-sessions/index.js';
import gameServer from '../../../plugins/game-server/index.js';
import steamBackend from '../../../plugins/steam-backend/index.js';
import { openTicketKey } from '../../../plugins/steam-backend/ticket-key.js';

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: { code?: string; message: string }) => `${error.code} ${error.message}`,
  );

describe('plugin steam-backend', () => {
  let test: TestServer | undefined;
  const clients: { close(): void }[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await test?.stop();
    test = undefined;
  });

  const start = async (
    section: Record<string, unknown> = {},
    options = {},
  ): Promise<TestServer> => {
    test = await startTestServer({ plugins: { 'steam-backend': section }, ...options });
    return test;
  };
  const url = (server: TestServer): string => `ws://127.0.0.1:${server.address('http').port}`;

  it('is a good plugin, and so are auth-sessions and game-server', async () => {
    await checkPluginContract(steamBackend);
    await checkPluginContract(authSessions);
    await checkPluginContract(gameServer);
  });

  it('a whole logon works inside one process', async () => {
    test = await startTestServer({
      plugins: {
        'steam-backend': {},
        'auth-sessions': {},
        social: {},
        rules: {},
        'game-server': {},
      },
    });
    const administration = test.get(SteamAdministration);
    const { steamId, accountKey } = await administration.createAccount();
    await administration.grantLicence({ steamId, appId: 480 });
    const server = test.get(SteamGameServer);
    expect(server.serverInit('', 27015, 27016, 3, '1.0')).to.equal(true);
    server.logOnAnonymous();
    await test.clock.advance(200);
    const { clock } = test;
    const client = new SteamClient({ backend: test.get(SteamBackend), clock, log: console });
    await client.logOn({ accountKey });
    const asked = client.getAuthSessionTicket(480);
    await clock.advance(200);
    const responses: number[] = [];
    server.on('validate_auth_ticket_response', ({ response }) => responses.push(response));
    expect(server.beginAuthSession((await asked).bytes, steamId)).to.equal(0);
    await clock.advance(200);
    expect(responses).to.eql([0]);
  });

  it('a ban of the plugin bans gives 9 mid-game, and bans an address from logging on', async () => {
    test = await startTestServer({
      plugins: { 'steam-backend': {}, 'auth-sessions': {}, bans: {}, 'game-server': {} },
    });
    const { clock } = test;
    const administration = test.get(SteamAdministration);
    const { steamId, accountKey } = await administration.createAccount();
    await administration.grantLicence({ steamId, appId: 480 });
    const server = test.get(SteamGameServer);
    server.serverInit('', 27015, 27016, 3, '1.0');
    server.logOnAnonymous();
    await clock.advance(200);
    const client = new SteamClient({ backend: test.get(SteamBackend), clock, log: console });
    await client.logOn({ accountKey });
    const asked = client.getAuthSessionTicket(480);
    await clock.advance(200);
    const responses: number[] = [];
    server.on('validate_auth_ticket_response', ({ response }) => responses.push(response));
    server.beginAuthSession((await asked).bytes, steamId);
    await clock.advance(200);
    const bans = test.get(Bans);
    await bans.add({ subject: steamId.toString(), scope: '480', reason: 'cheats', by: 'test' });
    await clock.advance(2_000);
    expect(responses).to.eql([0, 9]);
    await bans.add({ subject: '203.0.113.0/24', scope: 'steam-backend', reason: '', by: 'test' });
    const other = { backend: test.get(SteamBackend), clock, log: console, address: '203.0.113.9' };
    expect(await codeOf(new SteamClient(other).logOn({ accountKey }))).to.contain('105');
  });

  it('further game servers of the process have a state of their own', async () => {
    test = await startTestServer({ plugins: { 'steam-backend': {}, 'game-server': {} } });
    const servers = test.get(SteamGameServers);
    const [one, two] = [servers.create(), servers.create()];
    for (const { server } of [one, two]) server.serverInit('', 27015, 27016, 3, '1');
    one.server.setServerName('one');
    one.server.setKeyValue('a', 'b');
    expect([one.state.snapshot.name, two.state.snapshot.name]).to.eql(['one', '']);
    expect([one.rules.size, two.rules.size]).to.eql([1, 0]);
  });

  it('logs a configured server on by its token', async () => {
    const backend = await start({}, { real: true });
    const administration = backend.get(SteamAdministration);
    const { steamId: owner } = await administration.createAccount();
    const { steamId, loginToken } = await administration.createServerAccount({ owner, appId: 480 });
    const game = await startTestServer({
      real: true,
      plugins: {
        'steam-backend': { backend: url(backend) },
        'auth-sessions': {},
        'game-server': { token: loginToken, name: 'configured' },
      },
    });
    try {
      const server = game.get(SteamGameServer);
      await new Promise<void>((resolve) => {
        server.on('server_connected', () => resolve());
      });
      expect(server.getSteamID()).to.equal(steamId);
      expect(server.diagnose().map(({ code }) => code)).not.to.contain('NOT_LOGGED_ON');
    } finally {
      await game.stop();
    }
  });

  it('accounts: open refuses an endpoint that others can reach, unless it is wanted in words', async () => {
    const open = { accounts: 'open' };
    const endpoints = { http: { http: '0.0.0.0:0' } };
    const refused = await codeOf(start(open, { endpoints }));
    expect(refused).to.contain('allowOpenAccounts');
    await start({ ...open, allowOpenAccounts: true }, { endpoints });
    await test?.stop();
    await start(open);
  });

  it('makes its key once, readable by nobody else, and refuses one that others can read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'beaconry-key-'));
    try {
      const file = join(folder, 'steam-ticket.key');
      const { publicKeyPem } = await openTicketKey(file);
      expect(statSync(file).mode & 0o777).to.equal(0o600);
      expect((await openTicketKey(file)).publicKeyPem).to.equal(publicKeyPem);
      writeFileSync(join(folder, 'open.key'), 'x', { mode: 0o644 });
      expect(await codeOf(openTicketKey(join(folder, 'open.key')))).to.contain('chmod 600');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('with a backend elsewhere, accounts are made there', async () => {
    await start({ backend: 'ws://127.0.0.1:9' });
    const refused = await codeOf(
      test?.get(SteamAdministration).createAccount() as Promise<unknown>,
    );
    expect(refused).to.contain('BACKEND_IS_REMOTE');
  });

  it('commands make accounts, tokens, licences and groups', async () => {
    const server = await start();
    const definitions = steamBackend.commands ?? [];
    const run = async (name: string, parameters: object): Promise<Record<string, string>> => {
      const command = definitions.find((each) => each.name === name);
      const context = {
        ...{ name: 'steam-backend', clock: server.clock },
        get: () => server.get(SteamAdministration),
      };
      const caller = { by: 'test', source: 'cli' } as const;
      return (await command?.run(context as never, parameters, caller)) as Record<string, string>;
    };
    const account = await run('account-add', { name: 'Ada' });
    expect(account.accountKey).to.match(/^[0-9a-f]{64}$/);
    const { steamId } = account;
    const token = await run('token-add', { owner: steamId, appId: 480, memo: '' });
    expect(token.loginToken).to.match(/^[0-9A-F]{32}$/);
    const licence = { steamId, appId: 480, days: 1, lender: '', dlcOf: 0, package: 0 };
    expect((await run('licence-add', licence)).appId).to.equal(480);
    const { group } = await run('group-add', { name: 'Ours' });
    await run('group-member', { group, steamId, rank: 'officer' });
    expect(await run('group-members', { group })).to.eql([{ steamId, relationship: 3, rank: 2 }]);
    const ban = { steamId, appId: 480, kind: 'game', days: 1, reason: 'test' };
    expect((await run('account-ban', ban)).by).to.equal('test');
    expect(await run('account-bans', { steamId })).to.have.length(1);
    expect(await codeOf(run('account-remove', { steamId: 'nobody' }))).to.contain('NOT_A_STEAMID');
    expect(await run('account-remove', { steamId })).to.eql({ removed: true });
    expect(JSON.stringify(await run('token-list', {}))).to.equal('[]');
    expect(new Set(definitions.map(({ name }) => name)).size).to.equal(definitions.length);
  });

  describe('over a socket', () => {
    const connect = async (server: TestServer): Promise<WebSocket> => {
      const socket = new WebSocket(`${url(server)}/v1/backend`);
      clients.push({ close: () => socket.terminate() });
      await once(socket, 'open');
      return socket;
    };
    const ask = async (socket: WebSocket, frame: object): Promise<Record<string, unknown>> => {
      const answered = once(socket, 'message');
      socket.send(JSON.stringify(frame));
      return JSON.parse(String((await answered)[0])) as Record<string, unknown>;
    };

    it('closes on what is no frame, and lives on', async () => {
      const server = await start({}, { real: true });
      for (const bad of ['', 'x', '[]', '{}', '{"id":-1}', '{"id":"1"}', 'null']) {
        const socket = await connect(server);
        socket.send(bad);
        const [code] = await once(socket, 'close');
        expect(code, bad).to.equal(1007);
      }
      const socket = await connect(server);
      expect((await ask(socket, { id: 1, call: 'x', args: {}, link: 1 })).error).to.include({
        code: 'LINK_LOST',
      });
    });

    it('answers wrong arguments with PROTOCOL and unknown calls too', async () => {
      const server = await start({ anonymousServers: 'verify' }, { real: true });
      const socket = await connect(server);
      const logon = {
        ...{ token: null, appId: 480, product: 'x', version: '1', mode: 3 },
        ...{ gamePort: 1, queryPort: 2 },
      };
      const wrong = { id: 1, link: 1, call: 'logOnServer', args: { ...logon, appId: '480' } };
      expect((await ask(socket, wrong)).error).to.include({ code: 'PROTOCOL' });
      const answer = await ask(socket, { id: 2, link: 1, call: 'logOnServer', args: logon });
      expect(answer.result).to.include({ ok: true });
      for (const call of ['constructor', '__proto__', 'toString', 'drop2']) {
        expect((await ask(socket, { id: 3, link: 1, call, args: {} })).error, call).to.include({
          code: 'PROTOCOL',
        });
      }
      const asPlayer = { id: 4, link: 1, call: 'setPlaying', args: { appId: 1 } };
      expect((await ask(socket, asPlayer)).error).to.include({ code: 'NOT_A_PLAYER' });
    });

    it('sends whoever only tries keys away', async () => {
      const server = await start({}, { real: true });
      const socket = await connect(server);
      const closed = once(socket, 'close');
      for (let id = 1; id <= 60; id++) {
        const args = { accountKey: 'f'.repeat(64) };
        socket.send(JSON.stringify({ id, link: id, call: 'logOnPlayer', args }));
      }
      const [code] = await closed;
      expect(code).to.equal(1008);
    });

    it('self-service makes an account from elsewhere; closed refuses', async () => {
      const server = await start({ accounts: 'self-service' }, { real: true });
      const remote = new RemoteBackend(url(server), new SystemClock());
      clients.push(remote);
      const { account } = await remote.createAccount('', 'Ada');
      const client = new SteamClient({ backend: remote, clock: new SystemClock(), log: console });
      clients.push(client);
      expect(await client.logOn({ accountKey: account?.accountKey ?? '' })).to.equal(
        account?.steamId,
      );
      expect(client.verified).to.equal(true);
    });

    it('who lost his place hears it once, also when the socket ends', async () => {
      const server = await start({}, { real: true });
      const { accountKey } = await server.get(SteamAdministration).createAccount();
      const lost: (readonly [number, boolean])[] = [];
      let heard = () => {};
      const events = {
        verdict: () => {},
        licences: () => {},
        lost: (result: number, retrying: boolean) => {
          lost.push([result, retrying]);
          heard();
        },
      };
      const logon = { credential: { accountKey }, address: '' };
      const [one, two] = [1, 2].map(() => new RemoteBackend(url(server), new SystemClock()));
      if (one === undefined || two === undefined) throw new Error('no backend');
      clients.push(one, two);
      expect((await one.logOnPlayer(logon, events)).ok).to.equal(true);
      const told = new Promise<void>((resolve) => {
        heard = resolve;
      });
      const other = await two.logOnPlayer(logon, { ...events, lost: () => {} });
      expect(other.ok).to.equal(true);
      await told;
      one.close();
      // The next answer comes after whatever the end of the first socket causes.
      await two.createAccount('', '');
      expect(lost).to.eql([[34, false]]);
    });

    it('a backend that is not there is answered with 3, retrying', async () => {
      const remote = new RemoteBackend('ws://127.0.0.1:1', new SystemClock());
      clients.push(remote);
      const events = { verdict: () => {}, licences: () => {}, lost: () => {} };
      const logon = { credential: { accountKey: 'x' }, address: '' };
      expect(await remote.logOnPlayer(logon, events)).to.eql({
        ok: false,
        result: 3,
        retrying: true,
      });
    });
  });
});
