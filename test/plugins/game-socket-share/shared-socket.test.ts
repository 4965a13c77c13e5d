import { definePlugin, PeerAddress } from 'beaconry';
import { encodeQuery } from 'beaconry/a2s-query';
import { GameSocketShare } from 'beaconry/plugins/game-socket-share';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import gameSocketShare from '../../../plugins/game-socket-share/index.js';
import { SharedSocket } from '../../../plugins/game-socket-share/shared-socket.js';

const socketWith = (bytes: Uint8Array, to: string): SharedSocket => {
  const socket = new SharedSocket({ datagrams: 4, bytes: 100_000 });
  socket.transmit(bytes, PeerAddress.parse(to) as PeerAddress);
  return socket;
};

describe('game-socket-share', () => {
  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  it('keeps the contract of plugins', () =>
    checkPluginContract(gameSocketShare, { endpoints: { game: { udp: 'shared' } } }));

  it('drops a datagram that does not fit the buffer whole and gives the next one', () => {
    const socket = socketWith(new Uint8Array(20_000), '192.0.2.1:1');
    socket.transmit(new Uint8Array(3), PeerAddress.of('192.0.2.1', 2));
    expect(socket.getNextOutgoingPacket()).deep.include({ length: 3, port: 2 });
    expect(socket.dropped).equal(1);
  });

  it('gives datagrams to IPv6 addresses only where they can be said', () => {
    expect(socketWith(new Uint8Array(3), '[2001:db8::1]:9').getNextOutgoingPacket().length).equal(
      0,
    );
    expect(socketWith(new Uint8Array(3), '[2001:db8::1]:9').next()?.to.toString()).equal(
      '[2001:db8::1]:9',
    );
  });

  it('takes no packet whose sender is no address', () => {
    const socket = new SharedSocket({ datagrams: 4, bytes: 1000 });
    socket.deliver = () => true;
    for (const [ip, port] of [
      ['somewhere', 1],
      ['192.0.2.1', 70_000],
      ['', 1],
      [0x7f000001, 0],
    ] as const) {
      expect(socket.handleIncomingPacket(new Uint8Array(9), ip, port).handled).equal(false);
    }
  });

  it('hands a protocol of another plugin in as well', async () => {
    const socket = new SharedSocket({ datagrams: 4, bytes: 1000 });
    socket.answerWhile(() => false);
    socket.deliver = (bytes) => bytes[0] === 0x52;
    expect(socket.handle(Buffer.from('RLY1'), PeerAddress.of('192.0.2.1', 5))).equal(true);
    expect(socket.handle(Buffer.from('other'), PeerAddress.of('192.0.2.1', 5))).equal(false);
  });

  it('handles nothing on an endpoint with a socket of its own', async () => {
    server = await startTestServer({
      plugins: { 'game-socket-share': {}, 'game-server': {}, a2s: {} },
    });
    const share = server.get(GameSocketShare);
    expect(share.handle(encodeQuery('info', null), PeerAddress.of('192.0.2.1', 5))).equal(false);
    expect(share.getNextOutgoingPacket().length).equal(0);
  });

  it('is refused where another plugin carries the endpoint already', async () => {
    const refused = await startTestServer({
      plugins: { 'game-socket-share': {}, second: {} },
      atHand: {
        second: definePlugin({
          name: 'second',
          api: 1,
          setup: (context) => void context.udp('game').carry(() => {}),
        }),
      },
      endpoints: { game: { udp: 'shared' } },
    }).then(
      (unexpected) => {
        server = unexpected;
        return 'started';
      },
      (error: Error) => error.message,
    );
    expect(refused).match(/plugins game-socket-share and second both want to carry/);
  });
});
