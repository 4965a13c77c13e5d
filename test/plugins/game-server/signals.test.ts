import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { SignalQueue } from '../../../plugins/game-server/signal-queue.js';
import { callbackIds } from '../../../plugins/game-server/steam-signals.js';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('signals (Steam game server API, section 3)', () => {
  let world: SteamWorld;
  let game: TestGameServer;

  beforeEach(async () => {
    world = await SteamWorld.start();
    game = await world.serverOn();
    await game.pump();
  });
  afterEach(() => world.close());

  it('have the callback numbers of Steam', () => {
    expect(callbackIds).to.eql({
      ...{ server_connected: 101, server_connect_failure: 102, server_disconnected: 103 },
      ...{ policy_response: 115, validate_auth_ticket_response: 143 },
      ...{ get_auth_session_ticket_response: 163, client_approved: 201, client_denied: 202 },
      ...{ client_kick: 203, client_group_status: 208, associate_clan: 210, player_compat: 211 },
    });
  });

  describe('associate_clan (34)', () => {
    const clan = async (id: bigint) => {
      game.server.associateWithClan(id);
      return (await game.pump()).map(({ data }) => data);
    };

    it('1 when the group exists, exactly one per call', async () => {
      const group = await world.administration.createGroup('ours');
      expect(await clan(group)).to.eql([{ result: 1 }]);
      expect(await clan(group)).to.eql([{ result: 1 }]);
      expect(await clan(0n)).to.eql([{ result: 1 }]);
    });
    it('19 when it is no clan id', async () => {
      expect(await clan(76561201960265739n)).to.eql([{ result: 19 }]);
    });
    it('42 when the group is unknown', async () => {
      expect(await clan(77n)).to.eql([{ result: 42 }]);
    });
    it('21 when not on', async () => {
      game.server.logOff();
      await game.pump();
      expect(await clan(77n)).to.eql([{ result: 21 }]);
    });
    it('15 when an officer of the group must allow it and the owner is none', async () => {
      await world.restart({ clanMustAllow: true });
      game = await world.serverOn();
      await game.pump();
      const group = await world.administration.createGroup('ours');
      expect(await clan(group)).to.eql([{ result: 15 }]);
      const { owner } = (await world.administration.serverAccount(game.server.getSteamID())) ?? {};
      const member = { steamId: owner ?? 0n, relationship: 3, rank: 2 };
      await world.administration.setMember(group, member);
      expect(await clan(group)).to.eql([{ result: 1 }]);
    });
    it('15 from anonymous servers, which verify tickets and nothing else', async () => {
      game = world.server();
      game.init();
      game.server.logOnAnonymous();
      await game.pump();
      const group = await world.administration.createGroup('ours');
      expect(await clan(group)).to.eql([{ result: 15 }]);
      const { client } = await world.player();
      game.server.beginAuthSession(await world.ticket(client), client.steamId);
      expect(await game.verdicts()).to.eql([[0, client.steamId]]);
      game.server.requestUserGroupStatus(client.steamId, group);
      expect((await game.pump())[0]?.data).to.include({ member: false, officer: false });
      expect(game.server.getAuthSessionTicket().id).to.equal(1);
      expect((await game.pump(100))[0]?.data).to.eql({ auth_ticket: 1, result: 15 });
    });
  });

  describe('client_group_status (33)', () => {
    const status = async (steamId: bigint, group: bigint | number) => {
      expect(game.server.requestUserGroupStatus(steamId, group)).to.equal(true);
      return (await game.pump()).map(({ data }) => data);
    };

    for (const [rank, relationship, member, officer] of [
      [1, 3, true, true],
      [2, 3, true, true],
      [3, 3, true, false],
      [4, 3, true, false],
      [2, 1, false, false],
      [2, 2, false, false],
      [2, 4, false, false],
      [2, 6, false, false],
    ] as const) {
      it(`relationship ${relationship}, rank ${rank}: member ${member}, officer ${officer}`, async () => {
        const group = await world.administration.createGroup('ours');
        const steamId = 76561201960265739n;
        await world.administration.setMember(group, { steamId, relationship, rank });
        expect(await status(steamId, group)).to.eql([
          { steam_id: steamId, group_id: group, member, officer },
        ]);
      });
    }
    it('takes the 32-bit account id of a group; unknown groups and users are no members', async () => {
      const group = await world.administration.createGroup('ours');
      const [said] = await status(5n, Number(group & 0xffffffffn));
      expect(said).to.eql({ steam_id: 5n, group_id: group, member: false, officer: false });
    });
    it('identical requests in flight are answered once each', async () => {
      const group = await world.administration.createGroup('ours');
      game.server.requestUserGroupStatus(5n, group);
      game.server.requestUserGroupStatus(5n, group);
      expect(await game.pump()).to.have.length(2);
    });
    it('false when not connected', async () => {
      game.server.logOff();
      expect(game.server.requestUserGroupStatus(5n, 7)).to.equal(false);
    });
  });

  it('get_auth_session_ticket_response: once per ticket, at least one pump later', async () => {
    const { id } = game.server.getAuthSessionTicket();
    game.signals.length = 0;
    game.server.runCallbacks();
    expect(game.signals).to.eql([]);
    const ready = {
      signal: 'get_auth_session_ticket_response',
      data: { auth_ticket: id, result: 1 },
    };
    expect(await game.pump(30)).to.eql([ready]);
    expect(await game.pump(60_000)).to.eql([]);
  });

  it('server_failure and get_auth_session_ticket_reponse are the same under other spellings', async () => {
    const heard: string[] = [];
    game.server.on('server_failure', () => heard.push('failure'));
    game.server.on('get_auth_session_ticket_reponse', () => heard.push('ticket'));
    game.server.getAuthSessionTicket();
    await game.pump(30);
    game.server.logOff();
    game.server.logOn('bad');
    await game.pump();
    expect(heard).to.eql(['ticket', 'failure']);
  });

  it('validate_auth_ticket_response may come many times per session', async () => {
    const { client } = await world.player();
    game.server.beginAuthSession(await world.ticket(client), client.steamId);
    await game.pump();
    await world.administration.revokeLicence(client.steamId, APP);
    const [said] = await game.pump();
    const data = { auth_id: client.steamId, response: 2, owner_id: client.steamId };
    expect(said).to.eql({ signal: 'validate_auth_ticket_response', data });
  });
});

