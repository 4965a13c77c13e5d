import { Bans } from 'beaconry/plugins/bans';
import { MasterExplanations } from 'beaconry/plugins/master';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import bans from '../../../plugins/bans/index.js';
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

const game = '192.0.2.1:27015';
const client = '198.51.100.1:27005';
const token = 'secret-token';

describe('explain', () => {
  let test: TestServer;
  const start = async (config: Record<string, unknown> = {}) => {
    test = await startTestServer({
      plugins: { master: { verify: 'off', ...config }, bans: {} },
      atHand: { master, bans },
      config: { management: { token } },
      endpoints: { master: { udp: '0.0.0.0:0' } },
    });
  };
  const join = (from = game, values: Record<string, string> = {}): void => {
    const request = encodeGameServerMessage({ kind: 'challenge-request', echo: null });
    const [bytes] = test.ask('master', request, from);
    const answer = bytes === undefined ? undefined : decodeMasterMessage(bytes);
    const challenge = answer?.kind === 'challenge' ? String(answer.challenge) : '0';
    const all = { protocol: '7', challenge, gamedir: 'cstrike', ...values };
    const message = { kind: 'join', values: new Map(Object.entries(all)) } as const;
    test.ask('master', encodeGameServerMessage(message), from);
  };
  const ask = (filter = ''): string[] | undefined => {
    const request = encodeListRequest({ region: 255, after: LIST_START, filter });
    const [page] = test.ask('master', request, client);
    return page && decodeListPage(page).servers.map(({ host, port }) => `${host}:${port}`);
  };
  const explain = (address = game) => test.get(MasterExplanations).explain(address);
  /** Answers to the questions of the table that are not yes. */
  const answers = (address = game): string => {
    const signs = { yes: '', no: ' no', open: ' ?' };
    const others = explain(address).steps.filter(({ answer }) => answer !== 'yes');
    return `yes but ${others.map(({ step, answer }) => step + signs[answer]).join(', ')}`;
  };
  /** The reason of the last refusal; every explanation of one names what to do. */
  const reason = (address = game): string | undefined => {
    const { refusals, text } = explain(address);
    if (refusals.length > 0) expect(text).contain('remedy: ').and.contain(address);
    return refusals[0]?.reason;
  };

  afterEach(() => test.stop());

  it('says what is listed', async () => {
    await start();
    join(game, { gamedir: 'cstrike', map: 'de_\u001b[2Jdust' });
    expect(explain().state).equal('listed');
    expect(explain().text).contain('is listed').and.contain('0 s ago').and.not.contain('\u001b');
    expect(answers()).equal('yes but asked ?, pages ?');
  });

  it('says that it never heard of a server, and what to try', async () => {
    await start();
    expect(explain().state).equal('unknown');
    expect(explain().text).contain('never heard of').and.contain('"beaconry doctor" beside');
    expect(answers()).equal('yes but masters ?, reachability ?');
  });

  it('says what is registered but kept out of lists', async () => {
    await start();
    join(game, { lan: '1' });
    expect(explain()).include({ state: 'unlisted' });
    expect(answers()).equal('yes but internet no');
    expect(explain().text).match(
      /^ {2}NO {2}internet +Is it meant for the internet\? - "sv_lan 0"\.$/m,
    );
  });

  it('names the reason challenge', async () => {
    await start();
    join(game, { challenge: '12345' });
    expect([explain().state, reason()]).deep.equal(['refused', 'challenge']);
    expect(answers()).equal('yes but challenge no');
  });

  it('names the reason loopback', async () => {
    await start();
    join('127.0.0.1:27015');
    expect(reason('127.0.0.1:27015')).equal('loopback');
  });

  it('names the reason denied', async () => {
    await start({ deny: ['192.0.2.0/24'] });
    join();
    expect(reason()).equal('denied');
  });

  it('names the reason banned, who banned and why, and how to lift it', async () => {
    await start();
    join();
    await test.get(Bans).add({ subject: game, reason: 'cheats', by: 'somebody' });
    expect(explain().state).equal('banned');
    expect(answers()).contain('bans no');
    expect(explain().text).contain('by somebody: cheats').and.contain(`ban remove ${game}`);
    expect(reason()).equal('banned');
    await test.get(Bans).add({ subject: '203.0.113.0/24', reason: 'floods', by: 'somebody' });
    expect(explain('203.0.113.9:27015').text).contain('ban remove 203.0.113.0/24');
  });

  it('names the reason port', async () => {
    await start();
    join('192.0.2.1:0');
    expect(reason('192.0.2.1:0')).equal('port');
    expect(answers('192.0.2.1:0')).equal('yes but challenge ?, port no');
  });

  it('names the reason address-full', async () => {
    await start({ maxPerAddress: 1 });
    join();
    join('192.0.2.1:27016');
    expect(reason('192.0.2.1:27016')).equal('address-full');
  });

  it('names the reason prefix-full', async () => {
    await start({ rateLimit: 'off' });
    for (let n = 0; n < 512; n++) join(`192.0.2.${1 + (n >> 6)}:${27015 + (n & 63)}`);
    join('192.0.2.99:27015');
    expect(reason('192.0.2.99:27015')).equal('prefix-full');
  });

  it('names the reason outdated', async () => {
    await start({ minVersion: { cstrike: '2.0' } });
    join(game, { version: '1.0' });
    expect([explain().state, reason()]).deep.equal(['unlisted', 'outdated']);
    expect(answers()).equal('yes but version no');
  });

  it('names the reason rate', async () => {
    await start({ rateLimit: 1 });
    for (let n = 0; n < 513; n++) join();
    expect(reason()).equal('rate');
  });

  it('names the reason filter', async () => {
    await start();
    ask('\\nor\\1'.repeat(100));
    expect(reason(client)).equal('filter');
  });

  it('names the reason budget', async () => {
    await start({ rateLimit: 1 });
    for (let n = 0; n < 129; n++) ask();
    expect(reason(client)).equal('budget');
    expect(answers(client)).equal('yes but pages no');
  });

  it('names the reason search', async () => {
    await start({ rateLimit: 1 });
    for (let n = 0; n < 129; n++) ask(`\\map\\${n}`);
    expect(reason(client)).equal('search');
  });

  it('names the reason expired', async () => {
    await start();
    join();
    await test.clock.advance(301_000);
    expect([explain().state, reason()]).deep.equal(['refused', 'expired']);
    expect(answers()).contain('heartbeats no');
  });

  it('names the reason signed-off', async () => {
    await start();
    join();
    test.ask('master', encodeGameServerMessage({ kind: 'shutdown' }), game);
    expect(reason()).equal('signed-off');
    join();
    expect(explain().state).equal('listed');
  });

  it('knows a server under the address it is listed at, too', async () => {
    await start({ addressMap: { '10.0.0.0/8': '192.0.2.7' } });
    join('10.0.0.5:27015');
    expect(explain('10.0.0.5:27015').text)
      .contain('is listed as 192.0.2.7:27015')
      .and.contain('192.0.2.7:27015 is listed');
  });

  it('says that a server has not answered at its address', async () => {
    await start({ verify: 'a2s' });
    join();
    expect([explain().state, answers()]).deep.equal(['unlisted', 'yes but answers no']);
  });

  it('leaves open whether an address of a private network is far enough', async () => {
    await start();
    join('10.0.0.5:27015');
    expect([explain('10.0.0.5:27015').state, answers('10.0.0.5:27015')]).deep.equal([
      'listed',
      'yes but address ?, asked ?, pages ?',
    ]);
  });

  it('remembers what is certain although strangers make up refusals without end', async () => {
    await start();
    join();
    await test.clock.advance(301_000);
    for (let n = 0; n < 3000; n++) {
      const from = `198.51.${n >> 8}.${n & 255}:27015`;
      test.ask('master', encodeGameServerMessage(forged), from);
    }
    expect(reason()).equal('expired');
    expect(test.get(MasterExplanations).refusals(undefined, 10_000)).have.lengthOf(1025);
  });

  it('is a command of the running node, and the refusals are a route for the admin', async () => {
    await start();
    for (let times = 0; times < 3; times++) join(game, { challenge: '12345' });
    const headers = { authorization: `Bearer ${token}` };
    const command = await test.request(
      {
        method: 'POST',
        url: '/v1/admin/commands/explain',
        headers,
        payload: { texts: { address: game } },
      },
      'admin',
    );
    expect(command.json().result).contain('challenge').and.contain('3 times');
    const url = '/v1/admin/refusals?address=192.0.2.1';
    const route = (await test.request({ url, headers }, 'admin')).json();
    expect(route.items[0]).include({ address: game, reason: 'challenge', count: 3 });
    expect((await test.request({ url: `${url}.999`, headers }, 'admin')).statusCode).equal(400);
    expect((await test.request(url, 'admin')).statusCode).equal(401);
  });
});

