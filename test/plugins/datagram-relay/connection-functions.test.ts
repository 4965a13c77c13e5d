import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { ClientAgent } from '../../../plugins/datagram-relay/agent/client-agent.js';
import type { Connection } from '../../../plugins/datagram-relay/agent/connection.js';
import { createConnectionPair } from '../../../plugins/datagram-relay/agent/connection-pair.js';
import {
  ConnectionState,
  EndReason,
} from '../../../plugins/datagram-relay/agent/connection-state.js';
import { PollGroup } from '../../../plugins/datagram-relay/agent/poll-group.js';
import type { ForcedRelays } from '../../../plugins/datagram-relay/agent/relay-prober.js';
import { APP, CLIENT, RelayLab, SERVER } from './relay-lab.js';

const pair = (ports?: readonly number[]) =>
  createConnectionPair(new FakeClock(), ['str:game', 'str:server'], ports);
const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('a pair of connections', () => {
  it('hands datagrams and messages of one end to the other, in order, and nothing of memory', async () => {
    const [one, other] = pair([7, 9]);
    expect([one.facts.remote, other.facts.remote]).deep.equal(['str:server', 'str:game']);
    const heard: string[] = [];
    other.listener = {
      onDatagram: (port, bytes, index) => heard.push(`${port} ${index} ${Buffer.from(bytes)}`),
      onMessage: (bytes, reliable, lane) => heard.push(`${reliable} ${lane} ${Buffer.from(bytes)}`),
    };
    one.configureLanes([{}, {}]);
    const memory = Buffer.from('mine');
    expect(one.send(9, memory)).equal(true);
    one.sendMessage(memory, { reliable: true, lane: 1 });
    expect(one.send(8, memory)).equal(false);
    memory.fill(0);
    expect(heard).deep.equal([]);
    await soon();
    expect(heard).deep.equal(['9 1 mine', 'true 1 mine']);
    expect(one.way).deep.equal(['loopback']);
  });

  it('ends at both ends with the reason', async () => {
    const [one, other] = pair();
    const states: number[] = [];
    other.listener = { onState: (state) => states.push(state) };
    one.close(1007, 'bye');
    await soon();
    expect(states).deep.equal([ConnectionState.closedByPeer]);
    expect([other.endReason, other.endText]).deep.equal([1007, 'bye']);
    expect(one.sendMessage(Buffer.from('late'))).equal(false);
  });
});

describe('a poll group', () => {
  it('gives messages and datagrams of its connections in one place, with whose they are and what they mean to the program', async () => {
    const group = new PollGroup();
    const pairs = [pair(), pair()];
    for (const [i, [, server]] of pairs.entries()) {
      server.userData = `player ${i}`;
      group.add(server);
    }
    pairs[1]?.[0].sendMessage(Buffer.from('hello'), { reliable: true });
    pairs[0]?.[0].send(0, Buffer.from('moved'));
    await soon();
    const taken = group.receive();
    expect(
      taken.map(({ connection, bytes, port, reliable }) => [
        ...[connection.userData, Buffer.from(bytes).toString(), port, reliable],
      ]),
    ).deep.equal([
      ['player 1', 'hello', undefined, true],
      ['player 0', 'moved', 0, false],
    ]);
    expect(group.receive()).deep.equal([]);
  });

  it('gives at most as many as are wanted, and nothing of who left it', async () => {
    const group = new PollGroup();
    const [client, server] = pair();
    group.add(server);
    for (let i = 0; i < 10; i++) client.sendMessage(Buffer.from(`${i}`));
    await soon();
    expect(group.receive(3).map(({ bytes }) => Buffer.from(bytes).toString())).deep.equal([
      ...['0', '1', '2'],
    ]);
    group.remove(server);
    expect([group.receive(), group.size]).deep.equal([[], 0]);
  });

  it('holds 8192 messages and 8 MiB, drops what is unreliable past that, and closes who sends more of the other', async () => {
    const group = new PollGroup();
    const [flood, server] = pair();
    group.add(server);
    for (let i = 0; i < 9000; i++) flood.sendMessage(Buffer.from('x'));
    await soon();
    expect(group.dropped).equal(9000 - 8192);
    expect(server.isOpen).equal(true);
    flood.sendMessage(Buffer.from('x'), { reliable: true });
    await soon();
    expect([server.endReason, server.endText]).deep.equal([
      EndReason.exception,
      'nobody takes its messages',
    ]);
    expect(group.receive(10_000).length).equal(8192);
    const [large, other] = pair();
    group.add(other);
    for (let i = 0; i < 20; i++) large.sendMessage(Buffer.alloc(500_000));
    await soon();
    expect(group.receive().length).equal(16);
  });
});