describe('SignalQueue', () => {
  const queueWith = () => {
    const clock = new FakeClock();
    const warnings: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
    return { clock, warnings, queue: new SignalQueue(clock, log) };
  };

  it('delivers in the order queued, and what listeners cause only next time', () => {
    const { queue } = queueWith();
    const heard: number[] = [];
    queue.on('server_disconnected', ({ result }) => {
      heard.push(result);
      if (result === 1) queue.emit('server_disconnected', { result: 3 });
      queue.deliver();
    });
    queue.emit('server_disconnected', { result: 1 });
    queue.emit('server_disconnected', { result: 2 });
    queue.deliver();
    expect(heard).to.eql([1, 2]);
    queue.deliver();
    expect(heard).to.eql([1, 2, 3]);
  });

  it('warns when nobody pumps for 20 s', async () => {
    const { queue, clock, warnings } = queueWith();
    queue.emit('server_connected', {});
    await clock.advance(19_999);
    expect(warnings).to.have.length(0);
    await clock.advance(1);
    expect(warnings.join()).to.contain('runCallbacks()');
  });

  it('goes on after a listener that throws', () => {
    const { queue, warnings } = queueWith();
    const heard: string[] = [];
    queue.on('server_connected', () => {
      throw new Error('mine');
    });
    queue.on('server_connected', () => heard.push('second'));
    queue.emit('server_connected', {});
    queue.deliver();
    expect(heard).to.eql(['second']);
    expect(warnings.join()).to.contain('mine');
  });

  it('keeps 16,384 signals for a pump that never comes, the newest', () => {
    const { queue } = queueWith();
    for (let i = 0; i < 16_400; i++) queue.emit('server_disconnected', { result: i });
    expect([queue.length, queue.dropped]).to.eql([16_384, 16]);
  });
});