const forged = { kind: 'join', values: new Map([['challenge', '1']]) } as const;

describe('a banned server', () => {
  let test: TestServer;
  afterEach(() => test.stop());

  it('disappears from the list at once and cannot come back until the ban is lifted', async () => {
    test = await startTestServer({
      plugins: { master: { verify: 'off' }, bans: {} },
      atHand: { master, bans },
      endpoints: { master: { udp: '0.0.0.0:0' } },
    });
    const other = '192.0.2.1:27016';
    const join = (from: string) => {
      const request = encodeGameServerMessage({ kind: 'challenge-request', echo: null });
      const [bytes] = test.ask('master', request, from);
      if (bytes === undefined) return;
      const answer = decodeMasterMessage(bytes);
      const challenge = answer.kind === 'challenge' ? String(answer.challenge) : '0';
      const values = new Map([['challenge', challenge]]);
      test.ask('master', encodeGameServerMessage({ kind: 'join', values }), from);
    };
    const listed = () => {
      const request = encodeListRequest({ region: 255, after: LIST_START, filter: '' });
      const [page] = test.ask('master', request, client);
      return page === undefined
        ? ['silence']
        : decodeListPage(page).servers.map(({ host, port }) => `${host}:${port}`);
    };
    join(game);
    join(other);
    expect(listed()).deep.equal([game, other]);
    await test.get(Bans).add({ subject: game, reason: 'cheats', by: 'somebody' });
    expect(listed()).deep.equal([other]);
    join(game);
    expect(listed()).deep.equal([other]);
    await test.get(Bans).add({ subject: '192.0.2.0/24', reason: 'cheats', by: 'somebody' });
    expect(listed()).deep.equal([]);
    await test.get(Bans).remove(game);
    await test.get(Bans).remove('192.0.2.0/24');
    join(game);
    expect(listed()).deep.equal([game]);
    await test.get(Bans).add({ subject: client.slice(0, -6), reason: 'floods', by: 'somebody' });
    expect(listed()).deep.equal(['silence']);
  });
});
