import { encodeInfo } from 'beaconry/a2s-query';
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
import master from '../../../server-browser/master/index.js';
import { Registrations } from '../../../server-browser/master/public.js';

const info = (name: string): Uint8Array =>
  encodeInfo({
    answer: 'source',
    protocol: 17,
    name,
    map: 'de_dust2',
    folder: 'cstrike',
    game: 'Counter-Strike',
    appId: 240,
    players: 5,
    maxPlayers: 16,
    bots: 0,
    serverType: 'd',
    environment: 'l',
    password: false,
    secure: false,
    version: '1',
    extra: {},
  });

describe('a master under a flood of heartbeats', function () {
  this.timeout(60_000);
  let server: TestServer;
  afterEach(() => server.stop());

  const join = (from: string): void => {
    const ask = (message: Parameters<typeof encodeGameServerMessage>[0]) =>
      server.ask('master', encodeGameServerMessage(message), from);
    const [given] = ask({ kind: 'challenge-request', echo: null });
    if (given === undefined) return;
    const answer = decodeMasterMessage(given);
    const challenge = answer.kind === 'challenge' ? String(answer.challenge) : '';
    const values = { protocol: '7', challenge, players: '5', max: '16', hostname: from };
    ask({ kind: 'join', values: new Map(Object.entries(values)) });
  };
  const request = encodeListRequest({ region: 255, after: LIST_START, filter: '\\full\\1' });
  let asker = 0;
  /** A list to a client of a network of its own, and the milliseconds it cost. */
  const list = (): { servers: string[]; cost: number } => {
    const n = asker++;
    const from = `20.${(n >> 8) & 255}.${n & 255}.1:27005`;
    const begin = performance.now();
    const [page] = server.ask('master', request, from);
    const cost = performance.now() - begin;
    const { servers } = decodeListPage(page as Uint8Array);
    return { servers: servers.map(({ host, port }) => `${host}:${port}`), cost };
  };
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;

  it('of one /24 and one /64 keeps the others listed, itself small, and lists at most twice as dear', async () => {
    server = await startTestServer({
      plugins: { master: {} },
      atHand: { master },
      endpoints: { master: { udp: '192.0.2.53:27011' } },
    });
    const good = Array.from({ length: 100 }, (_, n) => `30.0.${n}.1:27015`);
    for (const from of good) {
      join(from);
      server.ask('master', info(from), from);
    }
    const before: number[] = [];
    for (let i = 0; i < 1000; i++) before.push(list().cost);

    const during: number[] = [];
    let port = 1024;
    for (let tenth = 0; tenth < 30; tenth++) {
      for (let i = 0; i < 500; i++) {
        port = port >= 65_000 ? 1024 : port + 1;
        join(`203.0.113.${i % 256}:${port}`);
        join(`[2001:db8:0:1::${(i + tenth * 500).toString(16)}]:${port}`);
        if (i % 16 === 0) during.push(list().cost);
      }
      await server.clock.advance(100);
      // What the test network remembers of the sent datagrams is not the master's.
      expect(list().servers).deep.equal(good);
    }
    const registrations = server.get(Registrations);
    expect(registrations.size).at.most(good.length + 2 * 512);
    expect(registrations.list('').map(({ address }) => String(address))).deep.equal(good);
    const ratio = median(during) / median(before);
    console.log(`      a list costs ${ratio.toFixed(2)} times as much during the flood`);
    expect(ratio).at.most(2);
  });
});
