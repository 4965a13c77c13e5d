import { PeerAddress } from 'beaconry';
import { GLOBAL_PORT } from 'beaconry/plugins/fake-ip';
import { expect } from 'chai';
import type { Connection } from '../../../plugins/datagram-relay/agent/connection.js';
import { FakeUdpPort } from '../../../plugins/datagram-relay/agent/fake-udp-port.js';
import {
  MESSAGES_PORT,
  MessageFront,
} from '../../../plugins/datagram-relay/agent/message-front.js';
import type { PeerAgent } from '../../../plugins/datagram-relay/agent/peer-agent.js';
import { RelayLab } from './relay-lab.js';

const text = (words: string) => Buffer.from(words);

describe('messages to an identity', () => {
  let lab: RelayLab;
  const fronts: MessageFront[] = [];
  beforeEach(() => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
  });
  afterEach(async () => {
    for (const front of fronts.splice(0)) front.close();
    await lab.close();
  });

  const player = async (host: string, identity: string, onRequest?: (from: string) => boolean) => {
    const received: string[] = [];
    const failed: string[] = [];
    const front: MessageFront = new MessageFront({
      clock: lab.clock,
      connect: (to, ports) => agent.connect(to, ports),
      onMessage: (from, bytes, channel) =>
        received.push(`${from} on ${channel}: ${Buffer.from(bytes)}`),
      onFailed: (to, reason, why) => failed.push(`${to} ${reason}: ${why}`),
      ...(onRequest === undefined ? {} : { onRequest }),
    });
    fronts.push(front);
    const agent: PeerAgent = await lab.peer(host, identity, {
      ports: [MESSAGES_PORT],
      accept: (connection) => front.accept(connection) ?? false,
    });
    return { front, received, failed };
  };

  it('open a session with the first one, and go both ways', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    const bob = await player('6.0.0.2', 'str:bob', () => true);
    await lab.clock.advance(2000);
    expect(alice.front.send('str:bob', text('hello'), { channel: 3 })).equal(true);
    expect(alice.front.send('str:bob', text('unreliable'), { reliable: false })).equal(true);
    await lab.clock.advance(3000);
    expect(bob.received.sort()).deep.equal(['str:alice on 0: unreliable', 'str:alice on 3: hello']);
    bob.front.send('str:alice', text('back'));
    await lab.clock.advance(500);
    expect(alice.received).deep.equal(['str:bob on 0: back']);
    expect(lab.peers.get('str:bob')?.connections.length).equal(1);
  });

  it('reach nobody who did not say yes, and the sender hears of it', async () => {
    const asked: string[] = [];
    const alice = await player('6.0.0.1', 'str:alice');
    const bob = await player('6.0.0.2', 'str:bob', (from) => {
      asked.push(from);
      return false;
    });
    await lab.clock.advance(2000);
    alice.front.send('str:bob', text('hello'));
    await lab.clock.advance(15_000);
    expect(new Set(asked)).deep.equal(new Set(['str:alice']));
    expect(bob.received).deep.equal([]);
    expect(alice.failed).deep.equal(['str:bob 5008: the peer does not answer']);
    expect(alice.front.sessions).deep.equal([]);
  });

  it('need no question when the other side has sent something first', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    const bob = await player('6.0.0.2', 'str:bob');
    await lab.clock.advance(2000);
    alice.front.send('str:bob', text('from alice'));
    bob.front.send('str:alice', text('from bob'));
    await lab.clock.advance(4000);
    expect(bob.received).deep.equal(['str:alice on 0: from alice']);
    expect(alice.received).deep.equal(['str:bob on 0: from bob']);
  });

  it('wait for their session, 64 of them', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    const bob = await player('6.0.0.2', 'str:bob', () => true);
    await lab.clock.advance(2000);
    const taken = Array.from({ length: 70 }, (_, i) => alice.front.send('str:bob', text(`${i}`)));
    await lab.clock.advance(4000);
    expect(taken.filter(Boolean).length).equal(64);
    expect(bob.received.length).equal(64);
    expect(bob.received[63]).equal('str:alice on 0: 63');
  });

  it('close a session that was silent for three minutes', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    await player('6.0.0.2', 'str:bob', () => true);
    await lab.clock.advance(2000);
    alice.front.send('str:bob', text('hello'));
    await lab.clock.advance(3000);
    expect(alice.front.sessions).deep.equal(['str:bob']);
    await lab.clock.advance(181_000);
    expect(alice.front.sessions).deep.equal([]);
    expect(lab.peers.get('str:bob')?.connections).deep.equal([]);
  });

  it('reach a hosted server too', async () => {
    const received: string[] = [];
    await lab.server('5.9.0.1', { ports: [MESSAGES_PORT] }, (connection: Connection) => {
      const front = new MessageFront({
        clock: lab.clock,
        connect: () => Promise.reject(new Error('servers do not connect')),
        onRequest: () => true,
        onMessage: (from, bytes) => {
          received.push(`${from}: ${Buffer.from(bytes)}`);
          front.send(from, text('welcome'));
        },
      });
      fronts.push(front);
      expect(front.accept(connection)).equal(true);
    });
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(1500);
    const answers: string[] = [];
    const front = new MessageFront({
      clock: lab.clock,
      connect: (to, ports) => agent.connect(to, ports),
      onMessage: (from, bytes) => answers.push(`${from}: ${Buffer.from(bytes)}`),
    });
    fronts.push(front);
    front.send('str:server', text('let me in'));
    await lab.clock.advance(3000);
    expect(received).deep.equal(['str:alice: let me in']);
    expect(answers).deep.equal(['str:server: welcome']);
  });
});

