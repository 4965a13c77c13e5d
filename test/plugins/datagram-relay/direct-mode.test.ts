import { PeerAddress, type ServerError } from 'beaconry';
import { expect } from 'chai';
import { encodeHostedRoute } from '../../../plugins/coordinator/sdr/hosted-address-codec.js';
import type { DirectMode } from '../../../plugins/coordinator/sdr/network-config-codec.js';
import type { RelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import type { Connection } from '../../../plugins/datagram-relay/agent/connection.js';
import {
  ConnectionState,
  EndReason,
} from '../../../plugins/datagram-relay/agent/connection-state.js';
import { DirectConnection } from '../../../plugins/datagram-relay/agent/direct-connection.js';
import { PlainUdpAgent } from '../../../plugins/datagram-relay/plain-udp/plain-udp-agent.js';
import {
  encodePlain,
  PlainLead,
  PROTOCOL_VERSION,
} from '../../../plugins/datagram-relay/plain-udp/plain-udp-codec.js';
import { APP, CLIENT, RelayLab, SERVER } from './relay-lab.js';

const AT = '5.9.0.1:30000';
const text = (words: string) => Buffer.from(words);

describe('direct_mode: udp', () => {
  let lab: RelayLab;
  const set = (mode: DirectMode) => Object.assign(lab.config, { directMode: mode });
  beforeEach(() => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    set('udp');
  });
  afterEach(() => lab.close());

  const plainTicket = (fields: Partial<RelayTicket> = {}) => {
    const address = PeerAddress.parse(AT) as PeerAddress;
    const route = encodeHostedRoute({ pop: 'bbb', address, secret: 0n });
    return lab.ticket(AT, { route, ...fields });
  };
  const echoing = (ports: readonly number[] = [0, 7]) =>
    lab.server('5.9.0.1', { ports }, (connection) => {
      const { listener } = connection;
      connection.listener = {
        ...listener,
        onDatagram: (port, bytes, index) => {
          listener.onDatagram?.(port, bytes, index);
          connection.sendAt(index, bytes);
        },
        onMessage: (bytes, reliable) => connection.sendMessage(bytes, { reliable }),
      };
    });
  /** A player with a certificate, and plain UDP alone. */
  const stranger = (host: string) => {
    const credentials = lab.credentials(CLIENT);
    return new PlainUdpAgent({
      ...{ clock: lab.clock, openSocket: lab.network.host(host).open, appId: APP },
      network: () => ({ config: lab.config, certificates: lab.store }),
      credentials: async () => credentials,
    }).start();
  };
  const connect = async (
    ticket: () => Uint8Array = () => plainTicket(),
    ports: readonly number[] = [0],
    identity = CLIENT,
  ) => {
    const { agent } = await lab.client('6.0.0.1', ticket, identity);
    await lab.clock.advance(1500);
    const connection = await agent.connect(SERVER, ports);
    const heard: string[] = [];
    connection.listener = {
      onDatagram: (port, bytes, index) => heard.push(`${port} ${index} ${Buffer.from(bytes)}`),
      onMessage: (bytes, reliable) => heard.push(`${reliable} ${Buffer.from(bytes)}`),
    };
    await lab.clock.advance(1500);
    return { agent, connection, heard };
  };

  it('makes the client agent go to the server without relays, with the same virtual ports and messages', async () => {
    await echoing();
    lab.network.capture = true;
    const { connection, heard } = await connect(undefined, [7, 9, 7]);
    expect([connection.state, connection.way]).deep.equal([ConnectionState.connected, ['direct']]);
    expect(connection.send(7, text('first'))).equal(true);
    expect(connection.sendAt(2, text('third'))).equal(true);
    expect(connection.sendAt(1, text('not served'))).equal(false);
    expect(connection.send(0, text('not in the table'))).equal(false);
    connection.sendAt(0, Buffer.alloc(4096, 'x'));
    expect(connection.sendAt(0, Buffer.alloc(4097))).equal(false);
    connection.sendMessage(text('kept'), { reliable: true });
    await lab.clock.advance(1000);
    const long = `7 0 ${'x'.repeat(4096)}`;
    expect(heard).deep.equal(['7 0 first', '7 2 third', long, 'true kept']);
    expect(lab.received.map(({ port, from }) => `${port} ${from}`)).include(`7 ${CLIENT}`);
    const opened = lab.network.captured.filter(({ bytes }) => bytes[0] === 3);
    expect(opened).deep.equal([]);
  });

  it('loses no reliable message when every third datagram is lost', async () => {
    await echoing();
    const { connection, heard } = await connect();
    let count = 0;
    lab.network.passes = () => ++count % 3 !== 0;
    for (let i = 0; i < 20; i++) connection.sendMessage(text(`${i}`), { reliable: true });
    await lab.clock.advance(10_000);
    expect(heard).deep.equal(Array.from({ length: 20 }, (_, i) => `true ${i}`));
  });

  it('lets nobody in whose ticket a relay would refuse, and says why', async () => {
    await echoing();
    const attempts: readonly (readonly [RegExp, () => Uint8Array, readonly number[]])[] = [
      [/ticket is for str:bob, not str:alice/, () => plainTicket({ client: 'str:bob' }), [0]],
      [/for another server/, () => plainTicket({ server: 'str:other' }), [0]],
      [/ticket is for app 481/, () => plainTicket({ appId: 481 }), [0]],
      [/for other virtual ports/, () => plainTicket({ virtualPort: 5 }), [0]],
      [/for other virtual ports/, () => plainTicket(), [0x7fffff00]],
      [/no such virtual port/, () => plainTicket(), [9]],
      [/another address/, () => plainTicket({ publicIp: PeerAddress.of('8.8.0.9', 0) }), [0]],
    ];
    for (const [i, [why, ticket, ports]] of attempts.entries()) {
      const plain = await stranger(`6.0.1.${i + 1}`);
      const bare = await plain.connect(PeerAddress.parse(AT) as PeerAddress, SERVER);
      const facts = { remote: SERVER, name: 'x', isClient: true, ports };
      const now = () => lab.clock.monotonic();
      // A client that looks at no ticket itself, as its own would.
      const connection = new DirectConnection(facts, bare, now, { ports, ticket: ticket() });
      await lab.clock.advance(1500);
      expect(connection.state).equal(ConnectionState.closedByPeer);
      expect([connection.endReason, connection.endText]).deep.equal([
        EndReason.noRights,
        connection.endText.match(why)?.input,
      ]);
      await plain.close();
    }
    expect(lab.received).deep.equal([]);
  });

  it('closes a connection whose client says nothing of a ticket', async () => {
    const server = await echoing();
    const plain = await stranger('6.0.0.5');
    const connection = await plain.connect(PeerAddress.parse(AT) as PeerAddress, SERVER);
    await lab.clock.advance(2000);
    expect(connection.state).equal(ConnectionState.connected);
    connection.sendMessage(text('no table'), { reliable: true });
    connection.sendMessage(text('nor this'));
    await lab.clock.advance(12_000);
    expect(connection.state).equal(ConnectionState.closedByPeer);
    expect(server.connections).deep.equal([]);
    expect(lab.received).deep.equal([]);
    await plain.close();
  });

  it('sends nothing to an address that stands in a ticket of somebody else than the coordinator', async () => {
    const foreign = new RelayLab({ bbb: ['5.0.0.2'] });
    const address = PeerAddress.of('9.9.9.9', 53);
    const route = encodeHostedRoute({ pop: 'bbb', address, secret: 0n });
    const { agent } = await lab.client('6.0.0.1', () => foreign.ticket(AT, { route }));
    lab.network.capture = true;
    const error = await agent.connect(SERVER).catch((refused: ServerError) => refused);
    await lab.clock.advance(3000);
    expect((error as ServerError).code).match(/^(CERT|TICKET)_/);
    expect(lab.network.captured.filter(({ to }) => to === '9.9.9.9:53')).deep.equal([]);
    await foreign.close();
  });

  it('keeps nothing long of who has shown no ticket, and two connections of a player, the newest', async () => {
    const server = await echoing();
    const plain = await stranger('6.0.0.5');
    const silent = await plain.connect(PeerAddress.parse(AT) as PeerAddress, SERVER);
    await lab.clock.advance(1000);
    silent.sendMessage(Buffer.alloc(500_000), { reliable: true });
    await lab.clock.advance(1000);
    expect(silent.state).equal(ConnectionState.closedByPeer);
    expect(server.connections).deep.equal([]);
    await plain.close();
    const { agent } = await lab.client('6.0.0.1', () => plainTicket());
    await lab.clock.advance(1000);
    const opened: Connection[] = [];
    for (let i = 0; i < 4; i++) {
      opened.push(await agent.connect(SERVER));
      await lab.clock.advance(1000);
    }
    const { connected, closedByPeer } = ConnectionState;
    expect(opened.map(({ state }) => state)).deep.equal([
      ...[closedByPeer, closedByPeer, connected, connected],
    ]);
  });

  it('is a word of the network config: in another mode the server answers no stranger', async () => {
    await echoing();
    set('relay');
    lab.network.capture = true;
    const request = encodePlain(PlainLead.challengeRequest, {
      ...{ connectionId: 7, myTimestamp: 1n, protocolVersion: PROTOCOL_VERSION },
    });
    const ask = () =>
      lab.network.send(request, '6.0.0.9:1000', PeerAddress.parse(AT) as PeerAddress);
    ask();
    await lab.clock.advance(100);
    expect(lab.network.captured.filter(({ to }) => to === '6.0.0.9:1000')).deep.equal([]);
    set('udp');
    ask();
    await lab.clock.advance(100);
    expect(lab.network.captured.filter(({ to }) => to === '6.0.0.9:1000').length).equal(1);
  });

  it('keeps connections that are open when the network goes back to relays, and opens new ones there', async () => {
    await echoing();
    const first = await connect();
    set('relay');
    await lab.clock.advance(15_000);
    first.connection.send(0, text('still here'));
    await lab.clock.advance(200);
    expect(first.heard).deep.equal(['0 0 still here']);
    const { agent } = await lab.client('6.0.0.2', () => lab.ticket(AT));
    await lab.clock.advance(1500);
    const second = await agent.connect(SERVER);
    await lab.clock.advance(2000);
    expect([second.state, second.way]).deep.equal([ConnectionState.connected, ['5.0.0.2']]);
  });

  it('asks for another ticket when that at hand was made for the other way', async () => {
    await echoing();
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (error: ServerError) => error.code,
      );
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket(AT));
    expect(await codeOf(agent.connect(SERVER))).equal('DIRECT_MODE');
    set('relay');
    const { agent: other } = await lab.client('6.0.0.2', () => plainTicket());
    expect(await codeOf(other.connect(SERVER))).equal('DIRECT_MODE');
  });
});
