import {
  challengeAt,
  decodeRequest,
  encodeChallenge,
  encodeFragment,
  encodePong,
  encodeRules,
  QueryClient,
  QueryError,
  type QueryOptions,
  type ServerAddress,
  splitMessage,
} from 'beaconry/a2s-query';
import { FakeClock, hex } from 'beaconry/testing';
import { expect } from 'chai';
import { MemorySocket, type ScriptedServer } from './memory-socket.js';
import { vector } from './vectors.js';

const server: ServerAddress = { host: '192.0.2.7', port: 27015 };
const CHALLENGE = 0x3a2f1e0d;

/** Answers each kind with data to the right challenge, else with that challenge. */
const honest: ScriptedServer = (question, answer) => {
  const request = decodeRequest(question);
  if (!('challenge' in request)) answer(encodePong());
  else if (request.challenge !== CHALLENGE) answer(encodeChallenge(CHALLENGE));
  else if (request.kind === 'info') answer(vector('info_edf_full'));
  else answer(vector(request.kind === 'players' ? 'player_reply' : 'rules_reply'));
};

describe('QueryClient', () => {
  let clock: FakeClock;
  let socket: MemorySocket;
  const clients: QueryClient[] = [];
  const client = (options: QueryOptions = {}) => {
    const made = new QueryClient(socket, options, clock);
    clients.push(made);
    return made;
  };
  beforeEach(() => {
    clock = new FakeClock();
    socket = new MemorySocket();
  });
  afterEach(() => {
    for (const made of clients.splice(0)) made.close();
    expect(clock.pending).to.equal(0);
    expect(socket.listeners).to.equal(0);
  });

  const outcomeOf = (answer: Promise<unknown>): Promise<string> =>
    answer.then(
      () => 'answered',
      (error: unknown) => (error instanceof QueryError ? error.code : String(error)),
    );
  /** The error code of what fails after so much time. */
  const codeOf = async (answer: Promise<unknown>, ms = 60_000): Promise<string> => {
    const outcome = outcomeOf(answer);
    await pass(ms);
    return outcome;
  };
  /** Answers that are on their way arrive before the first timer runs. */
  const pass = async (ms: number) => {
    await clock.advance(0);
    await clock.advance(ms);
  };
  const challengesSent = () => socket.sent.map(({ bytes }) => challengeAt(bytes, bytes.length - 4));

  it('asks plainly, sends the challenge back and gives the answer', async () => {
    socket.serve(server, honest);
    const { info } = await client().info(server);
    expect(info.name).to.equal('Test server');
    expect(socket.sent.map(({ bytes }) => bytes)).to.deep.equal([
      vector('info_req'),
      vector('info_req_chal'),
    ]);
  });

  it('uses the challenge again for players and rules', async () => {
    socket.serve(server, honest);
    const report = await client().query(server, { players: true, rules: true });
    expect(report.players?.players.map(({ name }) => name)).to.deep.equal(['alice', 'Боб']);
    expect(report.rules?.rules).to.have.length(3);
    expect(socket.sent).to.have.length(4);
  });

  it('asks players first with -1 when it knows no challenge', async () => {
    socket.serve(server, honest);
    await client().players(server);
    expect(challengesSent()).to.deep.equal([0xffffffff, CHALLENGE]);
  });

  it('takes the answer of a server that asks for no challenge', async () => {
    socket.serve(server, (_question, answer) => answer(vector('info_m')));
    const { info } = await client().info(server);
    expect(info.answer).to.equal('goldsrc');
  });

  it('forgets a challenge that a server no longer answers', async () => {
    socket.serve(server, honest);
    const asking = client();
    await asking.info(server);
    let silent = true;
    socket.serve(server, (question, answer) => {
      if (silent) silent = false;
      else answer(vector(decodeRequest(question).kind === 'rules' ? 'rules_reply' : 'info_m'));
    });
    const rules = asking.rules(server);
    await clock.advance(1000);
    await rules;
    expect(challengesSent().slice(-2)).to.deep.equal([CHALLENGE, 0xffffffff]);
  });

  it('gives up on a server that answers every challenge with another one', async () => {
    let next = 1;
    socket.serve(server, (_question, answer) => answer(encodeChallenge(next++)));
    expect(await codeOf(client().info(server))).to.equal('TOO_MANY_CHALLENGES');
    expect(socket.sent).to.have.length(6);
  });

  it('asks again after the timeout, and gives up after the last', async () => {
    const asking = outcomeOf(client({ timeout: 500, retries: 2 }).info(server));
    await pass(1499);
    expect(socket.sent).to.have.length(3);
    await clock.advance(1);
    expect(await asking).to.equal('TIMEOUT');
  });

  it('takes an answer that comes while the repeat waits for its turn', async () => {
    const asking = client({ packetsPerSecond: 1, burst: 1, timeout: 100 }).info(server);
    await pass(500);
    socket.deliver(vector('info_noedf'), server);
    expect((await asking).info.name).to.equal('Test server');
    await pass(10_000);
    expect(socket.sent).to.have.length(1);
  });

  it('measures the ping from the packet to the first answer to it', async () => {
    const asking = client().info(server);
    await clock.advance(80);
    socket.deliver(encodeChallenge(CHALLENGE), server);
    await clock.advance(45);
    socket.deliver(vector('info_noedf'), server);
    expect((await asking).ping).to.equal(45);
  });

  it('sends the deprecated ping', async () => {
    socket.serve(server, honest);
    expect((await client().ping(server)).ping).to.equal(0);
    expect(socket.sent[0]?.bytes).to.deep.equal(vector('ping_req'));
  });

  it('hears only the address that was asked', async () => {
    const asking = codeOf(client({ retries: 0 }).info(server), 1000);
    socket.deliver(vector('info_noedf'), { ...server, port: 27016 });
    socket.deliver(vector('info_noedf'), { ...server, host: '192.0.2.8' });
    expect(await asking).to.equal('TIMEOUT');
  });

  it('finds the answer of an IPv6 server however its address was written', async () => {
    socket.serve({ host: '2001:db8::1', port: 27015 }, honest);
    const { info } = await client().info({ host: '2001:DB8:0:0:0:0:0:1', port: 27015 });
    expect(info.name).to.equal('Test server');
  });

  it('leaves players and rules out that a server hides', async () => {
    socket.serve(server, (question, answer) => {
      if (decodeRequest(question).kind === 'info') answer(vector('info_noedf'));
    });
    const asking = client().query(server, { players: true, rules: true });
    await pass(10_000);
    expect(await asking).to.have.keys('address', 'ping', 'info');
  });

  it('reads the extras of The Ship when INFO names it', async () => {
    const extras = hex`02000000 88130000 00000000 ffffffff`;
    socket.serve(server, (question, answer) => {
      const { kind } = decodeRequest(question);
      answer(kind === 'info' ? vector('info_ship') : hex`${vector('player_reply')} ${extras}`);
    });
    const { players } = await client().query(server, { players: true });
    expect(players?.players[0]?.theShip).to.deep.equal({ deaths: 2, money: 5000 });
  });

  it('reports the refusal of the system at once', async () => {
    socket.refusal = new Error('ENETUNREACH');
    expect(await codeOf(client().info(server), 0)).to.equal('SEND_FAILED');
  });

  it('fails all questions when it is closed', async () => {
    const asking = client({ inFlight: 1 });
    const codes = [
      outcomeOf(asking.info(server)),
      outcomeOf(asking.rules(server)),
      outcomeOf(asking.info({ ...server, port: 1 })),
    ];
    asking.close();
    expect(await Promise.all(codes)).to.deep.equal(['CLOSED', 'CLOSED', 'CLOSED']);
    expect(await codeOf(asking.info(server), 0)).to.equal('CLOSED');
  });

  describe('split answers', () => {
    const rules = encodeRules(
      Array.from({ length: 300 }, (_, i) => [`rule_${i}`, 'x'.repeat(30)] as const),
    );
    for (const format of ['source', 'source-nosize', 'goldsrc'] as const) {
      it(`are joined from ${format} in any order`, async () => {
        socket.serve(server, (_question, answer) => {
          for (const packet of splitMessage(rules, format, 5).toReversed()) answer(packet);
        });
        expect((await client().rules(server)).rules).to.have.length(300);
      });
    }

    it('are decompressed', async () => {
      socket.serve(server, (_question, answer) => {
        answer(vector('rules_split_bz2_1'));
        answer(vector('rules_split_bz2_0'));
      });
      expect((await client().rules(server)).rules).to.have.length(12);
    });

    it('that lie about their size end in a timeout with the reason', async () => {
      const piece = Uint8Array.from(vector('rules_split_bz2_0'));
      piece[8] = 1;
      socket.serve(server, (_question, answer) => answer(piece));
      expect(await codeOf(client().rules(server))).to.equal('TIMEOUT');
    });

    it('without an end cost no more than the limit and end in a timeout', async () => {
      let number = 0;
      socket.serve(server, (_question, answer) => {
        for (let i = 0; i < 500; i++) {
          const payload = new Uint8Array(1248).fill(0xff, 0, 4);
          answer(encodeFragment('source', { id: 1, total: 255, number: number++ % 254, payload }));
        }
      });
      expect(await codeOf(client().rules(server))).to.equal('TIMEOUT');
    });
  });

  it('passes over rubbish and takes the answer behind it', async () => {
    socket.serve(server, (_question, answer) => {
      for (const bytes of [
        hex``,
        hex`ff`,
        hex`feffffff`,
        hex`ffffffff 49 11`,
        hex`ffffffff 6c "print" 00`,
        vector('player_reply'),
        vector('info_req'),
        vector('info_noedf'),
      ]) {
        answer(bytes);
      }
    });
    expect((await client().info(server)).info.map).to.equal('de_dust2');
  });

  describe('many servers', () => {
    const addresses = Array.from({ length: 200 }, (_, i) => ({
      host: '192.0.2.7',
      port: 2000 + i,
    }));
    const report = async (asking: QueryClient, servers: Iterable<ServerAddress> = addresses) => {
      const results: string[] = [];
      for await (const result of asking.queryAll(servers)) {
        results.push('error' in result ? result.error.code : result.info.name);
      }
      return results;
    };

    it('are all reported, those that fail with their error', async () => {
      for (const address of addresses.slice(50)) socket.serve(address, honest);
      const results = report(client({ retries: 0 }));
      await pass(10_000);
      const names = await results;
      expect(names.filter((name) => name === 'Test server')).to.have.length(150);
      expect(names.filter((name) => name === 'TIMEOUT')).to.have.length(50);
    });

    it('are asked no faster than the packets allowed each second', async () => {
      const results = report(
        client({ packetsPerSecond: 100, burst: 10, inFlight: 200, retries: 0 }),
      );
      await clock.advance(0);
      expect(socket.sent.length).to.equal(10);
      await clock.advance(500);
      expect(socket.sent.length).to.equal(60);
      await pass(10_000);
      expect(await results).to.have.length(200);
    });

    it('are asked so many at a time, and addresses are taken no faster', async () => {
      let taken = 0;
      const endless = function* () {
        for (const address of addresses) {
          taken++;
          yield address;
        }
      };
      const results = report(client({ inFlight: 8, retries: 0 }), endless());
      await pass(999);
      expect([taken, socket.sent.length]).to.deep.equal([8, 8]);
      await pass(60_000);
      expect(await results).to.have.length(200);
    });

    it('do not wait for one that is slow', async () => {
      for (const address of addresses.slice(1)) socket.serve(address, honest);
      const results = report(client({ inFlight: 2 }));
      await pass(2999);
      expect(socket.sent.length).to.be.greaterThan(390);
      await clock.advance(1);
      expect(await results).to.have.length(200);
    });
  });
});
