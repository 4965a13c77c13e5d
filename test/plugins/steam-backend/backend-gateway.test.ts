import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { BackendGateway } from '../../../plugins/steam-backend/backend-gateway.js';
import { SteamWorld } from './steam-world.js';

type Frame = Record<string, unknown>;

const logon = {
  ...{ token: null, appId: 480, product: 'x', version: '1', mode: 3 },
  ...{ gamePort: 1, queryPort: 2 },
};
const upload = { steamId: '1', session: 's', appId: 480, authPart: '', response: null };

/** One who speaks the frames of the socket himself. */
class RawPeer {
  readonly #answers = new Map<number, (frame: Frame) => void>();
  #next = 0;
  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      this.#answers.get(frame.id as number)?.(frame);
    });
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/backend`);
    const peer = new RawPeer(socket);
    await once(socket, 'open');
    return peer;
  }

  ask(call: string, args: object, link: number): Promise<Frame> {
    const id = ++this.#next;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.socket.send(JSON.stringify({ id, link, call, args }));
    });
  }
}

describe('socket of the backend', () => {
  let server: TestServer | undefined;
  let peer: RawPeer;
  afterEach(async () => {
    peer.socket.terminate();
    await server?.stop();
    server = undefined;
  });
  const start = async (): Promise<void> => {
    server = await startTestServer({ plugins: { 'steam-backend': {} }, real: true });
    peer = await RawPeer.connect(server.address('http').port);
  };

  it('gives one number to one logon, however quickly they follow one another', async () => {
    await start();
    const answers = await Promise.all([1, 2, 3].map(() => peer.ask('logOnServer', logon, 7)));
    const good = answers.filter((frame) => (frame.result as Frame | undefined)?.ok === true);
    expect(good).to.have.length(1);
    const errors = answers.flatMap((frame) => (frame.error === undefined ? [] : [frame.error]));
    expect(errors).to.have.length(2);
    for (const error of errors) expect(error).to.include({ code: 'PROTOCOL' });
  });

  it('holds at most 256 logons, those on their way included', async () => {
    await start();
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    const answers = await Promise.all(
      numbers.map((number) => peer.ask('logOnServer', logon, number)),
    );
    const good = answers.filter((frame) => (frame.result as Frame | undefined)?.ok === true);
    expect(good).to.have.length(256);
  });

  it('keeps unfinished uploads of no more than 65,536 sessions, and none of links that ended', async () => {
    await start();
    const sessions = Array.from({ length: 500 }, () => upload);
    const fill = async (link: number): Promise<unknown> => {
      for (let part = 0; part < 8; part++) {
        const { error } = await peer.ask('uploadSessions', { sessions, more: true }, link);
        if (error !== undefined) return error;
      }
      return undefined;
    };
    // Twenty links that end leave nothing; each would be kept for ever otherwise.
    for (let link = 0; link < 20; link++) {
      await peer.ask('logOnServer', logon, link);
      expect(await fill(link)).to.equal(undefined);
      await peer.ask('logOff', {}, link);
    }
    let refused: unknown;
    for (let link = 100; refused === undefined && link < 120; link++) {
      await peer.ask('logOnServer', logon, link);
      refused = await fill(link);
      if (refused !== undefined) expect(link).to.equal(116);
    }
    expect(refused).to.include({ code: 'PROTOCOL' });
  });

  it('closes a socket on which nobody is logged on', async () => {
    const world = await SteamWorld.start();
    const http = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    http.on('connection', (socket) => {
      new BackendGateway(socket, '127.0.0.1', world.backend, world.log, world.clock);
    });
    await once(http, 'listening');
    peer = await RawPeer.connect((http.address() as AddressInfo).port);
    const closed = once(peer.socket, 'close');
    const pinged = once(peer.socket, 'ping');
    await world.clock.advance(15_000);
    await pinged;
    // Its answer comes after that to the ping.
    await peer.ask('nothing', {}, 1);
    await world.clock.advance(15_000);
    const [code] = await closed;
    expect(code).to.equal(1008);
    http.close();
    await world.close();
  });
});
