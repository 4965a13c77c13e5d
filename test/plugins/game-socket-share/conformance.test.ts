import { PeerAddress } from 'beaconry';
import {
  challengeAt,
  decodeInfo,
  encodeQuery,
  MessageType,
  QueryClient,
  UdpSocket,
} from 'beaconry/a2s-query';
import { GameServerState } from 'beaconry/plugins/game-server';
import { GameSocketShare, type OutgoingPacket } from 'beaconry/plugins/game-socket-share';
import { type Registration, Registrations } from 'beaconry/plugins/master';
import { Rules } from 'beaconry/plugins/rules';
import { hex, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeMasterMessage } from '../../../server-browser/master/heartbeat-codec.js';
import { GameWithSocket } from './game-with-socket.js';

const MASTER = '198.51.100.7:27011';
const CLIENT = PeerAddress.of('192.0.2.9', 27005);
const plugins = {
  'game-socket-share': {},
  'game-server': { name: 'Shared', gamePort: 27015, maxPlayers: 8 },
  rules: { values: { motd: 'hello' } },
  a2s: { rateLimit: 'off' },
};

describe('GameSocketShare conformance', () => {
  let server: TestServer;
  let share: GameSocketShare;

  const start = async (more: Record<string, Record<string, unknown>> = {}) => {
    server = await startTestServer({
      plugins: { ...plugins, ...more },
      endpoints: { game: { udp: 'shared' } },
    });
    share = server.get(GameSocketShare);
  };
  afterEach(() => server.stop());

  const drain = (): OutgoingPacket[] => {
    const packets: OutgoingPacket[] = [];
    for (let next = share.getNextOutgoingPacket(); next.length > 0; ) {
      packets.push(next);
      next = share.getNextOutgoingPacket();
    }
    return packets;
  };
  const ask = (bytes: Uint8Array, from = CLIENT): Uint8Array[] => {
    share.handle(bytes, from);
    return drain().map(({ out }) => out);
  };
  const challenge = (from = CLIENT): number =>
    challengeAt(ask(encodeQuery('info', null), from)[0] as Uint8Array, 5);

  it('1. opens no socket', async () => {
    const sockets = () =>
      process.getActiveResourcesInfo().filter((kind) => /UDP/.test(kind)).length;
    const before = sockets();
    server = await startTestServer({
      plugins,
      endpoints: { game: { udp: 'shared' } },
      // Sockets of the native driver are no resources of Node.
      config: { net: { driver: 'dgram' } },
      real: true,
    });
    const bound = [...server.server.endpoints.udp.values()].flatMap(({ addresses }) => addresses);
    expect(bound.length).greaterThan(0);
    expect(sockets() - before).equal(bound.length);
    expect(server.server.report().endpoints.game).deep.equal([]);
  });

  it('2. answers INFO with a challenge of 9 bytes, and with it with data, to the same address and port', async () => {
    await start();
    share.handleIncomingPacket(encodeQuery('info', null), 0xc0000209, 27005);
    const [first] = drain();
    expect(first).deep.include({ length: 9, address: 0xc0000209, port: 27005 });
    const given = challengeAt(first?.out as Uint8Array, 5);
    expect(share.handleIncomingPacket(encodeQuery('info', given), 0xc0000209, 27005).handled).equal(
      true,
    );
    const [answer] = drain();
    expect(answer).deep.include({ address: 0xc0000209, port: 27005 });
    expect(decodeInfo(answer?.out as Uint8Array).name).equal('Shared');
  });

  it('3. answers PLAYER and RULES with challenge -1 with a challenge, and with it with data', async () => {
    await start();
    for (const [kind, letter] of [
      ['players', MessageType.players],
      ['rules', MessageType.rules],
    ] as const) {
      const [first] = ask(encodeQuery(kind, 0xffffffff));
      expect(first?.[4]).equal(MessageType.challenge);
      const given = challengeAt(first as Uint8Array, 5);
      expect(ask(encodeQuery(kind, given))[0]?.[4]).equal(letter);
    }
  });

  it('4. gives challenges that depend on the sender, expire, and are never taken from others', async () => {
    await start();
    const other = PeerAddress.of('192.0.2.10', 27005);
    const mine = challenge();
    expect(mine).not.equal(challenge(other));
    expect(ask(encodeQuery('info', mine), other)[0]).have.lengthOf(9);
    await server.clock.advance(60_000);
    expect(challenge()).not.equal(mine);
    expect(ask(encodeQuery('info', mine))[0]).have.lengthOf(9);
  });

  it('5. answers 200 queries of one frame in order, in one drain', async () => {
    await start();
    const clients = Array.from({ length: 200 }, (_, i) => PeerAddress.of('192.0.2.9', 30000 + i));
    for (const client of clients) share.handle(encodeQuery('info', null), client);
    expect(share.waiting).equal(200);
    expect(drain().map(({ port }) => port)).deep.equal(clients.map(({ port }) => port));
    expect(share.getNextOutgoingPacket()).deep.equal({
      length: 0,
      out: new Uint8Array(),
      address: 0,
      port: 0,
    });
  });

  it('6. queues a long answer as split datagrams, in order', async () => {
    await start();
    for (let i = 0; i < 60; i++) server.get(Rules).set(`rule ${i}`, 'x'.repeat(100));
    const packets = ask(encodeQuery('rules', challenge()));
    expect(packets.length).greaterThan(1);
    packets.forEach((packet, index) => {
      expect(packet.subarray(0, 4)).deep.equal(hex`fe ff ff ff`);
      expect(packet.length).at.most(1400);
      expect(packet[8]).equal(packets.length);
      expect(packet[9]).equal(index);
    });
  });

  it('7. leaves other connectionless packets to the game, without effect', async () => {
    await start({ heartbeat: { masters: [MASTER] } });
    drain();
    for (const text of [
      'getchallenge steam\n',
      'connect 48 "x"',
      'rcon 1 x status',
      'lprint',
      'i',
    ]) {
      const packet = hex`ff ff ff ff ${Buffer.from(text)}`;
      expect(share.handleIncomingPacket(packet, '192.0.2.9', 27005), text).deep.equal({
        handled: false,
      });
    }
    expect(share.handle(hex`fe ff ff ff 00 00 00 00`, CLIENT)).equal(false);
    expect(share.waiting).equal(0);
  });

  it('8. ignores queries while advertising is off and answers again when it is on', async () => {
    await start({ 'game-server': { name: 'Shared', advertise: 'live' } });
    const state = server.get(GameServerState);
    expect(share.handle(encodeQuery('info', null), CLIENT)).equal(true);
    drain();
    state.update({ advertise: false });
    expect(share.handle(encodeQuery('info', null), CLIENT)).equal(false);
    expect(share.waiting).equal(0);
    state.update({ advertise: true });
    expect(ask(encodeQuery('info', null))[0]).have.lengthOf(9);
  });

  it('9. queues heartbeats without any incoming packet', async () => {
    await start({ heartbeat: { masters: [MASTER] } });
    await server.clock.advance(1000);
    const [heartbeat] = drain();
    expect(heartbeat).deep.include({ address: 0xc6336407, port: 27011, length: 1 });
    expect(Buffer.from(heartbeat?.out as Uint8Array).toString()).equal('q');
    const answer = encodeMasterMessage({ kind: 'challenge', challenge: 77, echo: null });
    expect(share.handle(answer, PeerAddress.of('203.0.113.1', 27011))).equal(true);
    expect(share.waiting, 'nothing for a stranger').equal(0);
    expect(share.handle(answer, PeerAddress.of('198.51.100.7', 27011))).equal(true);
    expect(Buffer.from(drain()[0]?.out as Uint8Array).toString()).contain('\\challenge\\77');
  });

  it('10. uses addresses in host order', async () => {
    await start();
    share.handleIncomingPacket(encodeQuery('info', null), '10.1.2.4', 27005);
    share.handleIncomingPacket(encodeQuery('info', null), 0x0a010204, 27006);
    expect(drain().map(({ address, port }) => [address, port])).deep.equal([
      [0x0a010204, 27005],
      [0x0a010204, 27006],
    ]);
  });

  it('11. shows the game port in INFO, and a master lists the port of the game', async () => {
    const master = await startTestServer({
      plugins: { master: { verify: 'off' } },
      real: true,
    });
    const game = await GameWithSocket.bind();
    try {
      server = await startTestServer({
        plugins: {
          ...plugins,
          'game-server': { name: 'Shared', gamePort: game.port },
          heartbeat: { masters: [master.address('master').toString()] },
        },
        endpoints: { game: { udp: 'shared' } },
        real: true,
      });
      share = server.get(GameSocketShare);
      game.share(share);
      const listed = await firstListed(master);
      expect(listed.address.toString()).equal(`127.0.0.1:${game.port}`);
      const socket = new UdpSocket();
      const client = new QueryClient(socket);
      const { info } = await client.info({ host: '127.0.0.1', port: game.port }).finally(() => {
        client.close();
        return socket.close();
      });
      expect(info.answer === 'source' && info.extra?.gamePort).equal(game.port);
    } finally {
      await game.close();
      await master.stop();
    }
  });

  it('12. survives packets of 0, 3 and 65,536 bytes, and takes bytes behind the question', async () => {
    await start();
    for (const packet of [
      new Uint8Array(),
      hex`ff ff ff`,
      new Uint8Array(65_536).fill(0xff),
      new Uint8Array(65_536),
    ]) {
      expect(share.handle(packet, CLIENT)).equal(false);
    }
    const malformed = hex`ff ff ff ff 54 "Source"`;
    expect(share.handle(malformed, CLIENT), 'ours, but malformed').equal(true);
    expect(share.waiting).equal(0);
    const longer = hex`${encodeQuery('info', challenge())} 00 01 02 03`;
    expect(decodeInfo(ask(longer)[0] as Uint8Array).name).equal('Shared');
  });

  it('13. forgets what waits when the server logs off', async () => {
    await start();
    share.handle(encodeQuery('info', null), CLIENT);
    share.clear();
    expect(share.getNextOutgoingPacket().length).equal(0);
  });

  it('14. sends at most 9 bytes to whoever has no valid challenge', async () => {
    await start();
    for (const kind of ['info', 'players', 'rules'] as const) {
      for (const sent of [null, 0, 0xffffffff, 12345]) {
        const answers = ask(encodeQuery(kind, sent));
        expect(answers.reduce((sum, { length }) => sum + length, 0)).at.most(9);
      }
    }
    expect(server.server.endpoints.udp.get('game')?.counters.violations).equal(0);
  });
});

const firstListed = (master: TestServer): Promise<Registration> =>
  new Promise((resolve) => {
    const registrations = master.get(Registrations);
    const [known] = registrations.list('');
    if (known !== undefined) resolve(known);
    else registrations.onUpsert(resolve);
  });
