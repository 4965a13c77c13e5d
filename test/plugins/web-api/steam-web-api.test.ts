import { expect } from 'chai';
import { APP, PUBLISHER_KEY, WebWorld } from './web-world.js';

/** Knows nothing but the names of the Steam Web API. */
class WebApiClient {
  constructor(
    private readonly base: string,
    private readonly key: string,
  ) {}

  async get(method: string, args: Record<string, string> = {}, version = 'v1') {
    const query = new URLSearchParams({ key: this.key, ...args });
    return this.#read(await fetch(`${this.base}/${method}/${version}/?${query}`));
  }
  async post(method: string, args: Record<string, string> = {}) {
    const body = new URLSearchParams({ key: this.key, ...args });
    return this.#read(await fetch(`${this.base}/${method}/v1/`, { method: 'POST', body }));
  }

  async #read(answer: Response) {
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
    return { status: answer.status, body: (isJson ? JSON.parse(text) : text) as any };
  }
}

describe('a client that knows the Steam Web API alone', () => {
  let world: WebWorld;
  let api: WebApiClient;
  before(async () => {
    world = await WebWorld.start();
    api = new WebApiClient(world.url, PUBLISHER_KEY);
  });
  after(() => world.stop());

  const webTicket = async (token: string) => {
    const made = await world.ticket(token, { kind: 'webapi', identity: 'shop' });
    return Buffer.from(made.ticket, 'base64').toString('hex');
  };

  it('authenticates a ticket once', async () => {
    const { token, steamId } = await world.player();
    const args = { appid: `${APP}`, ticket: await webTicket(token), identity: 'shop' };
    const first = await api.get('ISteamUserAuth/AuthenticateUserTicket', args);
    expect(first.body).deep.equal({
      response: {
        params: {
          ...{ result: 'OK', steamid: steamId, ownersteamid: steamId },
          ...{ vacbanned: false, publisherbanned: false },
        },
      },
    });
    const again = await api.get('ISteamUserAuth/AuthenticateUserTicket', args);
    expect(again.status).equal(200);
    expect(again.body.response.error).deep.equal({ errorcode: 101, errordesc: 'Invalid ticket' });
  });

  it('is told what is wrong with a ticket as by the original', async () => {
    const { token } = await world.player();
    const ticket = await webTicket(token);
    const other = await api.get('ISteamUserAuth/AuthenticateUserTicket', { appid: '70', ticket });
    expect(other.body.response.error).deep.equal({
      ...{ errorcode: 102, errordesc: 'Ticket for other app' },
    });
    for (const bad of ['xyz', '00']) {
      const args = { appid: `${APP}`, ticket: bad };
      const { status, body } = await api.get('ISteamUserAuth/AuthenticateUserTicket', args);
      expect([status, body.response.error.errorcode]).deep.equal([200, 3]);
    }
    const missing = await api.get('ISteamUserAuth/AuthenticateUserTicket', { ticket });
    expect(missing.status).equal(400);
    expect(missing.body).contain('Please verify that all required parameters are being sent');
  });

  it('lists servers with a filter, and looks up an address', async () => {
    for (const [port, map] of [
      [28_101, 'dust'],
      [28_102, 'nuke'],
    ] as const) {
      const bearer = await world.gameServer({ queryPort: port });
      await world.call('PATCH', '/v1/gameservers/self', {
        bearer,
        body: { name: `on ${map}`, map, tags: ['a', 'b'], advertise: true },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
    const filter = `\\appid\\${APP}\\map\\nuke`;
    const listed = await api.get('IGameServersService/GetServerList', { filter, limit: '10' });
    expect(listed.body.response.servers).have.length(1);
    const [server] = listed.body.response.servers;
    expect(server).include({
      addr: '127.0.0.1:28102',
      name: 'on nuke',
      gametype: 'a,b',
      region: -1,
    });
    expect(server.steamid).match(/^\d{17,}$/);
    const none = await api.get('IGameServersService/GetServerList', { filter: '\\map\\none' });
    expect(none.body).deep.equal({ response: {} });
    const at = await api.get('ISteamApps/GetServersAtAddress', { addr: '127.0.0.1' });
    expect(at.body.response.success).equal(true);
    expect(at.body.response.servers.map((one: { addr: string }) => one.addr)).deep.equal([
      '127.0.0.1:28101',
      '127.0.0.1:28102',
    ]);
    const wrong = await api.get('ISteamApps/GetServersAtAddress', { addr: 'nowhere' });
    expect(wrong.body.response.success).equal(false);
    const args = { 'server_ips[0]': '127.0.0.1:28102' };
    const ids = await api.get('IGameServersService/GetServerSteamIDsByIP', args);
    expect(ids.body.response.servers[0].steamid).equal(server.steamid);
    const input = { input_json: `{"server_steamids":[${server.steamid}]}` };
    const addresses = await api.get('IGameServersService/GetServerIPsBySteamID', input);
    expect(addresses.body.response.servers[0].addr).equal('127.0.0.1:28102');
  });

  it('makes, resets, queries and deletes a login token', async () => {
    const made = await api.post('IGameServersService/CreateAccount', {
      appid: `${APP}`,
      memo: 'm',
    });
    const { steamid, login_token } = made.body.response;
    expect(login_token).match(/^[0-9A-F]{32}$/);
    const reset = await api.post('IGameServersService/ResetLoginToken', { steamid });
    const second = reset.body.response.login_token;
    expect(second)
      .match(/^[0-9A-F]{32}$/)
      .not.equal(login_token);
    const query = (token: string) =>
      api.get('IGameServersService/QueryLoginToken', { login_token: token });
    expect((await query(login_token)).body).deep.equal({ response: {} });
    expect((await query(second)).body.response).include({ steamid, is_banned: false });
    await api.post('IGameServersService/SetMemo', { steamid, memo: 'new' });
    const list = await api.get('IGameServersService/GetAccountList');
    const { servers } = list.body.response;
    expect(servers.find((one: { steamid: string }) => one.steamid === steamid)).include({
      ...{ appid: APP, login_token: '', memo: 'new', is_deleted: false, is_expired: false },
    });
    const info = await api.get('IGameServersService/GetAccountPublicInfo', { steamid });
    expect(info.body.response).deep.equal({ steamid, appid: APP });
    await api.post('IGameServersService/SetBanStatus', { steamid, banned: '1', ban_seconds: '60' });
    expect((await query(second)).body.response.is_banned).equal(true);
    await api.post('IGameServersService/DeleteAccount', { steamid });
    expect((await query(second)).body).deep.equal({ response: {} });
    const gone = await api.post('IGameServersService/ResetLoginToken', { steamid });
    expect(gone.status).equal(404);
  });

  it('sets, sees and lifts a ban', async () => {
    const { steamId } = await world.player();
    const args = { steamid: steamId, appid: `${APP}` };
    const report = await api.post('ICheatReportingService/ReportPlayerCheating', args);
    expect(report.body.response.reportid).match(/^\d+$/);
    await api.post('ICheatReportingService/RequestPlayerGameBan', { ...args, duration: '0' });
    const bans = () => api.get('ISteamUser/GetPlayerBans', { steamids: steamId });
    expect((await bans()).body.players[0]).include({ SteamId: steamId, NumberOfGameBans: 1 });
    await api.post('ICheatReportingService/RemovePlayerGameBan', args);
    expect((await bans()).body.players[0]).include({ NumberOfGameBans: 0 });
  });

  it('asks about ownership, groups, family sharing, versions and time', async () => {
    const { steamId } = await world.player();
    const args = { steamid: steamId, appid: `${APP}` };
    const owns = await api.get('ISteamUser/CheckAppOwnership', args, 'v2');
    expect(owns.body.appownership).include({
      ownsapp: true,
      permanent: true,
      ownersteamid: steamId,
    });
    const groups = await api.get('ISteamUser/GetUserGroupList', { steamid: steamId });
    expect(groups.body.response).deep.equal({ success: true, groups: [] });
    const shared = { steamid: steamId, appid_playing: `${APP}` };
    const lender = await api.get('IPlayerService/IsPlayingSharedGame', shared, 'v0001');
    expect(lender.body.response.lender_steamid).equal('0');
    await world.administration.requireVersion(APP, `${APP}`, {
      ...{ version: '1.0.0.5', reject: false, text: '' },
    });
    const check = { appid: `${APP}`, version: '1004' };
    const old = await api.get('ISteamApps/UpToDateCheck', check);
    expect(old.body.response).include({ up_to_date: false, required_version: 1005 });
    const time = await api.get('ISteamWebAPIUtil/GetServerInfo');
    expect(time.body.servertime).closeTo(Date.now() / 1000, 5);
    const apis = await api.get('ISteamWebAPIUtil/GetSupportedAPIList');
    expect(apis.body.apilist.interfaces.map((one: { name: string }) => one.name)).members([
      ...['ISteamUserAuth', 'IGameServersService', 'ISteamApps', 'ISteamUser'],
      ...['ICheatReportingService', 'IPlayerService', 'ISteamWebAPIUtil'],
    ]);
  });

  it('needs the publisher key, in whatever place it comes', async () => {
    const path = `/IGameServersService/GetAccountList/v1/`;
    expect((await world.call('GET', path)).status).equal(401);
    expect((await world.call('GET', `${path}?key=wrong-wrong-wrong`)).status).equal(403);
    const headers = { 'x-webapi-key': PUBLISHER_KEY };
    expect((await world.call('GET', path, { headers })).status).equal(200);
    expect((await world.call('GET', path, { bearer: PUBLISHER_KEY })).status).equal(200);
    const { body } = await world.admin('POST', '/keys', { scope: 'read' });
    expect((await world.call('GET', path, { bearer: body.key })).status).equal(403);
  });

  it('answers a right key with 429 as well, once an address guessed too often', async () => {
    const guessed = await WebWorld.start();
    try {
      const path = '/IGameServersService/GetAccountList/v1/';
      for (let i = 0; i < 10; i++) {
        const answer = await guessed.call('GET', `${path}?key=wrong-wrong-wrong-${i}`);
        expect(answer.status).equal(403);
      }
      const headers = { 'x-webapi-key': PUBLISHER_KEY };
      const right = await guessed.call('GET', path, { headers });
      expect(right.status).equal(429);
      expect(right.headers.get('retry-after')).equal('6');
    } finally {
      await guessed.stop();
    }
  });

  it('leaves no key in the log', () => {
    expect(world.log.join('')).not.contain(PUBLISHER_KEY);
  });
});
