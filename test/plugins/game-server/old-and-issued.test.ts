import { type EAuthSessionResponse, EDenyReason } from 'beaconry/steam';
import type { SteamClient } from 'beaconry/steam-client';
import { expect } from 'chai';
import { denyReason } from '../../../plugins/game-server/deny-reasons.js';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('the old way: sendUserConnectAndAuthenticate (6.6)', () => {
  let world: SteamWorld;
  let game: TestGameServer;
  let player: SteamClient;

  beforeEach(async () => {
    world = await SteamWorld.start();
    game = await world.serverOn();
    await game.pump();
    player = (await world.player()).client;
  });
  afterEach(() => world.close());

  async function blob(): Promise<Uint8Array> {
    const asked = player.initiateGameConnection(APP, 0n);
    await world.settle();
    return (await asked).bytes;
  }
  const connect = (bytes: Uint8Array) =>
    game.server.sendUserConnectAndAuthenticate('127.0.0.1', bytes);

  it('exactly one client_approved, and no validate_auth_ticket_response', async () => {
    expect(connect(await blob())).to.eql({ ok: true, steam_id: player.steamId });
    const data = { steam_id: player.steamId, owner_id: player.steamId };
    expect(await game.pump()).to.eql([{ signal: 'client_approved', data }]);
  });

  it('basic checks fail: false, 0 and no signal', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(50), await world.ticket(player)]) {
      expect(connect(bytes)).to.eql({ ok: false, steam_id: 0n });
    }
    expect(await game.pump()).to.eql([]);
  });

  it('client_denied when the backend refuses', async () => {
    const bytes = await blob();
    await world.administration.revokeLicence(player.steamId, APP);
    connect(bytes);
    const data = { steam_id: player.steamId, reason: EDenyReason.NoLicense, text: '' };
    expect(await game.pump()).to.eql([{ signal: 'client_denied', data }]);
  });

  it('client_kick when it turns bad after approval', async () => {
    connect(await blob());
    await game.pump();
    const ban = { steamId: player.steamId, appId: APP, kind: 'vac', by: 't', reason: '' } as const;
    await world.administration.ban(ban);
    const data = { steam_id: player.steamId, reason: EDenyReason.Cheater };
    expect(await game.pump()).to.eql([{ signal: 'client_kick', data }]);
  });

  it('with the backend down the signed ownership alone decides, and the backend may object later', async () => {
    const bytes = await blob();
    const { steamId } = player;
    const id = game.server.getSteamID();
    const held = world.backend.connections.heldBy(
      (await world.backend.tables.online.get(id.toString())) ?? '',
    ) as unknown as { drop(): void; events: { lost(result: number, retrying: boolean): void } };
    held.drop();
    held.events.lost(3, true);
    await game.pump();
    expect(connect(bytes).ok).to.equal(true);
    const approved = { steam_id: steamId, owner_id: steamId };
    expect(await game.pump()).to.eql([{ signal: 'client_approved', data: approved }]);
    await world.administration.revokeLicence(steamId, APP);
    const said = await game.pump(8_000);
    expect(said.map(({ signal }) => signal)).to.eql(['server_connected', 'client_kick']);
  });

  it('sendUserDisconnect ends it', async () => {
    connect(await blob());
    await game.pump();
    game.server.sendUserDisconnect(player.steamId);
    expect(game.state.players).to.have.length(0);
  });

  describe('codes become reasons', () => {
    const rows: readonly (readonly [EAuthSessionResponse, EDenyReason, EDenyReason])[] = [
      [1, 3, 11],
      [2, 4, 4],
      [3, 5, 5],
      [4, 6, 6],
      [5, 14, 13],
      [6, 11, 11],
      [7, 2, 2],
      [8, 2, 2],
      [9, 5, 5],
      [10, 2, 2],
    ];
    for (const [code, denied, kicked] of rows) {
      it(`${code}: ${denied} at validation, ${kicked} later`, () => {
        const response = code as Exclude<EAuthSessionResponse, 0>;
        expect(denyReason(response, false, false)).to.equal(denied);
        expect(denyReason(response, true, false)).to.equal(kicked);
      });
    }
    it('2 of a borrower whose owner starts: 15', () => {
      expect(denyReason(2, true, true)).to.equal(EDenyReason.SteamOwnerLeftGuestUser);
    });
  });
});

describe('server-issued tickets (6.7)', () => {
  let world: SteamWorld;
  let game: TestGameServer;
  let player: SteamClient;

  beforeEach(async () => {
    world = await SteamWorld.start({ anonymousServers: 'full' });
    game = await world.serverOn();
    await game.pump();
    player = (await world.player([])).client;
  });
  afterEach(() => world.close());

  const verdictOf = async (ticket: Uint8Array, steamId: bigint) => {
    expect(player.beginAuthSession(ticket, steamId, APP)).to.equal(0);
    const verdict = player.waitForVerdict(steamId, 5000);
    await world.settle();
    return (await verdict).response;
  };

  it('a player verifies the ticket of a server, type 3, without any licence', async () => {
    const { buffer } = game.server.getAuthSessionTicket();
    await game.pump(30);
    expect(await verdictOf(buffer, game.server.getSteamID())).to.equal(0);
  });

  it('a player verifies the ticket of an anonymous server, type 4', async () => {
    const anonymous = world.server();
    anonymous.init();
    anonymous.server.logOnAnonymous();
    await anonymous.pump();
    const { buffer } = anonymous.server.getAuthSessionTicket();
    await anonymous.pump(30);
    expect(await verdictOf(buffer, anonymous.server.getSteamID())).to.equal(0);
  });

  it('a wrapper that makes an individual of the id can not verify it', async () => {
    const { buffer } = game.server.getAuthSessionTicket();
    const asIndividual = (game.server.getSteamID() & ~(0xfn << 52n)) | (1n << 52n) | (1n << 32n);
    expect(player.beginAuthSession(buffer, asIndividual, APP)).to.equal(1);
  });

  it('a banned server gets 9', async () => {
    const { buffer } = game.server.getAuthSessionTicket();
    await game.pump(30);
    await world.administration.setServerBan(game.server.getSteamID(), null);
    expect(await verdictOf(buffer, game.server.getSteamID())).to.equal(9);
  });

  it('cancelling and logging off give 6 to the peers', async () => {
    const other = await world.serverOn();
    await other.pump();
    for (const end of ['cancel', 'logOff'] as const) {
      const { id, buffer } = game.server.getAuthSessionTicket();
      await game.pump(30);
      const steamId = game.server.getSteamID();
      other.server.beginAuthSession(buffer, steamId);
      expect(await other.verdicts()).to.eql([[0, steamId]]);
      if (end === 'cancel') game.server.cancelServerAuthTicket(id);
      else game.server.logOff();
      expect(await other.verdicts(), end).to.eql([[6, steamId]]);
      other.server.endAuthSession(steamId);
    }
  });
});
