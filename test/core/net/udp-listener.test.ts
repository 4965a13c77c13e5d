import {
  type Context,
  type Datagram,
  DecodeError,
  definePlugin,
  ListBudget,
  type Logger,
  PeerAddress,
} from 'beaconry';
import { hex, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { MemoryDriver } from '../../../core/net/drivers/memory-driver.js';
import { ReceivedDatagram } from '../../../core/net/received-datagram.js';
import { silentLog } from '../store/silent-log.js';

/** A server whose only plugin does with datagrams what the test says. */
async function serverWith(setup: (context: Context) => void): Promise<TestServer> {
  return startTestServer({
    plugins: { probe: {} },
    atHand: { probe: definePlugin({ name: 'probe', api: 1, setup }) },
  });
}

const counters = (test: TestServer) => test.server.endpoints.udp.get('game')?.counters;

describe('UdpListener', () => {
  let test: TestServer;
  afterEach(() => test.stop());

  it('gives a datagram to the longest prefix', async () => {
    test = await serverWith((context) => {
      const endpoint = context.udp('game');
      endpoint.onDatagram('', (datagram) => datagram.reply(hex`00`));
      endpoint.onDatagram('ab', (datagram) => datagram.reply(hex`02`));
      endpoint.onDatagram('abc', (datagram) => datagram.reply(hex`03`));
    });
    const ask = (text: string) => test.ask('game', Buffer.from(text));
    expect(ask('abcd')).deep.equal([hex`03`]);
    expect(ask('abx')).deep.equal([hex`02`]);
    expect(ask('a')).deep.equal([hex`00`]);
    expect(ask('')).deep.equal([hex`00`]);
  });

  it('sends an unproven sender at most max(9, question) bytes and counts what was too long', async () => {
    test = await serverWith((context) => {
      context.udp('game').onDatagram('short', (datagram) => {
        datagram.reply(new Uint8Array(9));
        datagram.reply(new Uint8Array(1));
      });
      context.udp('game').onDatagram('long', (datagram) => {
        datagram.reply(new Uint8Array(datagram.length));
        datagram.copy().reply(new Uint8Array(1));
      });
    });
    expect(test.ask('game', Buffer.from('short'))).deep.equal([new Uint8Array(9)]);
    expect(test.ask('game', Buffer.from('long'.padEnd(40)))).deep.equal([new Uint8Array(40)]);
    expect(counters(test)?.violations).equal(2);
  });

  it('names the plugin that answers a stranger at length, and what to write instead, at a bounded rate', async () => {
    const said: string[] = [];
    const log: Logger = {
      ...silentLog,
      error: (...args: unknown[]) => void said.push(`${args[1]}`),
    };
    test = await startTestServer({
      plugins: { probe: {} },
      log,
      atHand: {
        probe: definePlugin({
          name: 'probe',
          api: 1,
          setup(context) {
            context.udp('game').onDatagram('x', (datagram) => datagram.reply(new Uint8Array(10)));
          },
        }),
      },
    });
    for (let i = 0; i < 100; i++) test.ask('game', Buffer.from('x'));
    expect(said.length).within(1, 11);
    expect(said[0]).contain('plugin probe answered').and.contain('ChallengeIssuer');
  });

  it('lets a proven sender have any answer, within his own limit', async () => {
    let allowed = true;
    test = await serverWith((context) => {
      context.udp('game').onDatagram('', {
        proves: ({ bytes }) => bytes[0] === 1,
        allow: () => allowed,
        handler: (datagram) => datagram.reply(new Uint8Array(1000)),
      });
    });
    expect(test.ask('game', hex`01`)).have.lengthOf(1);
    expect(test.ask('game', hex`02`)).have.lengthOf(0);
    allowed = false;
    expect(test.ask('game', hex`01`)).have.lengthOf(0);
    expect(counters(test)).include({ limited: 1, violations: 1 });
  });

  it('never asks the limit of an address for packets that prove nothing', async () => {
    let asked = 0;
    test = await serverWith((context) => {
      context.udp('game').onDatagram('', {
        proves: () => false,
        allow: () => {
          asked++;
          return false;
        },
        handler: (datagram) => datagram.reply(hex`01`),
      });
    });
    for (let i = 0; i < 100; i++) expect(test.ask('game', hex`00`)).have.lengthOf(1);
    expect(asked).equal(0);
  });

  it('checks the shape before the proof', async () => {
    let proofs = 0;
    test = await serverWith((context) => {
      context.udp('game').onDatagram('', {
        shape: ({ length }) => length === 2,
        proves: () => {
          proofs++;
          return true;
        },
        handler: () => {},
      });
    });
    test.ask('game', hex`00`);
    test.ask('game', hex`0000`);
    expect(proofs).equal(1);
    expect(counters(test)?.shape).equal(1);
  });

  it('pays list pages from a budget and is silent beyond it', async () => {
    test = await serverWith((context) => {
      const budget = new ListBudget(context.clock, { bitsPerSecond: 1e9, burst: 3 });
      context.udp('game').onDatagram('', (datagram) => {
        datagram.replyFrom(budget, new Uint8Array(1392));
      });
    });
    const pages = Array.from({ length: 10 }, () => test.ask('game', hex`31`).length);
    expect(pages).deep.equal([1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(counters(test)).include({ pages: 3, violations: 0 });
  });

  it('counts a bad packet and lives on after an error of a plugin', async () => {
    test = await serverWith((context) => {
      context.udp('game').onDatagram('', ({ bytes }) => {
        if (bytes[0] === 1) throw new DecodeError('truncated', 1, 'too short');
        throw new TypeError('a bug');
      });
    });
    test.ask('game', hex`01`);
    test.ask('game', hex`02`);
    test.ask('game', hex`01`);
    expect(counters(test)).include({ decode: 2, failed: 1 });
  });

  it('handles a bounded number of unproven datagrams a second', async () => {
    test = await serverWith((context) => context.udp('game').onDatagram('', () => {}));
    for (let i = 0; i < 100_100; i++) test.ask('game', hex`00`);
    expect(counters(test)?.unprovenLimited).equal(100);
  });

  it('spoils a view that a handler keeps, and leaves a copy alone', async () => {
    const kept: Datagram[] = [];
    test = await serverWith((context) => {
      context.udp('game').onDatagram('', (datagram) => kept.push(datagram, datagram.copy()));
    });
    test.ask('game', hex`0102`, '192.0.2.1:5');
    const [view, copy] = kept;
    expect(view?.from.port).equal(0xdddd);
    expect(copy?.bytes).deep.equal(hex`0102`);
    expect(copy?.from.toString()).equal('192.0.2.1:5');
  });

  it('names both plugins that want the same datagrams', async () => {
    test = await serverWith(() => {});
    const take = (name: string) =>
      definePlugin({
        name,
        api: 1,
        setup: (context) => context.udp('game').onDatagram('x', () => {}),
      });
    const failure = await startTestServer({
      plugins: { one: {}, two: {} },
      atHand: { one: take('one'), two: take('two') },
    }).catch((error) => error);
    expect(failure.message).match(/plugins one and two both want datagrams on endpoint game/);
  });
});

describe('an endpoint without a socket', () => {
  let test: TestServer;
  afterEach(() => test.stop());
  const start = async (udp: string, setup: (context: Context) => void) => {
    test = await startTestServer({
      plugins: { probe: {} },
      atHand: { probe: definePlugin({ name: 'probe', api: 1, setup }) },
      endpoints: { game: { udp } },
    });
  };
  const peer = PeerAddress.of('192.0.2.1', 5);

  it('hands datagrams in, says whether anybody takes them, and takes out what leaves', async () => {
    const left: [string, string][] = [];
    let deliver: ((bytes: Uint8Array, from: PeerAddress) => boolean) | undefined;
    await start('shared', (context) => {
      const udp = context.udp('game');
      expect(udp.isShared).equal(true);
      deliver = udp.carry((bytes, to) => left.push([Buffer.from(bytes).toString(), String(to)]));
      udp.onDatagram('a', (datagram) => {
        datagram.reply(Buffer.from('b'));
        udp.send(Buffer.from('c'), PeerAddress.of('2001:db8::1', 6));
      });
    });
    const question = Buffer.from('a');
    expect(deliver?.(question, peer)).equal(true);
    expect(deliver?.(Buffer.from('x'), peer)).equal(false);
    expect(left).deep.equal([
      ['b', '192.0.2.1:5'],
      ['c', '[2001:db8::1]:6'],
    ]);
    expect(question.toString(), 'what the game handed in stays as it is').equal('a');
  });

  it('refuses to carry the datagrams of an endpoint with a socket', async () => {
    await start('127.0.0.1:0', (context) => {
      const udp = context.udp('game');
      expect(udp.isShared).equal(false);
      expect(() => udp.carry(() => {})).throw(/endpoint game, which has a socket of its own/);
    });
  });
});

describe('a copy of a datagram', () => {
  it('has bytes of its own although drivers give Buffers', async () => {
    const memory = Buffer.from('ab');
    let kept: Datagram | undefined;
    const driver = new MemoryDriver(
      '127.0.0.1',
      1,
      (batch) => {
        const datagram = new ReceivedDatagram({
          answers: 0,
          answerBytes: 0,
          questionBytes: 0,
          violations: 0,
          pages: 0,
          pageBytes: 0,
        });
        datagram.begin(driver, batch, 0);
        kept = datagram.copy();
      },
      () => {},
    );
    driver.receive(memory, PeerAddress.of('192.0.2.1', 5));
    memory.fill(0);
    expect(kept?.bytes).deep.equal(hex`"ab"`);
  });
});
