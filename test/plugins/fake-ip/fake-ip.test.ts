import { definePlugin, PeerAddress } from 'beaconry';
import { Coordinator, GameServerAuthority, PlayerAuthority } from 'beaconry/plugins/coordinator';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { HostedServer } from '../../../plugins/coordinator/sdr/hosted-server.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
} from '../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import { fakeIpKind, pickFakeIp, pickPort } from '../../../plugins/fake-ip/fake-ip-range.js';
import { LocalFakeIps } from '../../../plugins/fake-ip/local-fake-ips.js';
import { FakeIps } from '../../../plugins/fake-ip/public.js';

/** Game servers `server-…` and players `player-…`, whose tokens are their names. */
const authorities = definePlugin({
  name: 'authorities',
  api: 1,
  provides: [PlayerAuthority, GameServerAuthority],
  setup(context) {
    context.provide(PlayerAuthority, {
      identify: async (bearer) =>
        bearer.startsWith('player-')
          ? { identity: `str:${bearer}`, appId: bearer.includes('other') ? 999 : 480 }
          : undefined,
    });
    context.provide(GameServerAuthority, {
      identify: async (bearer) =>
        bearer.startsWith('server-') ? { identity: `str:${bearer}`, appId: 480 } : undefined,
    });
  },
});

