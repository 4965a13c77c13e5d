import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import { WebWorld } from './web-world.js';

const listedHost = '203.0.113.9';

/** A node whose servers are listed at an address that others can reach: there a port has to be proven. */
describe('a game server over HTTP, before it is listed', () => {
  let world: WebWorld;
  const sockets: Socket[] = [];
  before(async () => {
    world = await WebWorld.start(
      { maxServersPerAddress: 100 },
      { master: { addressMap: { '127.0.0.0/8': listedHost } }, browser: {} },
    );
  });
  after(() => world.stop());
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });

  const soon = () => new Promise((resolve) => setTimeout(resolve, 60));
  const gameSocket = async () => {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const got: Buffer[] = [];
    socket.on('message', (bytes) => got.push(bytes));
    return { socket, port: socket.address().port, got };
  };
  const advertise = async (gamePort: number, queryPort: number, name: string) => {
    const init = { appId: 480, version: '1.0.0.0', gamePort, queryPort };
    const made = await world.call('POST', '/v1/gameservers', { body: init });
    const bearer = made.body.handle as string;
    await world.call('POST', '/v1/gameservers/self/logon', { bearer, body: {} });
    const body = { name, advertise: true };
    await world.call('PATCH', '/v1/gameservers/self', { bearer, body });
    return bearer;
  };
  const names = async () => {
    const { body } = await world.call('GET', `/v1/servers?filter=\\gameaddr\\${listedHost}`);
    return body.items.map((one: { name: string }) => one.name);
  };
  const codes = async (bearer: string): Promise<string[]> => {
    const { body } = await world.call('GET', '/v1/gameservers/self/diagnosis', { bearer });
    return body.items.map((one: { code: string }) => one.code);
  };

  it('proves its port through its shared socket, without knowing of it', async () => {
    const { socket, port, got } = await gameSocket();
    const bearer = await advertise(port, 65_535, 'shared');
    await soon();
    expect(await names()).deep.equal([]);
    expect(await codes(bearer)).contain('ADDRESS_UNPROVEN');
    const { body } = await world.call('GET', '/v1/gameservers/self/packets', { bearer });
    expect(body.outgoing).have.length(1);
    const [{ data, ip, port: to }] = body.outgoing;
    socket.send(Buffer.from(data, 'base64'), to, ip);
    await once(socket, 'message');
    const packets = [{ data: got[0]?.toString('base64'), ip, port: to }];
    const handed = await world.call('POST', '/v1/gameservers/self/packets', {
      bearer,
      body: { packets },
    });
    expect(handed.body.handled).deep.equal([true]);
    await soon();
    expect(await names()).deep.equal(['shared']);
    expect(await codes(bearer)).not.contain('ADDRESS_UNPROVEN');
    await world.call('DELETE', '/v1/gameservers/self', { bearer });
    expect(await names()).deep.equal([]);
  });

  it('makes nobody send anything to a port that it only named', async () => {
    const { port, got } = await gameSocket();
    await advertise(27_100, port, 'named');
    await soon();
    expect(got).deep.equal([]);
    expect(await names()).deep.equal([]);
  });

  it('is not believed a challenge of another port', async () => {
    const { socket, got } = await gameSocket();
    const bearer = await advertise(27_200, 27_201, 'elsewhere');
    socket.send('q', world.server.address('master').port, '127.0.0.1');
    await once(socket, 'message');
    const packets = [{ data: got[0]?.toString('base64'), ip: '127.0.0.1', port: 1 }];
    await world.call('POST', '/v1/gameservers/self/packets', { bearer, body: { packets } });
    await soon();
    expect(await names()).deep.equal([]);
    expect(await codes(bearer)).contain('ADDRESS_UNPROVEN');
  });
});
