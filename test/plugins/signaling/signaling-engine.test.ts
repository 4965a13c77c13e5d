import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import {
  type Peer,
  type SignalChannel,
  SignalingEngine,
} from '../../../plugins/signaling/signaling-engine.js';
import { vectors } from '../coordinator/vectors.js';

class TestChannel implements SignalChannel {
  readonly lines: string[] = [];
  readonly holds: number[] = [];
  closed = false;
  full = false;
  constructor(readonly source = '192.0.2.1') {}
  send(line: string): boolean {
    if (this.full) return false;
    this.lines.push(line);
    return true;
  }
  hold(ms: number): void {
    this.holds.push(ms);
  }
  close(): void {
    this.closed = true;
  }
}

const limits = { perSecond: 20, pairPerSecond: 10, bytesPerSecond: 65536 };

describe('SignalingEngine', () => {
  let clock: FakeClock;
  let forwarded: string[];
  let claims: string[];
  let accepted: (identity: string, token?: string) => Promise<boolean>;
  const create = (options: { limits?: typeof limits; sendersPerAddress?: number } = {}) =>
    new SignalingEngine({
      clock,
      limits: options.limits,
      sendersPerAddress: options.sendersPerAddress ?? 0,
      authenticate: (identity, token) => accepted(identity, token),
      forward: (to, from, payload) => forwarded.push(`${from} > ${to} ${payload}`),
      claim: (identity) => claims.push(identity),
    });
  const join = async (
    engine: SignalingEngine,
    identity: string,
    source = '192.0.2.1',
  ): Promise<{ peer: Peer; channel: TestChannel }> => {
    const channel = new TestChannel(source);
    const peer = engine.open(channel);
    await peer.line(identity);
    return { peer, channel };
  };

  beforeEach(() => {
    clock = new FakeClock();
    forwarded = [];
    claims = [];
    accepted = async () => true;
  });

  it('plays the recorded session', async () => {
    const engine = create();
    const peers = new Map<string, { peer: Peer; channel: TestChannel }>();
    let expected: string[] = [];
    for (const { dir, line } of vectors.signaling_session) {
      if (!line.includes(' ')) peers.set(line, await join(engine, line));
      else if (dir === 'to-server') {
        const other = line.startsWith('str:peer-a') ? 'str:peer-b' : 'str:peer-a';
        peers.get(other)?.peer.signal(line);
      } else expected = [...expected, line];
    }
    const received = [...peers.values()].flatMap(({ channel }) => channel.lines);
    expect(received).to.have.members(expected);
    expect(expected).to.have.length(3);
  });

  it('stamps each signal with the proven identity of its sender', async () => {
    const engine = create();
    const [alice, bob] = [await join(engine, 'str:alice'), await join(engine, 'str:bob')];
    alice.peer.signal('str:bob 00ff');
    expect(bob.channel.lines).to.deep.equal(['str:alice 00ff']);
  });

  it('tells a sender nothing about who is there', async () => {
    const engine = create();
    const { peer, channel } = await join(engine, 'str:alice');
    await join(engine, 'str:bob');
    peer.signal('str:bob 00');
    peer.signal('str:nobody 00');
    peer.signal('nonsense');
    expect([channel.lines, channel.holds, channel.closed]).to.deep.equal([[], [], false]);
  });

  it('lets the newest connection of an identity win', async () => {
    const engine = create();
    const old = await join(engine, 'str:bob');
    const fresh = await join(engine, 'str:bob');
    const { peer } = await join(engine, 'str:alice');
    peer.signal('str:bob 01');
    expect([old.channel.closed, old.channel.lines, fresh.channel.lines]).to.deep.equal([
      true,
      [],
      ['str:alice 01'],
    ]);
    old.peer.close();
    peer.signal('str:bob 02');
    expect(fresh.channel.lines).to.have.length(2);
    expect(engine.connected).to.equal(2);
  });

  it('refuses who cannot prove his identity, without a word', async () => {
    accepted = async (identity, token) => token === 'good' && identity === 'str:alice';
    const engine = create();
    for (const greeting of [
      'str:alice',
      'str:alice bad',
      'str:bob good',
      'nonsense',
      '',
      'ip:192.0.2.1 good',
      'other:1 good',
    ]) {
      const { channel } = await join(engine, greeting);
      expect([channel.closed, channel.lines], greeting).to.deep.equal([true, []]);
    }
    expect((await join(engine, 'str:alice good')).channel.closed).to.equal(false);
    expect(engine.connected).to.equal(1);
  });

  it('does not admit a connection that ended while somebody vouched for it', async () => {
    let vouch: (yes: boolean) => void = () => {};
    accepted = () =>
      new Promise((resolve) => {
        vouch = resolve;
      });
    const engine = create();
    const peer = engine.open(new TestChannel());
    const judged = peer.line('str:alice token');
    peer.close();
    vouch(true);
    await judged;
    expect(engine.connected).to.equal(0);
  });

  it('ignores malformed lines and goes on', async () => {
    const engine = create();
    const [alice, bob] = [await join(engine, 'str:alice'), await join(engine, 'str:bob')];
    for (const line of ['', 'str:bob', 'str:bob ', undefined, 'str:bob 00 11'])
      alice.peer.signal(line);
    alice.peer.signal('str:bob 22');
    expect(bob.channel.lines).to.deep.equal(['str:alice 22']);
    expect(engine.counters.malformed).to.equal(5);
  });

  it('cuts off a peer that does not read, and nobody else', async () => {
    const engine = create();
    const [alice, bob] = [await join(engine, 'str:alice'), await join(engine, 'str:bob')];
    bob.channel.full = true;
    alice.peer.signal('str:bob 00');
    expect([bob.channel.closed, alice.channel.closed, engine.connected]).to.deep.equal([
      true,
      false,
      1,
    ]);
  });

  it('takes 60 signals at once and 20 in a second from one sender, and leaves him unread for the rest', async () => {
    const engine = create({ limits });
    const { peer, channel } = await join(engine, 'str:alice');
    for (let i = 0; i < 100; i++) peer.signal(`str:to-${i} 00`);
    expect(forwarded).to.have.length(60);
    expect(channel.holds).to.have.length(40);
    expect(channel.holds[0]).to.equal(50);
    await clock.advance(1000);
    for (let i = 0; i < 100; i++) peer.signal(`str:to-${i} 00`);
    expect(forwarded).to.have.length(80);
    expect(channel.closed).to.equal(false);
  });

  it('gives who connects again no new budget', async () => {
    const engine = create({ limits });
    await join(engine, 'str:bob');
    for (let i = 0; i < 10; i++) {
      const { peer } = await join(engine, 'str:alice');
      for (let n = 0; n < 60; n++) peer.signal(`str:bob${n} 00`);
    }
    expect(engine.counters.forwarded).to.equal(60);
  });

  it('gives all senders of one address the budget of a few, and takes none from their neighbours', async () => {
    const engine = create({ limits, sendersPerAddress: 8 });
    for (let i = 0; i < 20; i++) {
      const { peer } = await join(engine, `str:alice${i}`, '198.51.100.1');
      for (let n = 0; n < 60; n++) peer.signal(`str:bob${n} 00`);
    }
    expect(engine.counters.forwarded).to.equal(480);
    const { peer } = await join(engine, 'str:carol', '198.51.100.2');
    peer.signal('str:bob 00');
    expect(engine.counters.forwarded).to.equal(481);
  });

  it('lets a flooder use up no more of his address than a sender may', async () => {
    const engine = create({ limits, sendersPerAddress: 2 });
    const { peer: flooder } = await join(engine, 'str:flooder');
    for (let n = 0; n < 1000; n++) flooder.signal(`str:bob${n} ${'00'.repeat(400)}`);
    const { peer } = await join(engine, 'str:neighbour');
    peer.signal('str:bob 00');
    expect(engine.counters.forwarded).to.equal(61);
  });

  it('takes 30 signals at once and 10 in a second for one destination', async () => {
    const engine = create({ limits });
    const { peer } = await join(engine, 'str:alice');
    for (let i = 0; i < 50; i++) peer.signal('str:bob 00');
    expect(forwarded).to.have.length(30);
    await clock.advance(1000);
    for (let i = 0; i < 15; i++) peer.signal('str:bob 00');
    expect(forwarded).to.have.length(40);
  });

  it('takes 64 KiB of lines in a second, and longer pauses from who sends far more', async () => {
    const engine = create({ limits });
    const { peer, channel } = await join(engine, 'str:alice');
    const line = `str:bob ${'00'.repeat(8000)}`;
    for (let i = 0; i < 12; i++) peer.signal(line);
    expect(forwarded).to.have.length(4);
    expect(channel.holds.at(-1)).to.be.greaterThan(1500).and.lessThan(5000);
  });

  it('hands signals for others to the bus, and takes those of other nodes', async () => {
    const engine = create();
    const { peer, channel } = await join(engine, 'str:alice');
    peer.signal('str:far 00');
    expect(forwarded).to.deep.equal(['str:alice > str:far 00']);
    expect(engine.deliver('str:alice', 'str:far', '11')).to.equal(true);
    expect(engine.deliver('str:gone', 'str:far', '11')).to.equal(false);
    expect(channel.lines).to.deep.equal(['str:far 11']);
  });

  it('claims again who is here, so that of two connections the newer stays although a word was missed', async () => {
    const engine = create();
    const { peer } = await join(engine, 'str:alice');
    await join(engine, 'str:bob');
    peer.close();
    claims.length = 0;
    engine.claimAgain();
    expect(claims).to.deep.equal(['str:bob']);
  });

  it('lets a connection go when another node has a newer one', async () => {
    const engine = create();
    const { channel } = await join(engine, 'str:alice');
    expect(claims).to.deep.equal(['str:alice']);
    engine.yieldTo('str:alice', clock.now() - 1);
    expect(channel.closed).to.equal(false);
    engine.yieldTo('str:alice', clock.now() + 1);
    expect([channel.closed, engine.connected]).to.deep.equal([true, 0]);
  });
});
