import { expect } from 'chai';
import type { AgentControl } from '../../../plugins/datagram-relay/agent/agent-control-codec.js';
import { MessageLanes } from '../../../plugins/datagram-relay/agent/message-lanes.js';
import type { RelayedConnection } from '../../../plugins/datagram-relay/agent/relayed-connection.js';
import { RelayLab, SERVER } from './relay-lab.js';

describe('lanes of a connection', () => {
  /** Two ends without a network; `lose` says which controls never come. */
  const ends = (lose: (control: AgentControl) => boolean = () => false) => {
    const heard: string[] = [];
    const order: number[] = [];
    const carry = (to: () => MessageLanes) => (control: AgentControl) => {
      const { lane, control: inner } = control.type === 'lane' ? control : { lane: 0, control };
      if (inner.type === 'segment' && to() === far) order.push(lane);
      if (lose(control)) return;
      if (inner.type === 'segment') to().segment(lane, inner);
      else if (inner.type === 'acknowledge') to().acknowledged(lane, inner, now);
    };
    let now = 0;
    const near: MessageLanes = new MessageLanes(
      carry(() => far),
      () => {},
    );
    const far: MessageLanes = new MessageLanes(
      carry(() => near),
      (bytes, lane) => heard.push(`${lane} ${Buffer.from(bytes).subarray(0, 8)}`),
    );
    const pass = (ms: number) => {
      for (const end = now + ms; now < end; now += 100) {
        near.tick(now, 50);
        far.tick(now, 50);
      }
    };
    return { near, far, heard, order, pass };
  };

  it('hold up nobody: what is lost in one comes later, the others come in time', () => {
    let isLost = true;
    const { near, heard, pass } = ends((control) => isLost && control.type === 'segment');
    near.configure([{}, {}]);
    near.push(0, Buffer.from('lost'), 0);
    near.push(1, Buffer.from('first'), 0);
    near.push(1, Buffer.from('second'), 0);
    expect(heard).deep.equal(['1 first', '1 second']);
    isLost = false;
    pass(500);
    expect(heard).deep.equal(['1 first', '1 second', '0 lost']);
  });

  it('leave in the order of their priority as soon as there is room', () => {
    const { near, heard, pass } = ends();
    near.configure([{ priority: 1 }, { priority: 0 }]);
    near.push(0, Buffer.alloc(80_000, 'b'), 0);
    near.push(1, Buffer.from('urgent'), 0);
    pass(2000);
    expect(heard.map((one) => one[0])).deep.equal(['1', '0']);
  });

  it('share what they have by their weights', () => {
    const { near, order, pass } = ends();
    near.configure([{ weight: 3 }, { weight: 1 }]);
    // The first window is full of one lane; what follows is shared.
    near.push(0, Buffer.alloc(32 * 1100, 'a'), 0);
    near.push(1, Buffer.alloc(40 * 1100, 'b'), 0);
    near.push(0, Buffer.alloc(60 * 1100, 'c'), 0);
    order.length = 0;
    pass(5000);
    const shared = order.slice(0, 40);
    expect(shared.filter((lane) => lane === 0).length).within(27, 33);
  });

  it('let nobody begin more than 4 MiB of messages without an end', () => {
    const { far } = ends();
    const part = { type: 'segment', last: false, bytes: Buffer.alloc(1100) } as const;
    let taken = 0;
    for (let number = 0; number < 400; number++) {
      for (let lane = 0; lane < 16; lane++) if (far.segment(lane, { ...part, number })) taken++;
    }
    expect(taken * 1100).within(4_000_000, 4_200_000);
  });

  it('are as many as were configured, 16 at most, and no more come to be by what a stranger sends', () => {
    const { near, far, heard } = ends();
    const codeOf = (work: () => void) => {
      try {
        work();
        return 'none';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(codeOf(() => near.push(1, Buffer.from('x'), 0))).equal('LANES');
    expect(codeOf(() => near.configure([]))).equal('LANES');
    expect(codeOf(() => near.configure(new Array(17).fill({})))).equal('LANES');
    expect(codeOf(() => near.configure([{ weight: 0 }]))).equal('LANES');
    for (let lane = 0; lane < 256; lane++) {
      far.segment(lane, { type: 'segment', number: 0, last: true, bytes: Buffer.from('x') });
    }
    expect(heard.length).equal(16);
  });
});

describe('messages that share packets', () => {
  let lab: RelayLab;
  afterEach(() => lab.close());

  const connected = async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const heard: string[] = [];
    await lab.server('5.9.0.1', {}, (connection) => {
      connection.listener = {
        onMessage: (bytes, reliable, lane) =>
          heard.push(`${reliable} ${lane} ${Buffer.from(bytes)}`),
      };
    });
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(1500);
    const connection = (await agent.connect(SERVER)) as RelayedConnection;
    await lab.clock.advance(1500);
    return { connection, heard };
  };

  it('wait 5 ms for others, in their order, and leave in one', async () => {
    const { connection, heard } = await connected();
    const before = connection.stats.sent;
    for (let i = 0; i < 10; i++) connection.sendMessage(Buffer.from(`small ${i}`), { nagle: true });
    connection.sendMessage(Buffer.from('kept'), { reliable: true, nagle: true });
    expect(connection.stats.sent - before).equal(0);
    await lab.clock.advance(5);
    expect(connection.stats.sent - before).equal(1);
    await lab.clock.advance(100);
    const small = Array.from({ length: 10 }, (_, i) => `false 0 small ${i}`);
    expect(heard).deep.equal([...small, 'true 0 kept']);
  });

  it('leave at once with flush, with a message that does not wait, and when a packet is full', async () => {
    const { connection, heard } = await connected();
    connection.sendMessage(Buffer.from('one'), { nagle: true });
    connection.flush();
    await lab.clock.advance(4);
    expect(heard).deep.equal(['false 0 one']);
    connection.sendMessage(Buffer.from('two'), { nagle: true });
    connection.sendMessage(Buffer.from('three'));
    await lab.clock.advance(4);
    expect(heard).deep.equal(['false 0 one', 'false 0 two', 'false 0 three']);
    const before = connection.stats.sent;
    for (let i = 0; i < 5; i++) connection.sendMessage(Buffer.alloc(500, 'x'), { nagle: true });
    expect(connection.stats.sent - before).equal(2);
    await lab.clock.advance(100);
    expect(heard.length).equal(8);
  });

  it('are not lost when the connection is closed', async () => {
    const { connection, heard } = await connected();
    connection.sendMessage(Buffer.from('last words'), { nagle: true });
    connection.close();
    await lab.clock.advance(100);
    expect(heard).deep.equal(['false 0 last words']);
  });

  it('keep their lanes', async () => {
    const { connection, heard } = await connected();
    connection.configureLanes([{}, {}, {}]);
    for (const lane of [2, 0, 1]) {
      connection.sendMessage(Buffer.from(`of ${lane}`), {
        reliable: true,
        lane,
        nagle: lane === 1,
      });
    }
    await lab.clock.advance(200);
    expect(heard.sort()).deep.equal(['true 0 of 0', 'true 1 of 1', 'true 2 of 2']);
  });

  it('are counted: rates, the share that came at both sides, and what waits', async () => {
    const { connection } = await connected();
    const [served] = lab.servers[0]?.connections ?? [];
    let count = 0;
    // Every fourth packet to the server is lost behind the relay.
    lab.network.passes = ({ from, to, bytes }) =>
      !(from.startsWith('5.0.0.2') && to.startsWith('5.9') && (bytes[0] as number) >= 0x80) ||
      ++count % 4 !== 0;
    for (let i = 0; i < 500; i++) {
      connection.sendMessage(Buffer.alloc(100, 7));
      await lab.clock.advance(20);
    }
    const status = connection.realTimeStatus;
    expect(status.state).equal(3);
    expect(status.outPacketsPerSecond).within(48, 58);
    expect(status.outBytesPerSecond).within(48 * 135, 58 * 140);
    expect(status.quality).within(0.97, 1);
    expect(status.remoteQuality).within(0.68, 0.82);
    expect(served?.realTimeStatus.quality).within(0.68, 0.82);
    expect(status.ping).within(0, 20);
    connection.sendMessage(Buffer.alloc(100_000), { reliable: true });
    const queued = connection.realTimeStatus;
    expect(queued.unacknowledgedReliable).equal(32 * 1100);
    expect(queued.pendingReliable).equal(100_000 - 32 * 1100);
    expect(queued.queueTime).above(0);
  });
});
