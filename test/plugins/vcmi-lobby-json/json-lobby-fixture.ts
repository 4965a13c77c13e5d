import { randomUUID } from 'node:crypto';
import { startTestServer, type TestServer } from 'beaconry/testing';
import plugin from '../../../plugins/vcmi-lobby-json/index.js';
import { JsonClient, passTimeOf } from './json-client.js';

/** A server with the JSON lobby and its clients, all gone after `stop`. */
export class JsonLobbyFixture {
  test!: TestServer;
  readonly #clients: JsonClient[] = [];

  async start(
    section: Readonly<Record<string, unknown>> = {},
    others: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<TestServer> {
    this.test = await startTestServer({
      plugins: { 'vcmi-lobby-json': { perAddressLimit: 0, ...section }, ...others },
      atHand: { 'vcmi-lobby-json': plugin },
      config,
    });
    return this.test;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#clients.splice(0)) socket.destroy();
    await this.test?.stop();
  }

  async open(endpoint = 'lobby-json'): Promise<JsonClient> {
    const { port } = this.test.address(endpoint);
    const client = await JsonClient.open(port, passTimeOf(this.test));
    this.#clients.push(client);
    return client;
  }

  /** Registered and logged in, everything about it heard. */
  async player(name: string, version = '1.7.4'): Promise<JsonClient> {
    const client = await (await this.open()).register(name);
    client.login({ version });
    await client.hears('matchesHistory');
    await client.sync();
    return client;
  }

  /** A match server of that player, logged in. */
  async matchServer(host: JsonClient, roomID: string = randomUUID()): Promise<JsonClient> {
    const server = await this.open();
    server.send({
      type: 'serverLogin',
      gameRoomID: roomID,
      accountID: host.accountID,
      accountCookie: host.cookie,
      version: '1.7.4',
      mods: [{ modId: 'hota', name: 'HotA', version: '1.6' }],
    });
    await server.hears('serverLoginSuccess');
    return server;
  }

  /** An open room with its match server. */
  async room(
    host: JsonClient,
    roomType: 'public' | 'private' = 'public',
    playerLimit = 8,
  ): Promise<{ roomID: string; server: JsonClient }> {
    const roomID = randomUUID();
    const server = await this.matchServer(host, roomID);
    host.send({ type: 'activateGameRoom', hostAccountID: host.accountID, roomType, playerLimit });
    await host.hears('joinRoomSuccess', ({ gameRoomID }) => gameRoomID === roomID);
    return { roomID, server };
  }

  /** The guest joins; both halves of its proxy are connected. */
  async joinByProxy(
    guest: JsonClient,
    host: JsonClient,
    roomID: string,
    server: JsonClient,
  ): Promise<{ near: JsonClient; far: JsonClient }> {
    guest.send({ type: 'joinGameRoom', gameRoomID: roomID });
    await server.hears('accountJoinsRoom', ({ accountID }) => accountID === guest.accountID);
    const far = await this.serverProxy(host, guest, roomID);
    await guest.hears('joinRoomSuccess', ({ proxyMode }) => proxyMode);
    const near = await this.clientProxy(guest, roomID);
    near.startRaw();
    far.startRaw();
    return { near, far };
  }

  async serverProxy(host: JsonClient, guest: JsonClient, roomID: string): Promise<JsonClient> {
    return (await this.open()).send({
      type: 'serverProxyLogin',
      gameRoomID: roomID,
      guestAccountID: guest.accountID,
      accountCookie: host.cookie,
    });
  }

  async clientProxy(guest: JsonClient, roomID: string): Promise<JsonClient> {
    return (await this.open()).send({
      type: 'clientProxyLogin',
      accountID: guest.accountID,
      accountCookie: guest.cookie,
      gameRoomID: roomID,
    });
  }
}