describe('what developers may want of agents', () => {
  let lab: RelayLab;
  afterEach(() => lab.close());

  const agentWith = async (forced: ForcedRelays, more: { readonly dev?: boolean } = {}) => {
    const credentials = lab.credentials(CLIENT);
    const agent = new ClientAgent({
      ...{ clock: lab.clock, openSocket: lab.network.host('6.0.0.1').open, forced },
      ...{ identity: CLIENT, appId: APP, ...more },
      network: () => ({ config: lab.config, certificates: lab.store }),
      credentials: async () => credentials,
      ticket: async () => lab.ticket('5.9.0.1:30000'),
    });
    lab.clients.push(await agent.start());
    await lab.clock.advance(2000);
    return agent;
  };
  const connected = async (agent: ClientAgent): Promise<Connection> => {
    const connection = await agent.connect(SERVER);
    await lab.clock.advance(2500);
    expect(connection.state).equal(ConnectionState.connected);
    return connection;
  };

  it('is pings that are not measured: the way over the POP that looks near is taken', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'] }, { pings: [['aaa', 'bbb', 5]] });
    await lab.server('5.9.0.1');
    const fakePings = new Map([
      ['aaa', 10],
      ['bbb', 200],
    ]);
    const agent = await agentWith({ fakePings });
    expect(agent.measurement.directPing('bbb')).equal(200);
    expect((await connected(agent)).way).deep.equal(['5.0.0.1', '5.0.0.2']);
  });

  it('is one POP, or one relay alone', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2', '5.0.0.3'] });
    await lab.server('5.9.0.1');
    const one = await agentWith({ pop: 'aaa' });
    expect(one.measurement.location).match(/^aaa=/);
    expect((await connected(one)).way).deep.equal(['5.0.0.1']);
    const other = await agentWith({ relay: '5.0.0.3' });
    expect((await connected(other)).way).deep.equal(['5.0.0.3']);
  });

  it('is pings of now: what is older than asked for is measured anew', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const agent = await agentWith({});
    const { measurement } = agent;
    expect(measurement.isUpToDate(60)).equal(true);
    lab.network.capture = true;
    expect(measurement.isUpToDate(0)).equal(false);
    expect(lab.network.captured.filter(({ bytes }) => bytes[0] === 1).length).equal(1);
    lab.network.detach('5.0.0.2:27000');
    await lab.clock.advance(30_000);
    expect([measurement.isUpToDate(60), measurement.isUpToDate(10)]).deep.equal([true, false]);
  });

  it('is POP dev: a server without certificate, where relay and player allow it, and nowhere else', async () => {
    lab = new RelayLab({ dev: ['5.0.0.2'] }, { engine: { dev: true } });
    await lab.server('5.9.0.1', { pop: 'dev', certified: false });
    const ticket = () => lab.ticket('5.9.0.1:30000', {}, 'dev');
    const { agent } = await lab.client('6.0.0.1', ticket, CLIENT, { dev: true });
    await lab.clock.advance(1500);
    const connection = await connected(agent);
    connection.send(0, Buffer.from('hello'));
    await lab.clock.advance(100);
    expect(lab.received.map(({ text }) => text)).deep.equal(['hello']);
    const { agent: careful } = await lab.client('6.0.0.2', ticket, CLIENT, { dev: false });
    await lab.clock.advance(1500);
    const refused = await careful.connect(SERVER);
    await lab.clock.advance(2500);
    expect(refused.endReason).equal(EndReason.badCertificate);
  });

  it('is no POP dev where the relay does not allow it', async () => {
    lab = new RelayLab({ dev: ['5.0.0.2'] });
    const server = await lab.server('5.9.0.1', { pop: 'dev', certified: false });
    await lab.clock.advance(3000);
    expect(server.registeredAt).deep.equal([]);
  });
});
