import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { BotField } from '../../../plugins/rally/bot-field.js';
import { encodeClient } from '../../../plugins/rally/client-message-codec.js';
import { readRally } from '../../../plugins/rally/definition.js';
import { encodeServer } from '../../../plugins/rally/server-message-codec.js';
import { directWay, isRelayed } from '../../../plugins/rally/server-way.js';
import { fixture } from './simulated-rally.js';

describe('the way to a rally', () => {
  let server: Socket;
  let stranger: Socket;
  beforeEach(async () => {
    [server, stranger] = [createSocket('udp4'), createSocket('udp4')];
    for (const socket of [server, stranger]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
  });
  afterEach(() => {
    server.close();
    stranger.close();
  });
  const heard = async () => (await once(server, 'message')) as [Buffer, RemoteInfo];
  const end = (socket: Socket, from: RemoteInfo) =>
    new Promise<void>((resolve) => {
      const refused = encodeServer({
        ...{ type: 'refused', sequence: 0, reason: 'password', expected: '' },
      });
      socket.send(refused, from.port, '127.0.0.1', () => resolve());
    });

  it('hears the server and nobody else who sends to its port', async () => {
    const taken: string[] = [];
    const way = await directWay(`127.0.0.1:${server.address().port}`, (bytes) =>
      taken.push(Buffer.from(bytes).toString()),
    );
    way.send(encodeClient({ type: 'hello' }));
    const [, from] = await heard();
    stranger.send('stranger', from.port, '127.0.0.1');
    server.send('server', from.port, '127.0.0.1');
    while (taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(taken).deep.equal(['server']);
    await way.close();
  });

  it('of a bot is not cut by a stranger who says in the name of the server that it is refused', async () => {
    const addresses = [PeerAddress.of('127.0.0.1', server.address().port)];
    let now = 0;
    const who = { password: '', ticket: new Uint8Array() };
    const bots = new BotField(1, who, { addresses }, () => now);
    bots.change(readRally(fixture));
    const tick = () => {
      now += 600;
      bots.drive();
    };
    tick();
    const [, from] = await heard();
    await end(stranger, from);
    await new Promise((resolve) => setTimeout(resolve, 20));
    tick();
    await heard();
    await end(server, from);
    await new Promise((resolve) => setTimeout(resolve, 20));
    let more = 0;
    server.on('message', () => more++);
    tick();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(more, 'a refusal of the server itself counts').equal(0);
    await bots.close();
  });

  it('leads over relays to FakeIPs and identities, and straight to everything else', () => {
    for (const target of ['169.254.3.7:30001', 'str:rally', 'steamid:90071992547409921']) {
      expect(isRelayed(target), target).equal(true);
    }
    for (const target of ['192.0.2.1:27015', 'rally.example:27015', '169.254.200.1:30001', '']) {
      expect(isRelayed(target), target).equal(false);
    }
  });
});
