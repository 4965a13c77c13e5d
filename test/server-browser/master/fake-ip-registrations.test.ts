import { FakeIpRegistrar, MasterExplanations, Registrations } from 'beaconry/plugins/master';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import {
  decodeListPage,
  encodeListRequest,
  LIST_START,
} from '../../../server-browser/a2s-query/list-codec.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import { at, described } from './build.js';

const fake = '169.254.3.7:30001';
const outside = '198.51.100.1:27005';

describe('a server at a FakeIP', () => {
  let server: TestServer;
  let registrar: FakeIpRegistrar;
  const start = async (config: Record<string, unknown> = {}) => {
    server = await startTestServer({
      plugins: { master: config, browser: {} },
      endpoints: { master: { udp: '192.0.2.53:27011' } },
    });
    registrar = server.get(FakeIpRegistrar);
  };
  afterEach(() => server.stop());

  const says = (name = 'behind relays') => described({ name, players: 3 });
  const wire = (from = outside, filter = ''): string[] => {
    const request = encodeListRequest({ region: 255, after: LIST_START, filter });
    const pages = server.ask('master', request, from);
    return pages.flatMap((page) =>
      decodeListPage(page).servers.map(({ host, port }) => `${host}:${port}`),
    );
  };
  const items = async () => (await server.request('/v1/servers')).json().items;
  const join = (from: string, name: string) => {
    const [given] = server.ask(
      'master',
      encodeGameServerMessage({ kind: 'challenge-request', echo: null }),
      from,
    );
    const answer = decodeMasterMessage(given ?? new Uint8Array());
    const challenge = answer.kind === 'challenge' ? String(answer.challenge) : '';
    const values = { protocol: '7', challenge, hostname: name, players: '1', max: '16' };
    const entries = new Map(Object.entries(values));
    server.ask('master', encodeGameServerMessage({ kind: 'join', values: entries }), from);
  };

  it('is in lists for everybody at once, with its FakeIP as the mark', async () => {
    await start();
    expect(registrar.register(at(fake), says())).equal('listed');
    expect(wire()).deep.equal([fake]);
    const [item] = await items();
    expect(item).include({ address: fake, fakeIp: fake, name: 'behind relays', players: 3 });
    expect(item).include({ verified: false, gamePort: 30001, source: 'master' });
    expect(item.flags).deep.equal([]);
  });

  it('is sent nothing by the master, also after a shutdown in its name and to clients that ask for such servers', async () => {
    await start({ verify: 'a2s' });
    registrar.register(at(fake), { ...says(), nat: true });
    server.ask('master', encodeGameServerMessage({ kind: 'shutdown' }), fake);
    wire(outside, '\\nat\\1\\clver\\0.21');
    await server.clock.advance(60_000);
    registrar.register(at(fake), says('again'));
    await server.clock.advance(60_000);
    expect(server.network.takeSentTo(fake)).deep.equal([]);
    expect((await items())[0]).include({ name: 'again' });
  });

  it('leaves lists when its lease ends or is given back', async () => {
    await start();
    registrar.register(at(fake), says());
    await server.clock.advance(170_000);
    registrar.register(at(fake), says());
    await server.clock.advance(178_000);
    expect(wire()).deep.equal([fake]);
    await server.clock.advance(4000);
    expect(wire()).deep.equal([]);
    expect(await items()).deep.equal([]);
    registrar.register(at(fake), says());
    registrar.withdraw(at(fake));
    expect(wire()).deep.equal([]);
  });

  it('keeps its place when somebody in the own network joins from that address', async () => {
    await start({ verify: 'off' });
    registrar.register(at(fake), says());
    join(fake, 'neighbour');
    expect((await items()).map(({ name }: { name: string }) => name)).deep.equal(['behind relays']);
    const { refusals } = server.get(MasterExplanations).explain(fake);
    expect(refusals.map(({ reason }) => reason)).deep.equal(['fake-ip']);
  });

  it('takes the place of a server that joined from there before', async () => {
    await start({ verify: 'off' });
    join(fake, 'neighbour');
    registrar.register(at(fake), says());
    expect((await items())[0]).include({ name: 'behind relays', fakeIp: fake });
    registrar.withdraw(at('169.254.9.9:2000'));
    expect(wire()).deep.equal([fake]);
  });

  it('is not withdrawn in the place of a server that is no FakeIP', async () => {
    await start({ verify: 'off' });
    join('169.254.9.9:2000', 'neighbour');
    registrar.withdraw(at('169.254.9.9:2000'));
    expect(server.get(Registrations).size).equal(1);
  });

  it('has to be in the range of FakeIPs', async () => {
    await start();
    expect(() => registrar.register(at('203.0.113.1:27015'), says())).throw(/no FakeIP/);
  });

  it('obeys the operator: deny, allow, least version', async () => {
    await start({ deny: ['169.254.3.0/24'], minVersion: { cstrike: '2.0' } });
    expect(registrar.register(at(fake), says())).equal('refused');
    expect(registrar.register(at('169.254.4.1:2000'), says())).equal('outdated');
    expect(wire()).deep.equal([]);
  });

  it('stays off the wire where the operator wants it so, and on the page', async () => {
    await start({ listFakeIps: false });
    registrar.register(at(fake), says());
    expect(wire()).deep.equal([]);
    expect((await items()).length).equal(1);
  });

  it('finds room beside others at its address, and no more than 16384 do', async () => {
    await start({ maxPerAddress: 1 });
    let listed = 0;
    for (let third = 1; third < 100; third++) {
      for (let port = 2000; port < 2200; port++) {
        const one = at(`169.254.${third}.1:${port}`);
        if (registrar.register(one, says(`${third} ${port}`)) === 'listed') listed++;
      }
    }
    expect(listed).equal(16_384);
    expect(server.get(Registrations).size).equal(16_384);
  });
});
