import { challengeAt, encodeChallenge, encodeInfo } from 'beaconry/a2s-query';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import {
  decodeListPage,
  encodeListRequest,
  LIST_START,
} from '../../../server-browser/a2s-query/list-codec.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import master from '../../../server-browser/master/index.js';

const game = '203.0.113.1:27015';
const outside = '198.51.100.1:27005';

/** A master that strangers can reach, and servers that answer as the test wants. */
describe('the truth of the list', () => {
  let server: TestServer;
  const logged: string[] = [];
  const start = async (
    config: Record<string, unknown> = {},
    core: Record<string, unknown> = {},
  ) => {
    logged.splice(0);
    server = await startTestServer({
      plugins: { master: config },
      atHand: { master },
      endpoints: { master: { udp: '192.0.2.53:27011' } },
      config: core,
      log: pino({ level: 'warn' }, { write: (line: string) => logged.push(line) }),
    });
  };
  afterEach(() => server.stop());

  const say = (message: Parameters<typeof encodeGameServerMessage>[0], from: string) =>
    server.ask('master', encodeGameServerMessage(message), from);
  const join = (from = game, values: Record<string, string> = {}): void => {
    const [given] = say({ kind: 'challenge-request', echo: null }, from);
    const answer = decodeMasterMessage(given ?? new Uint8Array());
    const challenge = answer.kind === 'challenge' ? String(answer.challenge) : '';
    const all = { protocol: '7', challenge, players: '5', max: '16', ...values };
    say({ kind: 'join', values: new Map(Object.entries(all)) }, from);
  };
  const shutdown = (from = game) => say({ kind: 'shutdown' }, from);
  /** Questions that the master sent to the server. */
  const questions = (from = game) =>
    server.network.takeSentTo(from).filter((bytes) => bytes[4] === 0x54);
  const info = (from = game, facts: { players?: number; name?: string } = {}): void => {
    const answer = encodeInfo({
      answer: 'source',
      protocol: 17,
      name: facts.name ?? `Server ${from}`,
      map: 'de_dust2',
      folder: 'cstrike',
      game: 'Counter-Strike',
      appId: 240,
      players: facts.players ?? 5,
      maxPlayers: 16,
      bots: 0,
      serverType: 'd',
      environment: 'l',
      password: false,
      secure: false,
      version: '1',
      extra: {},
    });
    server.ask('master', answer, from);
  };
  const list = (from = outside, filter = ''): string[] => {
    const request = encodeListRequest({ region: 255, after: LIST_START, filter });
    const [page] = server.ask('master', request, from);
    return decodeListPage(page as Uint8Array).servers.map(({ host, port }) => `${host}:${port}`);
  };

  it('lists a server only after it answered INFO at its address', async () => {
    await start();
    join();
    expect(list()).deep.equal([]);
    expect(questions()).have.lengthOf(1);
    server.ask('master', encodeChallenge(77), game);
    const [second] = questions();
    expect(challengeAt(second as Uint8Array, 25)).equal(77);
    info();
    expect(list()).deep.equal([game]);
  });

  it('believes no INFO that nobody asked for, nor one of another port', async () => {
    await start();
    info();
    join();
    info('203.0.113.1:27016');
    expect(list()).deep.equal([]);
  });

  it('hides a server that stops answering, and shows it when it answers again', async () => {
    await start();
    join();
    info();
    await server.clock.advance(140_000);
    join();
    expect(list()).deep.equal([game]);
    await server.clock.advance(11_000);
    expect(list()).deep.equal([]);
    join();
    info();
    expect(list()).deep.equal([game]);
  });

  it('shows the smallest of heartbeat, INFO and maximum as players', async () => {
    await start();
    join(game, { players: '200', max: '16' });
    info(game, { players: 3 });
    expect(list(outside, '\\empty\\1')).deep.equal([game]);
    const shown = server.server.service((await import('beaconry/plugins/master')).Registrations);
    expect(shown.list('')[0]?.players).equal(3);
    join(game, { players: '200', max: '16' });
    expect(shown.list('')[0]?.players).equal(3);
  });

  it('shows one of many servers that say the same behind more than three addresses', async () => {
    await start();
    const clones = [1, 2, 3, 4, 5].map((n) => `203.0.${n}.1:27015`);
    for (const clone of clones.slice(0, 3)) {
      join(clone);
      info(clone, { name: 'Clone' });
    }
    expect(list()).deep.equal(clones.slice(0, 3));
    for (const clone of clones.slice(3)) {
      join(clone);
      info(clone, { name: 'Clone' });
    }
    expect(list()).deep.equal(clones.slice(0, 1));
  });

  it('hides a server that signs off at once, and forgets it when it stays silent', async () => {
    await start();
    join();
    info();
    shutdown();
    expect(list()).deep.equal([]);
    await server.clock.advance(11_000);
    info();
    expect(list()).deep.equal([]);
  });

  it('lists a server again that answers after a forged shutdown, and ignores more for five minutes', async () => {
    await start({ ttl: '1h' });
    join();
    info();
    questions();
    shutdown();
    expect(questions()).have.lengthOf(1);
    info();
    expect(list()).deep.equal([game]);
    shutdown();
    expect(list()).deep.equal([game]);
    await server.clock.advance(301_000);
    shutdown();
    expect(list()).deep.equal([]);
  });

  it('lets a server that is not verified make room, never one that is', async () => {
    await start({ maxPerAddress: 2 });
    join('203.0.113.1:1');
    info('203.0.113.1:1');
    join('203.0.113.1:2');
    join('203.0.113.1:3');
    info('203.0.113.1:2');
    info('203.0.113.1:3');
    expect(list()).deep.equal(['203.0.113.1:1', '203.0.113.1:3']);
    join('203.0.113.1:4');
    info('203.0.113.1:4');
    expect(list()).deep.equal(['203.0.113.1:1', '203.0.113.1:3']);
  });

  it('lists a private server only to its own range, and says which key to set', async () => {
    await start({ verify: 'off' });
    join('10.0.0.5:27015');
    join('10.0.0.6:27015');
    expect(list()).deep.equal([]);
    expect(list('192.168.0.1:9')).deep.equal([]);
    expect(list('10.9.9.9:9')).deep.equal(['10.0.0.5:27015', '10.0.0.6:27015']);
    expect(logged).have.lengthOf(1);
    expect(logged[0])
      .contain('publicAddress.ipv4')
      .and.contain('addressMap: { 10.0.0.0/8: ADDRESS }');
  });

  it('lists a private server at the mapped address to everybody', async () => {
    await start(
      { verify: 'off', addressMap: { '10.0.0.0/24': '203.0.113.7' } },
      {
        publicAddress: { ipv4: '203.0.113.8' },
      },
    );
    join('10.0.0.5:27015');
    join('192.168.0.5:27016');
    expect(list()).deep.equal(['203.0.113.7:27015', '203.0.113.8:27016']);
    expect(logged).deep.equal([]);
  });

  it('asks a mapped server at the address that is listed, and takes its answer from inside', async () => {
    await start({ addressMap: { '10.0.0.0/24': '203.0.113.7' } });
    join('10.0.0.5:27015');
    expect(questions('10.0.0.5:27015')).deep.equal([]);
    expect(questions('203.0.113.7:27015')).have.lengthOf(1);
    info('10.0.0.5:27015');
    expect(list()).deep.equal(['203.0.113.7:27015']);
  });

  it('takes servers of allowed ranges only, and none of denied ones', async () => {
    await start({ verify: 'off', allow: ['203.0.113.0/24'], deny: ['203.0.113.128/25'] });
    for (const from of [game, '203.0.113.200:1', '198.51.100.9:1']) join(from);
    expect(list()).deep.equal([game]);
  });
});
