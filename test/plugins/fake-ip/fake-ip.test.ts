import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
} from '../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import { fakeIpKind, pickFakeIp, pickPort } from '../../../plugins/fake-ip/fake-ip-range.js';
import { LocalFakeIps } from '../../../plugins/fake-ip/local-fake-ips.js';
import { FakeIpNode } from './fake-ip-node.js';

describe('fake-ip', () => {
  let node: FakeIpNode | undefined;
  afterEach(async () => {
    await node?.test.stop();
    node = undefined;
  });
  const start = async (more: Readonly<Record<string, Record<string, unknown>>> = {}) => {
    node = await FakeIpNode.start(more);
    const started = node;
    const { fakeIps, clock } = started;
    const call: FakeIpNode['call'] = (...parameters) => started.call(...parameters);
    return { fakeIps, clock, call, node: started };
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

  it('gives an app its FakeIPs to servers of that app alone', async () => {
    const { call } = await start();
    const ask = (bearer: string) => call('POST', '/v1/fake-ips', bearer, { appId: 480, ports: 1 });
    expect((await ask('server-other')).code).equal('FORBIDDEN');
    expect((await ask('nobody')).status).equal(401);
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
    const { call, node } = await start({
      coordinator: { dev: true, pops: { dev: { desc: 'here' } } },
    });
    await node.signOn('str:server-a');
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
