import { SystemClock } from 'beaconry';
import {
  type Connection,
  ConnectionState,
  openUdpSocket,
  PeerAgent,
  PlayerNetwork,
  SignalingClient,
} from 'beaconry/relay-agent';
import { expect } from 'chai';
import { decodePeerPosition } from '../../../plugins/rally/peer-position-codec.js';
import { PeerRally, until } from './peer-rally.js';
import { APP, type Player } from './relay-platform.js';

const PORT = 1;
const clock = new SystemClock();

/** A program of a player that does with sessions what it likes. */
class Impostor {
  accepted: Connection | undefined;
  private constructor(
    readonly agent: PeerAgent,
    private readonly signaling: SignalingClient,
    private readonly network: PlayerNetwork,
  ) {}

  static async start(rally: PeerRally, { steamId, token }: Player): Promise<Impostor> {
    const { platform } = rally;
    const identity = `steamid:${steamId}`;
    const network = await PlayerNetwork.join({
      ...{ clock, coordinator: platform.url, rootKeys: [platform.root], appId: APP },
      ...{ identity, token },
    });
    const [host = '', port] = platform.signaling.split(':');
    const signaling = new SignalingClient({
      ...{ clock, host, port: Number(port), identity, token: () => token },
      onSignal: (sender, payload) => agent.signaled(sender, payload),
    });
    const own: { impostor?: Impostor } = {};
    const agent: PeerAgent = new PeerAgent({
      ...{ clock, openSocket: openUdpSocket, identity, appId: APP, ports: [PORT] },
      ...{ network: network.trusted, credentials: network.credentials },
      signal: (to, payload) => signaling.signal(to, payload),
      accept: (connection) => {
        if (own.impostor !== undefined) own.impostor.accepted = connection;
        return true;
      },
    });
    await agent.start();
    signaling.start();
    own.impostor = new Impostor(agent, signaling, network);
    return own.impostor;
  }

  async close(): Promise<void> {
    await this.agent.close();
    this.signaling.close();
    this.network.close();
  }
}

describe('a driver among hostile ones', function () {
  this.timeout(60_000);
  let rally: PeerRally;
  let impostor: Impostor | undefined;
  before(async () => {
    rally = await PeerRally.start();
  });
  after(() => rally?.close());
  afterEach(async () => {
    await impostor?.close();
    await rally.end();
  });

  it('is followed by who is entered, ten times a second, and by nobody else; who follows has nothing to say', async () => {
    await rally.host(4);
    const driver = await rally.drive(1, 25);
    const identity = `steamid:${rally.player(1).steamId}`;
    await until('on the stage', () => driver.client.acknowledged?.control === 1);

    impostor = await Impostor.start(rally, await rally.platform.player());
    const stranger = await impostor.agent.connect(identity, [PORT]);
    await until('refused', () => !stranger.isOpen);
    expect([stranger.state, stranger.endText]).deep.equal([
      ConnectionState.problemDetected,
      'the peer does not answer',
    ]);
    await impostor.close();

    impostor = await Impostor.start(rally, rally.player(3));
    const follower = await impostor.agent.connect(identity, [PORT]);
    const heard: number[] = [];
    follower.listener = { onDatagram: (_, bytes) => heard.push(decodePeerPosition(bytes).metres) };
    await until('following', () => heard.length > 0);
    const before = heard.length;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(heard.length - before).within(15, 33);
    expect(driver.peers.state.followers).equal(1);
    follower.send(PORT, Buffer.from('hello'));
    await until('put out', () => !follower.isOpen, 5);
    expect([follower.state, follower.endReason]).deep.equal([ConnectionState.closedByPeer, 1102]);
    expect(driver.peers.state.followers).equal(0);
  });

  it('breaks off with a car ahead that floods, looks at what the server says, and tries again later', async () => {
    await rally.host(4);
    const ahead = await rally.drive(1, 25);
    await until('on the stage', () => ahead.client.acknowledged?.control === 1);
    // From now on signals for this player reach the other program of his.
    impostor = await Impostor.start(rally, rally.player(1));
    const follower = await rally.drive(2, 20);
    const connection = () => impostor?.accepted;
    await until('followed', () => connection()?.state === ConnectionState.connected);
    const first = connection();
    const opened = Date.now();
    while (first?.isOpen === true && Date.now() - opened < 10_000) {
      for (let i = 0; i < 30; i++) first.send(PORT, Buffer.alloc(21, 1));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect([first?.state, first?.endReason]).deep.equal([ConnectionState.closedByPeer, 1102]);
    await until('from the server', () => follower.see()[0]?.from === 'server');
    expect(follower.failures).deep.equal(['more than 100 datagrams in a second']);
    await until('tried again', () => connection() !== first);
    expect(Date.now() - opened).above(1000);
  });
});
