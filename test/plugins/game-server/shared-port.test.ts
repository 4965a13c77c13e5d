import { PeerAddress } from 'beaconry';
import { QUERY_PORT_SHARED } from 'beaconry/steam';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import { SteamWorld } from '../steam-backend/steam-world.js';

const query = hex`FFFFFFFF 54 "Source Engine Query" 00`;

describe('GameSocketShare calls of the interface', () => {
  let world: SteamWorld;
  const outgoing: { bytes: Uint8Array; to: PeerAddress }[] = [];
  const handled: string[] = [];
  const sharedSocket = {
    handle: (_bytes: Uint8Array, from: PeerAddress) => handled.push(from.toString()) > 0,
    next: () => outgoing.shift(),
    clear: () => void outgoing.splice(0),
  };

  const shared = async (advertise = true) => {
    const game = world.server({ sharedSocket });
    game.init(3, QUERY_PORT_SHARED);
    game.server.logOnAnonymous();
    await game.pump();
    game.server.setAdvertiseServerActive(advertise);
    return game.server;
  };

  beforeEach(async () => {
    world = await SteamWorld.start();
    outgoing.length = 0;
    handled.length = 0;
  });
  afterEach(() => world.close());

  it('36 handleIncomingPacket: address as host-order number or text', async () => {
    const server = await shared();
    expect(server.handleIncomingPacket(query, 0x0a010204, 27005)).to.eql({
      handled: true,
      data: query,
    });
    server.handleIncomingPacket(query, '10.1.2.4', 27005);
    expect(handled).to.eql(['10.1.2.4:27005', '10.1.2.4:27005']);
  });

  it('36 a packet of the game itself is not handled', async () => {
    const server = await shared();
    for (const bytes of [
      hex`FFFFFFFF "getchallenge"`,
      hex`FEFFFFFF 54`,
      hex`01 02 03`,
      new Uint8Array(),
      new Uint8Array(65536),
    ]) {
      expect(server.handleIncomingPacket(bytes, 1, 1)).to.eql({ handled: false });
    }
    expect(handled).to.eql([]);
  });

  it('36 advertising off, or a query port of its own: nothing is handled', async () => {
    const hidden = await shared(false);
    expect(hidden.handleIncomingPacket(query, 1, 1).handled).to.equal(false);
    const game = world.server({ sharedSocket });
    game.init();
    game.server.setAdvertiseServerActive(true);
    expect(game.server.handleIncomingPacket(query, 1, 1).handled).to.equal(false);
    expect(game.server.getNextOutgoingPacket().length).to.equal(0);
  });

  it('36 a size instead of bytes needs a registered buffer', async () => {
    const server = await shared();
    expect(() => server.handleIncomingPacket(25, 1, 1)).to.throw(TypeError, 'bytes');
    const buffer = new Uint8Array(4096);
    buffer.set(query);
    server.registerPacketBuffer(buffer);
    expect(server.handleIncomingPacket(query.length, 1, 1).data).to.eql(query);
  });

  it('37 getNextOutgoingPacket: first in, first out, host order, then length 0', async () => {
    const server = await shared();
    outgoing.push({ bytes: hex`01`, to: PeerAddress.of('10.1.2.4', 27005) });
    outgoing.push({ bytes: hex`02 03`, to: PeerAddress.of('10.1.2.5', 27006) });
    const first = server.getNextOutgoingPacket();
    expect(first).to.eql({ length: 1, out: hex`01`, address: 0x0a010204, port: 27005 });
    expect(server.getNextOutgoingPacket().length).to.equal(2);
    expect(server.getNextOutgoingPacket()).to.eql({
      ...{ length: 0, out: new Uint8Array(), address: 0, port: 0 },
    });
  });

  it('37 a datagram that does not fit is dropped whole', async () => {
    const server = await shared();
    outgoing.push({ bytes: new Uint8Array(20_000), to: PeerAddress.of('10.1.2.4', 1) });
    outgoing.push({ bytes: hex`02`, to: PeerAddress.of('10.1.2.4', 1) });
    expect(server.getNextOutgoingPacket().out).to.eql(hex`02`);
  });

  it('logOff empties the queue', async () => {
    const server = await shared();
    outgoing.push({ bytes: hex`02`, to: PeerAddress.of('10.1.2.4', 1) });
    server.logOff();
    expect(server.getNextOutgoingPacket().length).to.equal(0);
  });

  it("the list entry's query port is the game port", async () => {
    expect((await shared()).ports).to.eql({ game: 27015, query: 27015 });
  });
});