describe('fake-ip', () => {
  let test: TestServer | undefined;
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });
  const start = async (more: Readonly<Record<string, Record<string, unknown>>> = {}) => {
    test = await startTestServer({
      plugins: { authorities: {}, 'fake-ip': {}, ...more },
      atHand: { authorities },
    });
    const fakeIps = test.get(FakeIps);
    const call = async (method: string, url: string, bearer: string, payload?: object) => {
      const { statusCode, body } = await (test as TestServer).request({
        method: method as 'GET',
        url,
        headers: { authorization: `Bearer ${bearer}` },
        ...(payload === undefined ? {} : { payload }),
      });
      return { status: statusCode, body: JSON.parse(body) };
    };
    return { fakeIps, call, clock: test.clock };
  };
  const codeOf = async (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error: { code: string }) => error.code,
    );

  it('gives a server an address of the global range with ports in a row, and finds it by them', async () => {
    const { call } = await start();
    const { body } = await call('POST', '/v1/fake-ips', 'server-a', { appId: 480, ports: 2 });
    const [first, second] = body.ports;
    expect(second).equal(first + 1);
    expect(fakeIpKind(PeerAddress.of(body.address, first))).equal('global');
    const found = await call('GET', `/v1/fake-ips/480/${body.address}:${second}`, '');
    expect(found.body).deep.equal({ identity: 'str:server-a', virtualPort: 0x7fffff01 });
  });

  it('gives the same address again to the same server', async () => {
    const { fakeIps } = await start();
    const one = await fakeIps.allocate(480, 'str:a', 1);
    expect(await fakeIps.allocate(480, 'str:a', 1)).deep.equal(one);
  });

  it('refuses more ports than were asked for first, and more than four', async () => {
    const { fakeIps } = await start();
    await fakeIps.allocate(480, 'str:a', 1);
    expect(await codeOf(fakeIps.allocate(480, 'str:a', 2))).equal('FAKE_IP_LIMIT');
    expect(await codeOf(fakeIps.allocate(480, 'str:b', 5))).equal('FAKE_IP_PORTS');
  });

  it('keeps address and port to itself in one app, not across apps', async () => {
    const { fakeIps } = await start();
    const { address, ports } = await fakeIps.allocate(480, 'str:a', 1);
    expect(await fakeIps.find(481, `${address}:${ports[0]}`)).equal(undefined);
  });

  it('finds nobody after 180 s without a heartbeat, and gives the port to nobody for 15 minutes', async () => {
    const { fakeIps, clock } = await start();
    const { address, ports } = await fakeIps.allocate(480, 'str:a', 1);
    const name = `${address}:${ports[0]}`;
    await clock.advance(170_000);
    expect((await fakeIps.find(480, name))?.identity).equal('str:a');
    await fakeIps.renew(480, 'str:a', { open: true });
    await clock.advance(181_000);
    expect(await fakeIps.find(480, name)).equal(undefined);
    expect((await fakeIps.allocate(480, 'str:a', 1)).address).equal(address);
    await clock.advance(180_000 + 15 * 60_000 + 1000);
    expect(await codeOf(fakeIps.renew(480, 'str:a', { open: true }))).equal('FAKE_IP_NO_MATCH');
  });

  it('says what is no FakeIP', async () => {
    const { fakeIps } = await start();
    expect(await codeOf(fakeIps.find(480, '203.0.113.1:27015'))).equal('FAKE_IP_INVALID');
    expect(await codeOf(fakeIps.find(480, '169.254.200.1:27015'))).equal('FAKE_IP_INVALID');
  });

  it('gives no ticket for a closed server, to a player without licence, or to nobody', async () => {
    const { call } = await start();
    const { body } = await call('POST', '/v1/fake-ips', 'server-a', { appId: 480, ports: 1 });
    const connect = (bearer: string) =>
      call('POST', '/v1/fake-ips/connect', bearer, {
        appId: 480,
        address: `${body.address}:${body.ports[0]}`,
      });
    expect((await connect('nobody')).status).equal(401);
    expect((await connect('player-other')).body.error.code).equal('NO_LICENCE');
    expect((await connect('player-a')).body.error.code).equal('NO_COORDINATOR');
    await call('PUT', '/v1/fake-ips/self', 'server-a', { appId: 480, open: false });
    expect((await connect('player-a')).body.error.code).equal('SERVER_CLOSED');
  });

  it('gives a player a ticket for the server behind a FakeIP, and for that port only', async () => {
    const { call, clock } = await start({
      coordinator: { dev: true, pops: { dev: { desc: 'here' } } },
    });
    const hosted = new HostedServer(
      { listenPort: 30000, pop: 'dev', publicAddress: PeerAddress.of('7.0.0.1', 30000) },
      { appId: 480, identity: 'str:server-a', clock, certificates: () => undefined },
    );
    await (test as TestServer).get(Coordinator).loginServer(hosted.login());
    const { body } = await call('POST', '/v1/fake-ips', 'server-a', { appId: 480, ports: 2 });
    const answer = await call('POST', '/v1/fake-ips/connect', 'player-a', {
      appId: 480,
      address: `${body.address}:${body.ports[1]}`,
    });
    expect(answer.status).equal(200);
    const bytes = Buffer.from(answer.body.ticket, 'base64');
    expect(decodeRelayTicket(decodeSignedRelayTicket(bytes).ticket)).include({
      client: 'str:player-a',
      server: 'str:server-a',
      appId: 480,
      virtualPort: 0x7fffff01,
    });
  });

  it('never gives out the metadata address of clouds, the first or the last network', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (chance) => {
        for (const kind of ['global', 'local'] as const) {
          const port = pickPort(chance, 4);
          expect(port).within(1025, 65532);
          expect(fakeIpKind(PeerAddress.of(pickFakeIp(kind, chance), port))).equal(kind);
        }
      }),
      { numRuns: 1000 },
    );
    expect(pickFakeIp('local', (169 * 256 + 254 - 128 * 256) / (127 * 256))).equal(
      '169.254.169.253',
    );
  });

  it('knows a peer by the same local address as long as there is room', () => {
    const local = new LocalFakeIps(2);
    const a = local.addressOf('str:a');
    expect(local.addressOf('str:a')).equal(a);
    expect(local.identityOf(a)).equal('str:a');
    expect(new LocalFakeIps().addressOf('str:a').toString()).equal(a.toString());
    local.addressOf('str:b');
    local.addressOf('str:c');
    expect(local.identityOf(a)).equal(undefined);
  });
});
