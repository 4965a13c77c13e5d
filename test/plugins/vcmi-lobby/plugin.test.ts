import { connect, type Socket } from 'node:net';
import { definePlugin } from 'beaconry';
import { Bans } from 'beaconry/plugins/bans';
import { VcmiGameStarted, VcmiLobby, VcmiRoomOpened } from 'beaconry/plugins/vcmi-lobby';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import plugin from '../../../plugins/vcmi-lobby/index.js';
import { encodeGreeting } from '../../../plugins/vcmi-lobby/lobby-codec.js';
import { encodePipeHandshake } from '../../../plugins/vcmi-lobby/pipe-codec.js';

/** A real socket of a launcher or a game. */
class Client {
  #text = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.#text = Buffer.concat([this.#text, chunk]);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  static async open(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise((resolve) => socket.once('connect', resolve));
    return new Client(socket);
  }

  login(version: number, name: string): this {
    const text = Buffer.from(`<GREETINGS>${name}<VER>VCMI 1.4.5`);
    this.socket.write(encodeFrame(encodeGreeting({ version, encoding: 'utf8', text })));
    return this;
  }
  say(text: string): this {
    this.socket.write(encodeFrame(Buffer.from(text)));
    return this;
  }

  /** Waits until that has come. */
  async hears(what: string | RegExp): Promise<string> {
    for (;;) {
      const text = this.#text.toString('latin1');
      const at = text.search(typeof what === 'string' ? literally(what) : what);
      if (at >= 0) return text;
      if (this.closed) throw new Error(`closed, heard only ${JSON.stringify(text)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
  async isClosed(): Promise<void> {
    while (!this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
const literally = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

describe('vcmi-lobby: plugin', () => {
  let test: TestServer | undefined;
  const clients: Client[] = [];
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await test?.stop();
    test = undefined;
  });
  const start = async (section = {}, atHand = {}, others = {}) => {
    test = await startTestServer({
      plugins: { 'vcmi-lobby': section, ...others },
      atHand: { 'vcmi-lobby': plugin, ...atHand },
    });
    return test;
  };
  const open = async () => {
    const client = await Client.open(test?.address('lobby').port ?? 0);
    clients.push(client);
    return client;
  };

  it('keeps the contract of plugins', async () => {
    await checkPluginContract(plugin);
  });

  it('takes two launchers to a game and joins their game connections', async () => {
    const events: string[] = [];
    const listener = definePlugin({
      name: 'listener',
      api: 1,
      doc: 'Hears the lobby.',
      requires: [VcmiLobby],
      setup(context) {
        context.on(VcmiRoomOpened, ({ name, host }) => {
          events.push(`opened ${name} of ${host}, ${context.get(VcmiLobby).rooms().length} room`);
        });
        context.on(VcmiGameStarted, ({ players }) => {
          events.push(`started ${players.join(' ')}`);
        });
      },
    });
    await start({}, { listener }, { listener: {} });
    const [alice, bobby] = [(await open()).login(5, 'alice'), (await open()).login(1, 'bobby')];
    await Promise.all([alice.hears('MSG:System'), bobby.hears('MSG:System')]);
    alice.say('<NEW>room1<PSWD>pw<COUNT>2<MODS>vcmi&1.4');
    await alice.hears('CREATED:room1');
    bobby.say('<JOIN>room1<PSWD>pw');
    await bobby.hears('JOIN:room1:bobby');
    alice.say('<READY>room1');
    bobby.say('<READY>room1');
    const [, hostUuid = ''] = /HOST:([0-9a-f-]{36})/.exec(await alice.hears(/START:.{36}/)) ?? [];
    const [, uuid = ''] = /START:([0-9a-f-]{36})/.exec(await bobby.hears(/START:.{36}/)) ?? [];
    await Promise.all([alice.isClosed(), bobby.isClosed()]);

    const [server, game] = [await open(), await open()];
    server.socket.write(
      encodePipeHandshake({ name: 'VCMI 1.4.5 (server)', uuid: hostUuid, endianness: 1 }),
    );
    game.socket.write(encodePipeHandshake({ name: 'VCMI 1.4.5 (client)', uuid, endianness: 1 }));
    await Promise.all([server.hears('(client)'), game.hears('(server)')]);
    server.socket.write('turn one');
    await game.hears('turn one');
    game.socket.end('good bye');
    await server.hears('good bye');
    await server.isClosed();
    expect(events).to.deep.equal(['opened room1 of alice, 1 room', 'started alice bobby']);
  });

  it('lists rooms and players over HTTP, by pages and without addresses', async () => {
    const server = await start();
    const alice = (await open()).login(4, 'alice');
    await alice.hears('MSG:System');
    const bobby = (await open()).login(5, 'bobby');
    await bobby.hears('MSG:System');
    alice.say('<NEW>room1<PSWD>pw<COUNT>3<MODS>vcmi&1.2<HOSTMODE>1');
    await alice.hears('GAMEMODE:1');
    expect((await server.request('/v1/vcmi/rooms')).json()).to.deep.equal({
      items: [
        {
          lobby: 'proxy',
          name: 'room1',
          description: '',
          started: false,
          host: 'alice',
          players: ['alice'],
          total: 3,
          protected: true,
          gameMode: 1,
          mods: [{ name: 'vcmi', version: '1.2' }],
        },
      ],
      next: null,
    });
    const first = await server.request('/v1/vcmi/players?limit=1');
    expect(first.json()).to.deep.equal({
      items: [
        {
          lobby: 'proxy',
          name: 'alice',
          protocol: 4,
          client: 'VCMI 1.4.5',
          room: 'room1',
          ready: false,
        },
      ],
      next: 'alice',
    });
    const second = (await server.request('/v1/vcmi/players?limit=1&after=alice')).json();
    expect(second.items[0].name).to.equal('bobby');
    expect(second.next).to.equal(null);
    expect((await server.request('/v1/vcmi/rooms?limit=0')).statusCode).to.equal(400);
    expect((await server.request('/v1/vcmi/rooms?nonsense=1')).statusCode).to.equal(400);
  });

  it('keeps banned names out and closes those who are here, with an error', async () => {
    const server = await start({}, {}, { bans: {} });
    const alice = (await open()).login(4, 'alice');
    const bobby = (await open()).login(4, 'bobby');
    await Promise.all([alice.hears('MSG:System'), bobby.hears('MSG:System')]);
    const ban = (name: string, scope: string) =>
      server.get(Bans).add({ subject: `account:${name}`, scope, reason: '', by: 'test' });
    await ban('bobby', 'relay');
    await ban('alice', 'vcmi-lobby');
    await alice.hears('ERROR:You are banned from this server');
    await alice.isClosed();
    const again = (await open()).login(4, 'alice');
    await again.hears('ERROR:You are banned from this server');
    await again.isClosed();
    await bobby.hears('USERS:1:bobby');
    expect(bobby.closed).to.equal(false);
  });

  it('refuses a capacity of 0, because nobody could log in', async () => {
    let code = '';
    try {
      await start({ capacity: 0 });
    } catch (error) {
      code = String(error);
    }
    expect(code).to.contain('capacity');
  });
});
