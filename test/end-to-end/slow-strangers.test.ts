import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeFrame } from '../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../plugins/vcmi-lobby/lobby-codec.js';
import { encodeMessage } from '../../plugins/vcmi-lobby-json/lobby-json-codec.js';
import { packet } from '../plugins/relay/packets.js';

const greeting = encodeGreeting({
  version: 4,
  encoding: 'utf8',
  text: Buffer.from('<GREETINGS>somebody<VER>x'),
});
/** The first message of a client at each endpoint, and what tells that it was served. */
const first: Readonly<Record<string, { readonly bytes: Buffer; readonly answer?: RegExp }>> = {
  lobby: { bytes: encodeFrame(greeting), answer: /Here available/ },
  'lobby-json': {
    bytes: encodeMessage({
      ...{ type: 'clientRegister', displayName: 'Somebody' },
      ...{ language: 'english', version: '1.7.4' },
    }),
    answer: /accountCreated/,
  },
  relay: { bytes: packet('init'), answer: /./ },
  signaling: { bytes: Buffer.from('str:somebody\n') },
};
const ofEachKind = 20;
/** Longer than any endpoint waits for a first message. */
const patience = 180;

describe('strangers who take their time', () => {
  let test: TestServer;
  const sockets: Socket[] = [];
  const openAt = (endpoint: string): number => test.server.endpoints.tcp.get(endpoint)?.open ?? 0;
  const stranger = async (endpoint: string): Promise<Socket> => {
    const { port } = test.address(endpoint);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'connect');
    return socket;
  };
  /** What crosses sockets takes a real moment. */
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let i = 0; i < 400 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const second = async (): Promise<void> => {
    await test.clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  };

  beforeEach(async () => {
    test = await startTestServer({
      plugins: {
        ...{ 'vcmi-lobby': { perAddressLimit: 0 }, relay: { perAddressLimit: 0 } },
        'vcmi-lobby-json': { perAddressLimit: 0 },
        signaling: { requireAuth: false, perAddressLimit: 0 },
      },
    });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await test.stop();
  });

  for (const [endpoint, { bytes, answer }] of Object.entries(first)) {
    const begin = async (count = ofEachKind): Promise<Socket[]> => {
      const made = await Promise.all(Array.from({ length: count }, () => stranger(endpoint)));
      await until(() => openAt(endpoint) >= count);
      expect(openAt(endpoint)).to.equal(count);
      return made;
    };

    it(`are cut off at ${endpoint} when they say nothing, while others are served`, async () => {
      await begin();
      const good = await stranger(endpoint);
      let heard = '';
      good.on('data', (chunk) => {
        heard += chunk;
      });
      good.write(bytes);
      if (answer !== undefined) {
        await until(() => answer.test(heard));
        expect(heard).to.match(answer);
      }
      good.destroy();
      for (let i = 0; i < patience && openAt(endpoint) > 0; i++) await second();
      await until(() => openAt(endpoint) === 0);
      expect(openAt(endpoint)).to.equal(0);
    });

    it(`are cut off at ${endpoint} when a byte of theirs comes each second`, async () => {
      const slow = await begin();
      for (let i = 0; i < patience && openAt(endpoint) > 0; i++) {
        // The last byte never comes.
        const byte = bytes.subarray(i, i + 1);
        if (i < bytes.length - 1) for (const socket of slow) socket.write(byte);
        await second();
      }
      await until(() => openAt(endpoint) === 0);
      expect(openAt(endpoint)).to.equal(0);
    });

    it(`are let go at ${endpoint} when they end in the middle of a word`, async () => {
      for (const socket of await begin()) socket.end(bytes.subarray(0, bytes.length >> 1));
      for (let i = 0; i < patience && openAt(endpoint) > 0; i++) await second();
      await until(() => openAt(endpoint) === 0);
      expect(openAt(endpoint)).to.equal(0);
    });
  }
});
