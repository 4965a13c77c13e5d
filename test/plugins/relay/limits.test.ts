import { expect } from 'chai';
import { frameOf, packet } from './packets.js';
import { TestRelay } from './test-relay.js';

const SECOND = 1000;

describe('relay, slow readers', () => {
  it('drops the new frame and tells its sender when the queue of a peer is full by bytes', () => {
    const relay = new TestRelay({ queueLimit: 100_000, maxFrame: 50_000 });
    const slow = relay.join('B2');
    const sender = relay.join('A1');
    slow.connection.stalled = true;
    for (let i = 0; i < 30; i++) sender.message('B2', 'x'.repeat(4900));
    const errors = sender.errors();
    expect(new Set(errors)).to.deep.equal(new Set(['destination queue full: B2']));
    slow.connection.unstall();
    const got = slow.got();
    expect(got.length + errors.length).to.equal(30);
    expect(got.length * 5000).to.be.within(90_000, 100_000);
    expect(sender.message('B2', 'again').errors()).to.deep.equal([]);
  });

  it('counts what waits by frames too', () => {
    const relay = new TestRelay({ queueFrames: 10 });
    const slow = relay.join('B2');
    const sender = relay.join('A1');
    slow.connection.stalled = true;
    // The connection itself takes some before it says that it is full.
    sender.message('B2', 'x'.repeat(20_000));
    for (let i = 0; i < 30; i++) sender.message('B2', String(i));
    expect(sender.errors()).to.have.length(20);
    slow.connection.unstall();
    const numbers = slow.got().map(({ payload }) => payload);
    expect(numbers.slice(1)).to.deep.equal(Array.from({ length: 10 }, (_, i) => String(i)));
  });

  it('bounds what waits for all peers together', () => {
    const relay = new TestRelay({ totalQueueLimit: 50_000 });
    const sender = relay.join('A1');
    for (const id of ['B1', 'B2', 'B3']) {
      relay.join(id).connection.stalled = true;
      for (let i = 0; i < 20; i++) sender.message(id, 'x'.repeat(4900));
    }
    // What a peer that was thought to read gets before it is seen to be slow is counted, but not refused.
    expect(relay.engine.queued).to.be.within(50_000, 50_000 + 2 * 21_000);
    expect(sender.errors()).to.have.length.greaterThan(20);
    for (const peer of relay.peers) peer.connection.drop();
    expect(relay.engine.queued).to.equal(0);
  });

  it('counts what is on its way to a slow reader as waiting, too', () => {
    const relay = new TestRelay();
    const slow = relay.join('B2');
    const sender = relay.join('A1');
    slow.connection.stalled = true;
    sender.message('B2', 'x'.repeat(100_000));
    sender.message('B2', 'x'.repeat(100_000));
    expect(relay.engine.queued).to.be.within(200_000, 201_000);
    slow.connection.unstall();
    expect(relay.engine.queued).to.equal(0);
  });

  it('bounds what begun frames hold together: whoever brings more is refused, small ones go on', () => {
    const relay = new TestRelay({ totalQueueLimit: 9 * 1024 * 1024, perAddressLimit: 0 });
    const frame = frameOf(`{"payloadType":"MESSAGE","payload":"${'x'.repeat(3_900_000)}"}`);
    const begin = (id: string, bytes: number) => relay.join(id).bytes(frame.subarray(0, bytes));
    const holders = ['a', 'b', 'c', 'd'].map((id) => begin(id, 3_000_000));
    expect(holders.map(({ closed }) => closed)).to.deep.equal([false, false, false, true]);
    expect(holders[3]?.errors()).to.deep.equal([
      'frame too large: too much is being received, try again',
    ]);
    expect(begin('e', 1000).closed).to.equal(false);
    holders[0]?.connection.drop();
    expect(begin('f', 3_000_000).closed).to.equal(false);
  });

  it('keeps no chunk alive for a small frame that waits', () => {
    const relay = new TestRelay();
    const slow = relay.join('B2');
    const other = relay.join('C3');
    const sender = relay.join('A1');
    slow.connection.stalled = true;
    sender.message('B2', 'x'.repeat(20_000));
    sender.message('B2', 'small').message('C3', 'y'.repeat(60_000));
    expect(relay.engine.queued).to.be.within(20_000, 20_400);
    expect(other.got()).to.have.length(1);
    slow.connection.unstall();
    expect(slow.got().map(({ payload }) => String(payload).length)).to.deep.equal([20_000, 5]);
  });

  it('keeps the order of frames of all sizes through the queue', () => {
    const relay = new TestRelay();
    const slow = relay.join('B2');
    const sender = relay.join('A1');
    slow.connection.stalled = true;
    const sizes = [20_000, 3, 40_000, 7, 300_000, 1, 2, 33_000, 5];
    for (const size of sizes) sender.message('B2', 'x'.repeat(size));
    slow.connection.unstall();
    expect(slow.got().map(({ payload }) => String(payload).length)).to.deep.equal(sizes);
    expect(relay.engine.queued).to.equal(0);
  });

  it('drops ERROR answers for which their own peer has no room', () => {
    const relay = new TestRelay({ queueLimit: 20_000, maxFrame: 10_000 });
    const peer = relay.join('A1');
    peer.connection.stalled = true;
    for (let i = 0; i < 1000; i++) peer.message('Z9', 'x');
    expect(relay.counters.errorsDropped.value).to.be.greaterThan(500);
    expect(peer.connection.pending).to.be.below(20_001);
  });

  it('closes a peer that takes nothing for 30 s, and frees its id', async () => {
    const relay = new TestRelay();
    const slow = relay.join('B2');
    const sender = relay.join('A1');
    slow.connection.stalled = true;
    sender.message('B2', 'x'.repeat(20_000));
    await relay.clock.advance(30 * SECOND);
    expect(slow.closed).to.equal(false);
    await relay.clock.advance(2 * SECOND);
    expect(slow.closed).to.equal(true);
    expect(relay.counters.ends.stalled.value).to.equal(1);
    expect(relay.join('B2').id).to.equal('B2');
  });

  it('lets a peer live that takes a little now and then', async () => {
    const relay = new TestRelay();
    const slow = relay.join('B2');
    const sender = relay.join('A1');
    for (let i = 0; i < 4; i++) {
      slow.connection.stalled = true;
      sender.message('B2', 'x'.repeat(100_000));
      await relay.clock.advance(20 * SECOND);
      slow.connection.unstall();
    }
    expect(slow.closed).to.equal(false);
  });
});

