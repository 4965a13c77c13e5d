import { ServerError } from 'beaconry';
import { GLOBAL_PORT } from 'beaconry/plugins/fake-ip';
import { expect } from 'chai';
import {
  AutoTicketGiver,
  type AutoTicketGiverOptions,
} from '../../../plugins/datagram-relay/agent/auto-ticket-giver.js';
import { AutoTicketRequests } from '../../../plugins/datagram-relay/agent/auto-ticket-requests.js';
import { ClientAgent } from '../../../plugins/datagram-relay/agent/client-agent.js';
import { ConnectionState } from '../../../plugins/datagram-relay/agent/connection-state.js';
import {
  decodeSignal,
  encodeSignal,
} from '../../../plugins/datagram-relay/agent/peer-signal-codec.js';
import { APP, CLIENT, RelayLab, SERVER } from './relay-lab.js';

describe('a connection by FakeIP', () => {
  let lab: RelayLab;
  /** Who gets signals, by identity; they take 20 ms. */
  const inboxes = new Map<string, (from: string, payload: Uint8Array) => void>();
  beforeEach(async () => {
    inboxes.clear();
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    await lab.server('5.9.0.1', { ports: [0, GLOBAL_PORT] });
  });
  afterEach(() => lab.close());

  const mailman = (from: string) => (to: string, payload: Uint8Array) => {
    lab.signals.push({ from, to, payload });
    if (lab.passesSignal()) lab.clock.after(20, () => inboxes.get(to)?.(from, payload));
  };

  const serving = (options: Partial<AutoTicketGiverOptions> = {}) => {
    const asked: string[] = [];
    const giver = new AutoTicketGiver({
      ...{ clock: lab.clock, identity: SERVER, appId: APP, ports: [GLOBAL_PORT] },
      network: () => ({ config: lab.config, certificates: lab.store }),
      isOpen: () => true,
      ticket: async (client, virtualPort) => {
        asked.push(`${client} ${virtualPort}`);
        return lab.ticket('5.9.0.1:30000', { client, virtualPort });
      },
      signal: mailman(SERVER),
      ...options,
    });
    inboxes.set(SERVER, (from, payload) => giver.signaled(from, payload));
    return { giver, asked };
  };
  const asking = (identity = CLIENT, certified = identity) => {
    const credentials = lab.credentials(certified);
    const requests = new AutoTicketRequests({
      ...{ clock: lab.clock, identity, appId: APP },
      credentials: async () => credentials,
      signal: mailman(identity),
    });
    inboxes.set(identity, (from, payload) => requests.signaled(from, payload));
    return requests;
  };
  const outcome = async (work: Promise<unknown>, ms = 11_000) => {
    const done = work.then(
      () => 'ticket',
      (error: ServerError) => `${error.code}: ${error.message}`,
    );
    await lab.clock.advance(ms);
    return done;
  };
  const agentWith = async (options: Partial<ConstructorParameters<typeof ClientAgent>[0]>) => {
    const credentials = lab.credentials(CLIENT);
    const agent = new ClientAgent({
      ...{ clock: lab.clock, openSocket: lab.network.host('6.0.0.1').open },
      ...{ identity: CLIENT, appId: APP },
      network: () => ({ config: lab.config, certificates: lab.store }),
      credentials: async () => credentials,
      ticket: async () => lab.ticket('5.9.0.1:30000'),
      ...options,
    });
    lab.clients.push(await agent.start());
    await lab.clock.advance(1500);
    return agent;
  };

  it('goes by a connect request to the server and the ticket in its answer, through relays', async () => {
    const { asked, giver } = serving();
    const requests = asking();
    const agent = await agentWith({
      autoTicket: (server, port) => requests.request(server, port),
      ticket: async () => {
        throw new ServerError('TEST', 'a ticket of the coordinator');
      },
    });
    const opening = agent.connect(SERVER, [GLOBAL_PORT, GLOBAL_PORT]);
    await lab.clock.advance(2000);
    const connection = await opening;
    expect(connection.state).equal(ConnectionState.connected);
    connection.sendAt(1, Buffer.from('hello'));
    await lab.clock.advance(200);
    expect(lab.received).deep.equal([{ port: GLOBAL_PORT, text: 'hello', from: CLIENT }]);
    expect(asked).deep.equal([`${CLIENT} ${GLOBAL_PORT}`]);
    expect(giver.counters).deep.equal({ given: 1, refused: 0 });
    const address = Buffer.from([5, 9, 0, 1]);
    expect(lab.signals.some(({ payload }) => Buffer.from(payload).includes(address))).equal(false);
  });

  it('never uses a ticket that was not asked for: neither the agent nor a relay takes one', async () => {
    const agent = await agentWith({});
    const error = await agent.connect(SERVER, [GLOBAL_PORT]).catch((refused) => refused);
    expect((error as ServerError).code).equal('AUTO_TICKET_MISSING');
    const mixed = await agent.connect(SERVER, [0, GLOBAL_PORT]).catch((refused) => refused);
    expect((mixed as ServerError).code).equal('AUTO_TICKET_MISSING');
    const anyPort = await agentWith({ autoTicket: async () => lab.ticket('5.9.0.1:30000') });
    const connection = await anyPort.connect(SERVER, [GLOBAL_PORT]);
    await lab.clock.advance(3000);
    expect(connection.state).equal(ConnectionState.problemDetected);
    expect(connection.endText).match(/reached with an auto ticket/);
  });

  it('is refused with the reason while the server says that it is full or closed', async () => {
    const { asked } = serving({ isOpen: () => false });
    expect(await outcome(asking().request(SERVER, GLOBAL_PORT))).equal(
      `AUTO_TICKET_REFUSED: ${SERVER} refuses: the server is full or closed`,
    );
    expect(asked).deep.equal([]);
  });

  it('is refused with the reason why no ticket is made, such as a session that is over', async () => {
    serving({
      ticket: async () => {
        throw new ServerError('NOT_LOGGED_ON', `${CLIENT} has no live session`);
      },
    });
    expect(await outcome(asking().request(SERVER, GLOBAL_PORT))).match(/has no live session/);
  });

  it('meets silence without a certificate of the sender, for another port, app or server', async () => {
    const { asked } = serving();
    const unanswered = /^AUTO_TICKET_UNANSWERED/;
    expect(await outcome(asking(CLIENT, 'str:mallory').request(SERVER, GLOBAL_PORT))).match(
      unanswered,
    );
    expect(await outcome(asking().request(SERVER, 0))).match(unanswered);
    expect(await outcome(asking().request(SERVER, GLOBAL_PORT + 1))).match(unanswered);
    // What one server was asked is no request to another one.
    const [first] = lab.signals.slice(-1);
    lab.signals.length = 0;
    inboxes.get(SERVER)?.('str:mallory', first?.payload as Uint8Array);
    inboxes.get(SERVER)?.(CLIENT, Buffer.from('no signal'));
    inboxes.get(SERVER)?.(CLIENT, new Uint8Array(5000));
    await lab.clock.advance(1000);
    expect(lab.signals).deep.equal([]);
    expect(asked).deep.equal([]);
  });

  it('costs one ticket however often the request comes, also when signals are lost', async () => {
    const { asked } = serving();
    let count = 0;
    lab.passesSignal = () => Math.imul(++count, 0x9e3779b1) >>> 0 < 2 ** 31;
    expect(await outcome(asking().request(SERVER, GLOBAL_PORT))).equal('ticket');
    expect(asked.length).equal(1);
    const request = lab.signals.find(({ from }) => from === CLIENT);
    for (let i = 0; i < 50; i++) inboxes.get(SERVER)?.(CLIENT, request?.payload as Uint8Array);
    await lab.clock.advance(100);
    expect(asked.length).equal(1);
  });

  it('takes the answer of nobody but the server that was asked', async () => {
    const requests = asking();
    const waiting = requests.request(SERVER, GLOBAL_PORT);
    await lab.clock.advance(10);
    const { fromConnectionId } = decodeSignal(lab.signals[0]?.payload ?? new Uint8Array());
    const forged = (toConnectionId: number) =>
      encodeSignal({ hostedServerTicket: Buffer.from('forged'), toConnectionId });
    requests.signaled('str:mallory', forged(fromConnectionId));
    requests.signaled(SERVER, forged(fromConnectionId + 1));
    expect(await outcome(waiting)).match(/^AUTO_TICKET_UNANSWERED/);
  });

  it('lets strangers cause 20 judgements in a second and keeps 256 of them at most', async () => {
    const { asked } = serving();
    const players = Array.from({ length: 60 }, (_, i) => asking(`str:player-${i}`));
    const results = players.map((requests) =>
      requests.request(SERVER, GLOBAL_PORT).then(
        () => true,
        () => false,
      ),
    );
    await lab.clock.advance(100);
    expect(asked.length).within(20, 45);
    await lab.clock.advance(11_000);
    expect((await Promise.all(results)).every(Boolean)).equal(true);
  });
});