describe('a fake UDP port', () => {
  let lab: RelayLab;
  const ports: FakeUdpPort[] = [];
  const SERVER = PeerAddress.of('169.254.3.7', 30001);
  beforeEach(() => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
  });
  afterEach(async () => {
    for (const port of ports.splice(0)) port.close();
    await lab.close();
  });

  const player = async (host: string, identity: string, index?: number) => {
    const received: { readonly text: string; readonly from: PeerAddress }[] = [];
    const failed: string[] = [];
    const port: FakeUdpPort = new FakeUdpPort({
      clock: lab.clock,
      connect: (to, wanted) => agent.connect(to, wanted),
      resolve: async (address) =>
        address.equals(SERVER) ? { identity: 'str:bob', virtualPort: GLOBAL_PORT + 1 } : undefined,
      onDatagram: (bytes, from) =>
        received.push({ text: Buffer.from(bytes).toString(), from: from.copy() }),
      onFailed: (address, why) => failed.push(`${address} ${why}`),
      ...(index === undefined ? {} : { index }),
    });
    ports.push(port);
    const agent: PeerAgent = await lab.peer(host, identity, {
      ports: index === undefined ? [] : [GLOBAL_PORT + index],
      accept: (connection) => port.accept(connection) ?? false,
    });
    return { port, received, failed };
  };

  it('sends to a FakeIP and hears from it, and the other side answers a local FakeIP', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    const bob = await player('6.0.0.2', 'str:bob', 1);
    await lab.clock.advance(2000);
    expect(alice.port.sendTo(text('ping'), SERVER)).equal('ok');
    await lab.clock.advance(3000);
    const [first] = bob.received;
    expect(first?.text).equal('ping');
    expect(String(first?.from)).match(/^169\.254\.(1[3-9]\d|12[89]|2\d\d)\.\d+:\d+$/);
    expect(bob.port.identityOf(first?.from as PeerAddress)).equal('str:alice');
    expect(bob.port.sendTo(text('pong'), first?.from as PeerAddress)).equal('ok');
    await lab.clock.advance(200);
    expect(alice.received.map((one) => `${one.text} ${one.from}`)).deep.equal([`pong ${SERVER}`]);
  });

  it('knows a player who comes again by the same local address', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    const bob = await player('6.0.0.2', 'str:bob', 1);
    await lab.clock.advance(2000);
    for (let i = 0; i < 2; i++) {
      alice.port.sendTo(text(`visit ${i}`), SERVER);
      await lab.clock.advance(3000);
      alice.port.release(SERVER);
      await lab.clock.advance(500);
    }
    expect(bob.received.map((one) => one.text)).deep.equal(['visit 0', 'visit 1']);
    expect(String(bob.received[0]?.from)).equal(String(bob.received[1]?.from));
  });

  it('says what cannot be sent: no FakeIP, gone, too long', async () => {
    const { port, failed } = await player('6.0.0.1', 'str:alice');
    await lab.clock.advance(2000);
    expect(port.sendTo(text('x'), PeerAddress.of('5.0.0.2', 27000))).equal('notFake');
    expect(port.sendTo(text('x'), PeerAddress.of('169.254.200.1', 3000))).equal('notFound');
    expect(port.sendTo(new Uint8Array(4097), SERVER)).equal('tooLong');
    port.sendTo(text('x'), PeerAddress.of('169.254.3.8', 30001));
    await lab.clock.advance(100);
    expect(failed).deep.equal(['169.254.3.8:30001 nobody is at 169.254.3.8:30001']);
  });

  it('lets nobody in on a port that is not the own global one', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    const bob = await player('6.0.0.2', 'str:bob', 0);
    await lab.clock.advance(2000);
    alice.port.sendTo(text('ping'), SERVER);
    await lab.clock.advance(12_000);
    expect(bob.received).deep.equal([]);
    expect(alice.failed).deep.equal([`${SERVER} 5008: the peer does not answer`]);
  });

  it('closes what was silent for a minute', async () => {
    const alice = await player('6.0.0.1', 'str:alice');
    await player('6.0.0.2', 'str:bob', 1);
    await lab.clock.advance(2000);
    alice.port.sendTo(text('ping'), SERVER);
    await lab.clock.advance(3000);
    expect(lab.peers.get('str:alice')?.connections.length).equal(1);
    await lab.clock.advance(61_000);
    expect(lab.peers.get('str:alice')?.connections.length).equal(0);
  });
});