describe('relay, time limits', () => {
  it('closes a connection without INIT after 10 s, with an ERROR', async () => {
    const relay = new TestRelay();
    const peer = relay.connect();
    await relay.clock.advance(9 * SECOND);
    expect(peer.closed).to.equal(false);
    await relay.clock.advance(2 * SECOND);
    expect(peer.closed).to.equal(true);
    expect(peer.errors()).to.deep.equal(['INIT first: time is up']);
  });

  it('is not put off by messages that are no INIT, nor by single bytes', async () => {
    const relay = new TestRelay();
    const talker = relay.connect();
    const dribbler = relay.connect();
    for (let i = 0; i < 12; i++) {
      talker.message('x', 'y');
      dribbler.bytes(Buffer.from([0]));
      await relay.clock.advance(SECOND);
    }
    expect([talker.closed, dribbler.closed]).to.deep.equal([true, true]);
  });

  it('closes a peer whose begun frame does not end within 30 s', async () => {
    const relay = new TestRelay();
    const peer = relay.join('A1').bytes(packet('message').subarray(0, 20));
    await relay.clock.advance(29 * SECOND);
    expect(peer.closed).to.equal(false);
    await relay.clock.advance(3 * SECOND);
    expect(peer.errors()).to.deep.equal(['malformed frame: its end did not come in time']);
    expect(peer.closed).to.equal(true);
  });

  it('gives a large frame a second more for each 32 KiB', async () => {
    const relay = new TestRelay();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(1024 * 1024);
    const peer = relay.join('A1').bytes(header);
    await relay.clock.advance(61 * SECOND);
    expect(peer.closed).to.equal(false);
    await relay.clock.advance(3 * SECOND);
    expect(peer.closed).to.equal(true);
  });

  it('lets whole frames come at any pace', async () => {
    const relay = new TestRelay();
    const peer = relay.join('A1');
    for (let i = 0; i < 5; i++) {
      const bytes = packet('message');
      // Each time a frame ends and another begins in one chunk.
      peer.bytes(
        i === 0
          ? bytes.subarray(0, 40)
          : Buffer.concat([bytes.subarray(40), bytes.subarray(0, 40)]),
      );
      await relay.clock.advance(20 * SECOND);
    }
    expect(peer.closed).to.equal(false);
  });

  it('closes silent peers only where the operator wants it', async () => {
    for (const idleTimeout of [0, 60 * SECOND]) {
      const relay = new TestRelay({ idleTimeout });
      const silent = relay.join('A1');
      const alive = relay.join('B2');
      for (let i = 0; i < 4; i++) {
        await relay.clock.advance(20 * SECOND);
        alive.message('B2', 'ping').got();
      }
      expect(silent.closed).to.equal(idleTimeout > 0);
      expect(alive.closed).to.equal(false);
    }
  });

  it('cuts a refused peer that goes on sending after 256 KiB', () => {
    const relay = new TestRelay();
    const peer = relay.join('A1');
    peer.connection.end = () => {};
    peer.say('malformed');
    for (let i = 0; i < 4; i++) peer.connection.send(Buffer.alloc(64 * 1024));
    expect(peer.closed).to.equal(false);
    peer.connection.send(Buffer.alloc(1));
    expect(peer.closed).to.equal(true);
  });
});

