import { expect } from 'chai';
import { APP, FakeIpNode, login } from './fake-ip-node.js';

const MASTER = { master: {}, browser: {} };
const DEV = { coordinator: { dev: true, pops: { dev: { desc: 'here' } } } };

describe('a server that holds a FakeIP', () => {
  let node: FakeIpNode;
  afterEach(() => node.test.stop());
  const start = async (plugins: Record<string, Record<string, unknown>>, accounts = false) => {
    node = await FakeIpNode.start(plugins, accounts);
  };
  const keep = (more: object = {}) =>
    node.call('PUT', '/v1/fake-ips/self', 'server-a', { appId: APP, open: true, ...more });
  const allocate = async (ports = 1) => {
    const { body } = await node.call('POST', '/v1/fake-ips', 'server-a', { appId: APP, ports });
    return { ...body, shown: `${body.address}:${body.ports[0]}` };
  };
  const hosted = (wish: unknown, identity = 'str:hosted') =>
    node.call('POST', '/v1/fake-ips/hosted', '', { login: login(node.hosted(identity), wish) });
  const said = { name: 'Hidden', map: 'de_dust2', players: 3, maxPlayers: 16, serverType: 'd' };

  it('is listed at its first port by what its signs of life say of it, until one says nothing', async () => {
    await start(MASTER);
    const { shown } = await allocate(2);
    expect(await node.servers()).deep.equal([]);
    await keep({ server: said });
    const [server] = await node.servers();
    expect(server).include({ address: shown, fakeIp: shown, name: 'Hidden', appId: APP });
    await keep({ server: { ...said, map: 'de_nuke' } });
    expect((await node.servers())[0]).include({ map: 'de_nuke' });
    await keep();
    expect(await node.servers()).deep.equal([]);
  });

  it('breaks no line with what it says', async () => {
    await start(MASTER);
    await allocate();
    await keep({ server: { ...said, name: 'two\nlines\\and\u0000more', tags: 'a\tb' } });
    const [server] = await node.servers();
    expect(server).deep.include({ name: 'twolinesandmore', tags: ['ab'] });
  });

  it('is off the list when its lease ends, and when it gives its FakeIP back', async () => {
    await start(MASTER);
    await allocate();
    await keep({ server: said });
    await node.clock.advance(182_000);
    expect(await node.servers()).deep.equal([]);
    await keep({ server: said });
    expect((await node.servers()).length).equal(1);
    await node.call('DELETE', '/v1/fake-ips/self', 'server-a', { appId: APP });
    expect(await node.servers()).deep.equal([]);
  });

  it('says nothing of itself that is too long, too large or unknown', async () => {
    await start(MASTER);
    await allocate();
    const wrong = [
      { ...said, name: 'x'.repeat(256) },
      { ...said, players: 256 },
      { ...said, address: '1.2.3.4:5' },
      { ...said, whitelisted: true },
      { map: 'without a name' },
    ];
    for (const server of wrong) expect((await keep({ server })).status).equal(400);
    expect(await node.servers()).deep.equal([]);
  });

  it('asks with its signed login where it has a certificate and no handle', async () => {
    await start({ ...MASTER, ...DEV });
    const { body } = await hosted({ ports: 2, open: true, server: said });
    expect(body).include({ identity: 'str:hosted', appId: APP, open: true, expiresIn: 180 });
    const shown = `${body.address}:${body.ports[0]}`;
    expect((await node.servers())[0]).include({ address: shown, name: 'Hidden' });
    expect((await node.fakeIps.find(APP, shown))?.identity).equal('str:hosted');
    await node.clock.advance(60_000);
    const again = await hosted({ ports: 2, open: false });
    expect([again.body.address, again.body.open]).deep.equal([body.address, false]);
    expect(await node.servers()).deep.equal([]);
    await node.clock.advance(1000);
    expect((await hosted({ ports: 0, open: false })).body).deep.equal({ released: true });
    expect(await node.fakeIps.find(APP, shown)).equal(undefined);
  });

  it('is refused with a login that is old, played back, altered, or without a wish', async () => {
    await start({ ...MASTER, ...DEV });
    const old = login(node.hosted('str:hosted'), { ports: 1, open: true, server: said });
    await node.clock.advance(10_000);
    await hosted({ ports: 1, open: false });
    const post = (text: string) => node.call('POST', '/v1/fake-ips/hosted', '', { login: text });
    expect((await post(old)).code).equal('FAKE_IP_REPLAYED');
    expect(await node.servers()).deep.equal([]);
    await node.clock.advance(300_000);
    expect((await post(old)).code).equal('LOGIN_TOO_OLD');
    expect((await post('AAAA')).code).equal('LOGIN_MALFORMED');
    expect((await hosted({ ports: 9, open: true })).code).equal('INVALID_REQUEST');
    expect((await hosted(undefined)).code).equal('INVALID_REQUEST');
  });

  it('is refused without a certificate where nobody plays developer', async () => {
    await start({ ...MASTER, coordinator: { pops: { fra: {} } } });
    const answer = await hosted({ ports: 1, open: true, server: said });
    expect([answer.status, answer.code]).deep.equal([403, 'LOGIN_UNSIGNED']);
    expect(await node.servers()).deep.equal([]);
  });

  it('proves who it is by the word that came with its FakeIP, as long as the lease lives', async () => {
    await start(DEV);
    const { token } = (await hosted({ ports: 1, open: true })).body;
    expect(await node.fakeIps.holderOf(token)).deep.equal({ identity: 'str:hosted', appId: APP });
    const put = (word: string) =>
      node.call('POST', '/v1/fake-ips/tickets', word, {
        ...{ appId: APP, client: 'str:player-a', virtualPort: 0x7fffff00 },
      });
    expect((await put(token)).code).equal('NO_ACCOUNTS');
    // Whoever overheard it cannot keep the FakeIP for himself, nor give it away.
    for (const method of ['PUT', 'DELETE']) {
      const body = { appId: APP, ...(method === 'PUT' ? { open: true } : {}) };
      expect((await node.call(method, '/v1/fake-ips/self', token, body)).status).equal(401);
    }
    const [head, body, seal] = token.split('.');
    const forged = Buffer.from(
      Buffer.from(body, 'base64url').toString().replace('str:hosted', 'str:victim'),
    ).toString('base64url');
    for (const word of [`${head}.${forged}.${seal}`, `${head}.${body}.${'A'.repeat(43)}`, 'fip']) {
      expect((await put(word)).status).equal(401);
    }
    await node.clock.advance(181_000);
    expect(await node.fakeIps.holderOf(token)).equal(undefined);
    await node.clock.advance(1000);
    const fresh = (await hosted({ ports: 1, open: true })).body.token;
    await node.clock.advance(1000);
    await hosted({ ports: 0, open: false });
    expect(await node.fakeIps.holderOf(fresh)).equal(undefined);
  });

  describe('asked for a ticket by a player', () => {
    const PLAYER = 'str:player-a';
    const ticket = (more: object = {}, bearer = 'server-a') =>
      node.call('POST', '/v1/fake-ips/tickets', bearer, {
        ...{ appId: APP, client: PLAYER, virtualPort: 0x7fffff00, ...more },
      });
    const ready = async () => {
      await start(DEV, true);
      node.loggedOn.add(PLAYER);
      node.licensed.add(PLAYER);
      await node.signOn('str:server-a');
      await allocate();
    };

    it('gets one for a player who is logged on and holds the app', async () => {
      await ready();
      const { status, body } = await ticket();
      expect(status).equal(200);
      expect(Buffer.from(body.ticket, 'base64').length).above(200);
    });

    it('gets none for a player without a live session', async () => {
      await ready();
      node.loggedOn.delete(PLAYER);
      expect((await ticket()).code).equal('NOT_LOGGED_ON');
    });

    it('gets none for a player whose account does not hold the app', async () => {
      await ready();
      node.licensed.delete(PLAYER);
      expect((await ticket()).code).equal('NO_LICENCE');
    });

    it('gets none while it says that it is full or closed', async () => {
      await ready();
      await keep({ open: false });
      expect((await ticket()).code).equal('SERVER_CLOSED');
      await keep({ open: true });
      expect((await ticket()).status).equal(200);
    });

    it('gets none for a port that its FakeIP has not, of another app, or after its lease', async () => {
      await ready();
      expect((await ticket({ virtualPort: 0x7fffff01 })).code).equal('FAKE_IP_PORTS');
      expect((await ticket({ virtualPort: 0 })).code).equal('FAKE_IP_PORTS');
      expect((await ticket({ appId: 481 })).code).equal('FORBIDDEN');
      await node.clock.advance(181_000);
      expect((await ticket()).code).equal('FAKE_IP_NO_MATCH');
    });

    it('gets none for itself in the name of another server, nor does a player', async () => {
      await ready();
      expect((await ticket({}, 'server-b')).code).equal('FAKE_IP_NO_MATCH');
      expect((await ticket({}, 'player-a')).status).equal(401);
    });

    it('gets none where nobody knows who is logged on', async () => {
      await start(DEV);
      await node.signOn('str:server-a');
      await allocate();
      expect((await ticket()).code).equal('NO_ACCOUNTS');
    });

    it('is held to 20 in a second from one address', async () => {
      await ready();
      const codes = await Promise.all(Array.from({ length: 60 }, () => ticket()));
      const limited = codes.filter(({ status }) => status === 429).length;
      expect(limited).within(35, 45);
    });
  });
});
