import { decodeAnswer, encodeInfo } from 'beaconry/a2s-query';
import { Registrations, type ServerDescription, ServerRegistrar } from 'beaconry/plugins/master';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import master from '../../../server-browser/master/index.js';
import { at, described } from './build.js';

const text = '203.0.113.1:27015';
const game = at(text);

/** What another plugin registers for a server that reached it over HTTP. */
describe('a claimed registration', () => {
  let server: TestServer;
  let registrar: ServerRegistrar;
  const start = async (config: Record<string, unknown> = {}, udp = '192.0.2.53:27011') => {
    server = await startTestServer({
      plugins: { master: config },
      atHand: { master },
      endpoints: { master: { udp } },
    });
    registrar = server.get(ServerRegistrar);
  };
  afterEach(() => server.stop());

  const listed = () => server.get(Registrations).list('');
  const says = (fields: Partial<ServerDescription> = {}) =>
    described({ name: 'claimed', ...fields });
  const challengeOf = (from: string): number => {
    const [given] = server.ask(
      'master',
      encodeGameServerMessage({ kind: 'challenge-request', echo: null }),
      from,
    );
    const answer = decodeMasterMessage(given ?? new Uint8Array());
    return answer.kind === 'challenge' ? answer.challenge : 0;
  };
  const join = (from = text) => {
    const values = { protocol: '7', challenge: String(challengeOf(from)), players: '5', max: '16' };
    server.ask(
      'master',
      encodeGameServerMessage({ kind: 'join', values: new Map(Object.entries(values)) }),
      from,
    );
  };
  const sent = () => server.network.takeSentTo(text).filter((bytes) => bytes[4] === 0x54);

  it('is refused and sends nothing until the server proves that it is at that port', async () => {
    await start();
    const owner = {};
    expect(registrar.register(game, says(), { owner })).equal('unproven');
    expect(registrar.register(game, says(), { owner, challenge: 77 })).equal('unproven');
    const other = challengeOf('203.0.113.1:27016');
    expect(registrar.register(game, says(), { owner, challenge: other })).equal('unproven');
    await server.clock.advance(10_000);
    expect(sent()).deep.equal([]);
    expect(server.get(Registrations).size).equal(0);
  });

  it('is asked whether it answers once it proved its port, and then listed', async () => {
    await start();
    const owner = {};
    const challenge = challengeOf(text);
    expect(registrar.register(game, says(), { owner, challenge })).equal('listed');
    expect(listed()).deep.equal([]);
    expect(sent()).have.length(1);
    const info = encodeInfo({
      ...{
        answer: 'source',
        protocol: 17,
        name: 'x',
        map: 'm',
        folder: 'f',
        game: 'g',
        appId: 240,
      },
      ...{ players: 5, maxPlayers: 16, bots: 0, serverType: 'd', environment: 'l' },
      ...{ password: false, secure: false, version: '1', extra: {} },
    });
    expect(decodeAnswer(info).kind).equal('info');
    server.ask('master', info, text);
    expect(listed()).have.length(1);
    // From now on it needs no further proof.
    expect(registrar.register(game, says({ map: 'next' }), { owner })).equal('listed');
    expect(listed()[0]?.map).equal('next');
  });

  it('neither changes nor withdraws what a join registered', async () => {
    await start({ verify: 'off' });
    join();
    const owner = {};
    expect(registrar.register(game, says(), { owner })).equal('taken');
    registrar.withdraw(game, owner);
    expect(listed().map(({ name }) => name)).deep.equal(['']);
  });

  it('passes to a join from the same port, and back to whoever proves the port again', async () => {
    await start({ verify: 'off' });
    const owner = {};
    registrar.register(game, says(), { owner, challenge: challengeOf(text) });
    join();
    expect(registrar.register(game, says(), { owner })).equal('taken');
    registrar.withdraw(game, owner);
    expect(listed()).have.length(1);
    const challenge = challengeOf(text);
    expect(registrar.register(game, says(), { owner, challenge })).equal('listed');
    expect(listed()[0]?.name).equal('claimed');
    registrar.withdraw(game, owner);
    expect(listed()).deep.equal([]);
  });

  it('belongs to its owner alone, even on a node of one machine where no proof is needed', async () => {
    await start({}, '127.0.0.1:0');
    const [first, second] = [{}, {}];
    const here = at('127.0.0.1:27015');
    expect(registrar.register(here, says(), { owner: first })).equal('listed');
    expect(registrar.register(here, says({ name: 'other' }), { owner: second })).equal('taken');
    registrar.withdraw(here, second);
    expect(listed()[0]?.name).equal('claimed');
    registrar.withdraw(here, first);
    expect(registrar.register(here, says({ name: 'other' }), { owner: second })).equal('listed');
  });
});