describe('relay, limits of an address', () => {
  it('refuses more connections of one address than allowed, and counts /64s as one', () => {
    for (const [one, same, other] of [
      ['192.0.2.1:1', '192.0.2.1:2', '192.0.2.2:1'],
      ['[2001:db8::1]:1', '[2001:db8::2]:1', '[2001:db8:0:1::1]:1'],
    ] as const) {
      const relay = new TestRelay({ perAddressLimit: 1 });
      const first = relay.join('A1', {}, one);
      const second = relay.connect(same);
      const text = 'too many connections from your address, limit is 1';
      expect(second.errors()).to.deep.equal([text]);
      expect(second.closed).to.equal(true);
      expect(relay.join('B2', {}, other).id).to.equal('B2');
      first.connection.drop();
      expect(relay.join('A1', {}, same).id).to.equal('A1');
    }
  });

  it('refuses more connections in all than allowed', () => {
    const relay = new TestRelay({ maxConnections: 2 });
    relay.connect();
    relay.connect();
    expect(relay.connect().errors()).to.deep.equal(['too many connections']);
    expect(relay.engine.connections).to.equal(2);
  });

  it('limits new connections a second', async () => {
    const relay = new TestRelay({ connectRate: 2 });
    relay.connect();
    relay.connect();
    expect(relay.connect().errors()[0]).to.match(/^rate limit/);
    expect(relay.connect('192.0.2.9:1').closed).to.equal(false);
    await relay.clock.advance(SECOND);
    expect(relay.connect().closed).to.equal(false);
  });

  it('refuses a peer whose address has used up its bytes of the day, until the next day', async () => {
    const relay = new TestRelay({ dailyBytes: 1000 });
    const peer = relay.join('A1');
    for (let i = 0; i < 20; i++) peer.message('A1', 'x'.repeat(50));
    const text = 'rate limit: daily quota of 1000 bytes is used up';
    expect(peer.errors()).to.deep.equal([text]);
    expect(peer.closed).to.equal(true);
    expect(relay.connect().errors()).to.deep.equal([text]);
    expect(relay.join('B2', {}, '192.0.2.9:1').id).to.equal('B2');
    await relay.clock.advance(24 * 3600 * SECOND);
    expect(relay.join('A1').id).to.equal('A1');
  });

  const overRate = {
    rate: { frames: 10, bytes: 0 },
    addressRate: { frames: 0, bytes: 0 },
  };
  for (const [what, options] of [
    ['frames of a connection', overRate],
    ['frames of an address', { rate: overRate.addressRate, addressRate: overRate.rate }],
  ] as const) {
    it(`pauses a sender that exceeds the ${what}, loses nothing, and closes on repetition`, async () => {
      const relay = new TestRelay(options);
      const receiver = relay.join('B2', {}, '192.0.2.9:1');
      const peer = relay.join('A1');
      for (let i = 0; i < 15; i++) peer.message('B2', String(i));
      expect(peer.errors()).to.deep.equal(['rate limit: reading rests for a second']);
      expect(receiver.got()).to.have.length(10);
      await relay.clock.advance(2 * SECOND);
      expect(receiver.got()).to.have.length(5);
      for (let round = 0; round < 5 && !peer.closed; round++) {
        for (let i = 0; i < 40; i++) peer.message('B2', String(i));
        await relay.clock.advance(2 * SECOND);
      }
      expect(peer.closed).to.equal(true);
      expect(peer.errors().at(-1)).to.equal('rate limit: repeated');
    });
  }

  it('limits bytes, yet always lets the largest frame through a full bucket', async () => {
    const relay = new TestRelay({ maxFrame: 10_000, rate: { frames: 0, bytes: 1000 } });
    const receiver = relay.join('B2');
    const peer = relay.join('A1').message('B2', 'x'.repeat(9000));
    expect(peer.errors()).to.deep.equal([]);
    peer.message('B2', 'x'.repeat(9000));
    expect(peer.errors()).to.deep.equal(['rate limit: reading rests for a second']);
    expect(receiver.got()).to.have.length(2);
  });
});

