import { expect } from 'chai';
import { APP, WebWorld } from './web-world.js';

describe('a game server over HTTP with a FakeIP', () => {
  let world: WebWorld;
  afterEach(() => world.stop());

  const soon = () => new Promise((resolve) => setTimeout(resolve, 60));
  const items = async () => (await world.call('GET', '/v1/servers')).body.items;
  const addresses = async () => (await items()).map(({ address }: { address: string }) => address);
  const advertise = async (queryPort: number) => {
    const bearer = await world.gameServer({ queryPort });
    await world.call('PATCH', '/v1/gameservers/self', {
      bearer,
      body: { name: 'hidden', map: 'de_dust2', advertise: true },
    });
    return bearer;
  };
  const fakeIp = async (bearer: string) => {
    const body = { appId: APP, ports: 1 };
    const answer = await world.call('POST', '/v1/fake-ips', { bearer, body });
    return `${answer.body.address}:${answer.body.ports[0]}`;
  };

  for (const lists of [{ master: {}, browser: {} }, { browser: {} }]) {
    it(`is listed there by its own state, and no more at its address, with ${Object.keys(lists)}`, async () => {
      world = await WebWorld.start({}, { ...lists, 'fake-ip': {} });
      const bearer = await advertise(27_201);
      await soon();
      expect(await addresses()).deep.equal(['127.0.0.1:27201']);
      const shown = await fakeIp(bearer);
      await soon();
      expect(await addresses()).deep.equal([shown]);
      expect((await items())[0]).include({ name: 'hidden', map: 'de_dust2', fakeIp: shown });
      const body = { map: 'de_nuke' };
      await world.call('PATCH', '/v1/gameservers/self', { bearer, body });
      await new Promise((resolve) => setTimeout(resolve, 1200));
      expect((await items())[0]).include({ map: 'de_nuke', address: shown });
      await world.call('DELETE', '/v1/gameservers/self', { bearer });
      await soon();
      expect(await addresses()).deep.equal([]);
    });
  }

  it('is listed at its address again when it gives the FakeIP back', async () => {
    world = await WebWorld.start({}, { master: {}, browser: {}, 'fake-ip': {} });
    const bearer = await advertise(27_202);
    await fakeIp(bearer);
    await soon();
    await world.call('DELETE', '/v1/fake-ips/self', { bearer, body: { appId: APP } });
    await soon();
    expect(await addresses()).deep.equal(['127.0.0.1:27202']);
  });

  it('is in no list while it is anonymous, since nobody can check what it says', async () => {
    world = await WebWorld.start({}, { master: {}, browser: {}, 'fake-ip': {} });
    const bearer = await world.gameServer({ on: false });
    await world.call('POST', '/v1/gameservers/self/logon', { bearer, body: {} });
    const body = { name: 'anonymous', advertise: true };
    await world.call('PATCH', '/v1/gameservers/self', { bearer, body });
    await soon();
    expect((await addresses()).length).equal(1);
    const wish = { appId: APP, ports: 1 };
    const lease = await world.call('POST', '/v1/fake-ips', { bearer, body: wish });
    expect(lease.body).contain({ open: true }).and.not.property('token');
    await soon();
    expect(await addresses()).deep.equal([]);
    const { body: found } = await world.call('GET', '/v1/gameservers/self/diagnosis', { bearer });
    expect(found.items.map(({ code }: { code: string }) => code)).contain('LISTING_REFUSED');
  });

  it('gets tickets for players who are logged on and licensed, whatever node they came by', async () => {
    world = await WebWorld.start(
      {},
      { 'fake-ip': {}, coordinator: { dev: true, pops: { dev: { desc: 'here' } } } },
    );
    const bearer = await world.gameServer();
    await fakeIp(bearer);
    const ticketFor = async (client: string) => {
      const body = { appId: APP, client, virtualPort: 0x7fffff00 };
      return (await world.call('POST', '/v1/fake-ips/tickets', { bearer, body })).body.error?.code;
    };
    const { steamId, token } = await world.player();
    // Whoever may have one comes as far as the coordinator, where this server has not signed on.
    expect(await ticketFor(`steamid:${steamId}`)).equal('SERVER_UNKNOWN');
    expect(await ticketFor('str:somebody')).equal('NOT_LOGGED_ON');
    const unlicensed = await world.administration.createAccount();
    const logon = { accountKey: unlicensed.accountKey, appId: APP };
    await world.call('POST', '/v1/logon', { body: logon });
    expect(await ticketFor(`steamid:${unlicensed.steamId}`)).equal('NO_LICENCE');
    await world.call('POST', '/v1/logoff', { bearer: token, body: {} });
    await soon();
    expect(await ticketFor(`steamid:${steamId}`)).equal('NOT_LOGGED_ON');
  });
});
