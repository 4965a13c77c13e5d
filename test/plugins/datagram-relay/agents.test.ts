import { expect } from 'chai';
import { ConnectionState } from '../../../plugins/datagram-relay/agent/connection-state.js';
import type { RelayedConnection } from '../../../plugins/datagram-relay/agent/relayed-connection.js';
import { RelayLab } from './relay-lab.js';

const text = (words: string) => Buffer.from(words);

describe('agents and relays', () => {
  let lab: RelayLab;
  afterEach(() => lab.close());

  it('carries datagrams both ways through one relay', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const answers: string[] = [];
    await lab.server('5.9.0.1', {}, (connection) => {
      connection.listener = {
        onDatagram: (port, bytes) => connection.send(port, text(`echo ${Buffer.from(bytes)}`)),
      };
    });
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(1000);
    const connection = await agent.connect('str:server');
    connection.listener = {
      onDatagram: (_port, bytes) => answers.push(Buffer.from(bytes).toString()),
    };
    await lab.clock.advance(1000);
    expect(connection.state).equal(ConnectionState.connected);
    connection.send(0, text('hello'));
    await lab.clock.advance(100);
    expect(answers).deep.equal(['echo hello']);
  });

  const connected = async (ticket = () => lab.ticket('5.9.0.1:30000')) => {
    const { agent, move } = await lab.client('6.0.0.1', ticket);
    await lab.clock.advance(1500);
    const connection = (await agent.connect('str:server')) as RelayedConnection;
    await lab.clock.advance(2000);
    return { agent, move, connection };
  };
  /** 50 packets a second, each with its number; gives those that arrived and the longest pause in ms. */
  const stream = async (
    send: (bytes: Uint8Array) => void,
    ms: number,
    during: (at: number) => void,
  ) => {
    lab.received.length = 0;
    const times: number[] = [];
    let known = 0;
    for (let at = 0; at < ms; at += 20) {
      during(at);
      send(text(String(at)));
      await lab.clock.advance(20);
      if (lab.received.length > known) times.push(at);
      known = lab.received.length;
    }
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
    return { arrived: lab.received.length, sent: ms / 20, gap: Math.max(...gaps) };
  };

  it('keeps one warm path beside the one in use, on another relay', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    await lab.server('5.9.0.1');
    const { connection } = await connected();
    expect(connection.paths.map(({ relays }) => relays[0]).sort()).deep.equal([
      '5.0.0.2',
      '5.0.0.3',
    ]);
  });

  it('goes on through the warm path within two seconds when its relay dies', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    await lab.server('5.9.0.1');
    const { connection } = await connected();
    const dead = `${connection.primary?.relays[0]}:27000`;
    const { gap, arrived, sent } = await stream(
      (bytes) => connection.send(0, bytes),
      10_000,
      (at) => at === 2000 && lab.network.detach(dead),
    );
    expect(gap).below(2000);
    expect(arrived).above(sent * 0.75);
  });

  it('loses nothing when a relay drains', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    await lab.server('5.9.0.1');
    const { connection } = await connected();
    const draining = connection.primary?.relays[0] as string;
    const { arrived, sent } = await stream(
      (bytes) => connection.send(0, bytes),
      6000,
      (at) => at === 2000 && lab.relays.get(draining)?.drain(30),
    );
    expect(arrived).equal(sent);
    expect(connection.primary?.relays[0]).not.equal(draining);
  });

  it('keeps delivering while the client changes its address', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    const answers: number[] = [];
    await lab.server('5.9.0.1', {}, (connection) => {
      const { listener } = connection;
      connection.listener = {
        onDatagram: (port, bytes) => {
          listener.onDatagram?.(port, bytes, 0);
          connection.send(port, bytes);
        },
      };
    });
    const { connection, move } = await connected();
    connection.listener = {
      onDatagram: (_port, bytes) => answers.push(Number(Buffer.from(bytes))),
    };
    const { gap, arrived, sent } = await stream(
      (bytes) => connection.send(0, bytes),
      6000,
      (at) => at === 2000 && move('6.0.0.77'),
    );
    expect(gap).below(1000);
    expect(arrived).above(sent * 0.98);
    expect(answers.length).above(sent * 0.98);
    const migrations = [...lab.relays.values()].map(
      ({ forwarder }) => forwarder.counters.migrations,
    );
    expect(migrations.reduce((sum, one) => sum + one)).at.least(1);
  });

  it('loses no answer to what a client sends from a new address before it has proven it', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    const answers = new Set<string>();
    await lab.server('5.9.0.1', {}, (connection) => {
      connection.listener = { onDatagram: (port, bytes) => connection.send(port, bytes) };
    });
    const { connection, move } = await connected();
    connection.listener = {
      onDatagram: (_port, bytes) => answers.add(Buffer.from(bytes).toString()),
    };
    for (const relay of ['5.0.0.2', '5.0.0.3']) lab.network.delay('6.0.0.77', relay, 60);
    move('6.0.0.77');
    for (let i = 0; i < 10; i++) connection.send(0, text(`held back ${i}`));
    await lab.clock.advance(100);
    for (let i = 10; i < 20; i++) connection.send(0, text(`held back ${i}`));
    await lab.clock.advance(1000);
    expect(answers.size).equal(20);
  });

  it('takes a way over two relays when the direct front is slow, and goes back', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'] }, { pings: [['aaa', 'bbb', 15]] });
    await lab.server('5.9.0.1');
    const { connection } = await connected();
    expect(connection.primary?.relays).deep.equal(['5.0.0.2']);
    lab.network.delay('6.0.0.1', '5.0.0.2', 31);
    await stream(
      (bytes) => connection.send(0, bytes),
      20_000,
      () => {},
    );
    expect(connection.primary?.relays).deep.equal(['5.0.0.1', '5.0.0.2']);
    connection.send(0, text('by two'));
    await lab.clock.advance(200);
    expect(lab.received.at(-1)?.text).equal('by two');
    lab.network.delay('6.0.0.1', '5.0.0.2', 1);
    await stream(
      (bytes) => connection.send(0, bytes),
      20_000,
      () => {},
    );
    expect(connection.primary?.relays).deep.equal(['5.0.0.2']);
  });

  it('shows neither side the address of the other', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    await lab.server('5.9.0.1');
    lab.network.capture = true;
    const { connection } = await connected();
    connection.send(0, text('hello'));
    await lab.clock.advance(1000);
    const contains = (bytes: Uint8Array, address: readonly number[]) =>
      Buffer.from(bytes).includes(Buffer.from(address));
    const client = lab.network.captured.filter(({ from, to }) =>
      `${from} ${to}`.includes('6.0.0.1'),
    );
    const server = lab.network.captured.filter(({ from, to }) =>
      `${from} ${to}`.includes('5.9.0.1'),
    );
    expect(client.length).above(10);
    expect(server.length).above(10);
    expect(client.some(({ from, to }) => `${from} ${to}`.includes('5.9.0.1'))).equal(false);
    expect(server.some(({ from, to }) => `${from} ${to}`.includes('6.0.0.1'))).equal(false);
    expect(client.some(({ bytes }) => contains(bytes, [5, 9, 0, 1]))).equal(false);
    expect(server.some(({ bytes }) => contains(bytes, [6, 0, 0, 1]))).equal(false);
  });

  it('names the expiry when a cached ticket is over', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    await lab.server('5.9.0.1');
    const ticket = lab.ticket('5.9.0.1:30000', { expiresAt: lab.unix() + 60 });
    const { agent } = await lab.client('6.0.0.1', () => ticket);
    await lab.clock.advance(61_000);
    const error = await agent.connect('str:server').catch((refused: Error) => refused);
    expect(String(error)).match(/ticket for str:server expired at 2026-01-01T00:01:00/);
  });

  it('is refused with the reason when the ticket is of another player', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    await lab.server('5.9.0.1');
    const { connection } = await connected(() =>
      lab.ticket('5.9.0.1:30000', { client: 'str:mallory' }),
    );
    await lab.clock.advance(3000);
    expect(connection.state).equal(ConnectionState.problemDetected);
    expect(connection.endText).equal('relays refused: ticket is of another client');
  });

  it('serves only virtual ports of its own configuration', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    await lab.server('5.9.0.1', { ports: [0, 7] });
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(1500);
    const connection = await agent.connect('str:server', [0, 7, 9]);
    await lab.clock.advance(1000);
    const sent = [0, 7, 9].map((port) => connection.send(port, text(`to ${port}`)));
    await lab.clock.advance(100);
    expect(sent).deep.equal([true, true, false]);
    expect(lab.received.map(({ port }) => port)).deep.equal([0, 7]);
  });

  it('cuts datagrams up to 4096 bytes and joins them', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    await lab.server('5.9.0.1');
    const { connection } = await connected();
    const sent = [1265, 1266, 4096, 4097].map((size) =>
      connection.send(0, Buffer.alloc(size, 'x')),
    );
    await lab.clock.advance(100);
    expect(sent).deep.equal([true, true, true, false]);
    expect(lab.received.map((one) => one.text.length)).deep.equal([1265, 1266, 4096]);
  });

  it('delivers reliable messages once and in order though a third of all packets is lost', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    const messages: string[] = [];
    await lab.server('5.9.0.1', {}, (connection) => {
      connection.listener = { onMessage: (bytes) => messages.push(Buffer.from(bytes).toString()) };
    });
    const { connection } = await connected();
    let chance = 7;
    lab.network.passes = () => {
      chance = (chance * 1103515245 + 12345) % 2147483648;
      return chance % 1000 > 333;
    };
    const wanted = Array.from({ length: 40 }, (_, i) => `${i} `.repeat(i * 40));
    for (const message of wanted) connection.sendMessage(text(message), { reliable: true });
    await lab.clock.advance(9000);
    expect(messages).deep.equal(wanted);
  });

  it('ends at both sides with the reason and text of the one that closes', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const server = await lab.server('5.9.0.1');
    const { connection } = await connected();
    const [far] = server.connections;
    connection.close(1042, 'match over');
    await lab.clock.advance(100);
    expect([far?.state, far?.endReason, far?.endText]).deep.equal([4, 1042, 'match over']);
    expect(server.connections).deep.equal([]);
  });

  it('is offered in words a player understands', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(2000);
    expect(agent.measurement.status).include({
      overall: 100,
      text: 'Connected to the relay network: 1 of 1 relays answer.',
    });
    lab.network.detach('5.0.0.2:27000');
    await lab.clock.advance(20_000);
    expect(agent.measurement.status.overall).equal(-10);
    expect(agent.measurement.status.text).equal(
      'The connection to all relays was lost. Trying again.',
    );
  });

  it('tells pings to POPs, direct and by way of another one, and a location', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'] }, { pings: [['aaa', 'bbb', 10]] });
    lab.network.delay('6.0.0.1', '5.0.0.2', 40);
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(2000);
    expect(agent.measurement.pops).deep.equal(['aaa', 'bbb']);
    expect(agent.measurement.directPing('bbb')).equal(80);
    expect(agent.measurement.relayedPing('bbb')).deep.equal({ ping: 12, via: 'aaa' });
    expect(agent.measurement.location).equal('aaa=2+0,bbb=80+8/12+0');
    expect(agent.measurement.estimatePing('bbb=5+0')).equal(17);
    expect(agent.measurement.estimatePing('nonsense')).equal(-1);
    expect(agent.measurement.estimatePingToPop('bbb')).equal(12);
  });
});