describe('relay, join key', () => {
  it('admits only INIT with the key', () => {
    const relay = new TestRelay({ joinKey: 'sesame' });
    const missing = relay.connect().bytes(packet('init'));
    expect(missing.errors()).to.deep.equal(['join key is missing']);
    const wrong = relay.connect().say({ payloadType: 'INIT', key: 'sesam' });
    expect(wrong.errors()).to.deep.equal(['join key is wrong']);
    expect([missing.closed, wrong.closed]).to.deep.equal([true, true]);
    expect(relay.join('A1', { key: 'sesame' }).id).to.equal('A1');
  });
});

describe('relay, stop', () => {
  it('flushes, closes, and takes no new connections', () => {
    const relay = new TestRelay();
    const slow = relay.join('B2');
    slow.connection.stalled = true;
    relay.join('A1').message('B2', 'x'.repeat(100_000));
    relay.engine.stop();
    slow.connection.unstall();
    expect(slow.got()).to.have.length(1);
    expect(relay.connect().closed).to.equal(true);
    expect(relay.engine.connections).to.equal(0);
  });
});

describe('relay metrics', () => {
  it('count every refusal and every end by its cause', async () => {
    const relay = new TestRelay();
    relay.join('A1').message('Z9', 'x').say('malformed').got();
    relay.connect();
    await relay.clock.advance(11 * SECOND);
    const text = await relay.metrics.registry.metrics();
    expect(text).to.contain('beaconry_relay_errors_total{cause="unknown_destination"} 1');
    expect(text).to.contain('beaconry_relay_errors_total{cause="malformed_frame"} 1');
    expect(text).to.contain('beaconry_relay_ends_total{cause="malformed_frame"} 1');
    expect(text).to.contain('beaconry_relay_ends_total{cause="no_init"} 1');
    expect(text).to.contain('beaconry_relay_frames_total 3');
  });
});
