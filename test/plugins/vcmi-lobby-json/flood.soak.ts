import { randomBytes, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeMessage, HEARTBEAT } from '../../../plugins/vcmi-lobby-json/lobby-json-codec.js';
import type { ClientMessage } from '../../../plugins/vcmi-lobby-json/message-schemas.js';
import { EchoProcess, percentile } from '../vcmi-lobby/echo-process.js';
import { ServerProcess } from '../vcmi-lobby/server-process.js';
import { JsonClient } from './json-client.js';

const CONNECTIONS = 2000;
const LINES_PER_SECOND = 100;
const SECONDS = 12;

const frame = (text: string) => encodeFrame(Buffer.from(text));

/** Texts of every odd form. */
const ODD = [
  '',
  ' ',
  'a',
  'System',
  'аlice',
  '../../etc',
  '__proto__',
  'constructor',
  '\0\0\0',
  '\ud800abc',
  '😀😀😀',
  '\u202egnirts',
  '{#ff0000|x}',
  '%s%s%n',
  'x'.repeat(900),
  '"}]}',
];

/** What one connection of the flood does; `i` only makes them differ. */
function misbehave(socket: Socket, i: number): (() => void) | undefined {
  const odd = ODD[i % ODD.length] ?? '';
  const say = (message: ClientMessage) => socket.write(encodeMessage(message));
  const register: ClientMessage = {
    type: 'clientRegister',
    displayName: i % 3 === 0 ? `flood${i}` : `${odd}${i}`,
    language: odd,
    version: odd,
  };
  /** Logs in with what the answer says, then does the rest. */
  const loggedIn = (isReader: boolean, act: (accountID: string, cookie: string) => void) => {
    const name = `flood${i}`;
    say({ ...register, displayName: name });
    let made: RegExpExecArray | null = null;
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      if (made !== null) return;
      text += chunk.toString('latin1');
      made = /"accountID":"([^"]*)","accountCookie":"([^"]*)"/.exec(text);
      const [, accountID = '', accountCookie = ''] = made ?? [];
      if (made === null) return;
      say({ type: 'clientLogin', accountID, accountCookie, language: odd, version: '1.7.4' });
      if (!isReader) socket.pause();
    });
    return () => {
      if (made !== null) act(made[1] ?? '', made[2] ?? '');
    };
  };
  switch (i % 10) {
    case 0:
    case 1:
      return undefined; // silent
    case 2: {
      // A registration, one byte at a time.
      const bytes = encodeMessage(register);
      let at = 0;
      return () => {
        if (at < bytes.length) socket.write(bytes.subarray(at, ++at));
      };
    }
    case 3:
      return () => {
        socket.write(randomBytes(1 + (i % 3000)));
      };
    case 4:
      // Announces much, sends nearly all of it, and waits.
      socket.write(Buffer.of(0, 0, 2, 0));
      socket.write(Buffer.alloc(100_000, '['));
      return () => {
        socket.write(HEARTBEAT);
      };
    case 5:
      socket.write(frame(i % 2 === 0 ? '['.repeat(1000) : `{"type":"${odd}"}`));
      return undefined;
    case 6:
      return loggedIn(true, (accountID, accountCookie) => {
        const gameRoomID = randomUUID();
        say({ type: 'activateGameRoom', hostAccountID: accountID, roomType: 'public' });
        say({ type: 'joinGameRoom', gameRoomID: odd });
        say({ type: 'requestChatHistory', channelType: 'match', channelName: odd });
        const other = connect({ port: socket.remotePort ?? 0, host: '127.0.0.1' });
        other.on('error', () => {});
        other.end(
          encodeMessage({
            type: 'serverLogin',
            gameRoomID,
            accountID,
            accountCookie,
            version: odd,
          }),
        );
        other.resume();
      });
    case 7:
      // Logs in and never reads.
      return loggedIn(false, () => {
        say({ type: 'requestChatHistory', channelType: 'global', channelName: 'english' });
      });
    case 8:
      say({
        type: 'clientProxyLogin',
        accountID: randomUUID(),
        accountCookie: randomUUID(),
        gameRoomID: randomUUID(),
      });
      return () => {
        socket.write(Buffer.alloc(1000));
      };
    default:
      return loggedIn(true, (accountID) => {
        say({
          type: 'sendChatMessage',
          messageText: odd,
          channelType: 'player',
          channelName: accountID,
        });
        socket.write(frame(`{"type":"sendInvite","accountID":"${odd}"`));
        if (i % 100 === 9) socket.destroy();
      });
  }
}

describe('vcmi-lobby-json: flood', () => {
  it('of 2,000 bad connections neither slows two good clients nor leaves anything behind', async () => {
    // Each line of chat goes to all of them, and this process has to read it for all of them, too.
    const section = { perAddressLimit: 0, loginTimeout: '5s', capacity: 250 };
    const server = await ServerProcess.start({ 'vcmi-lobby-json': section }, 'sqlite');
    const control = await EchoProcess.start();
    const flood: { socket: Socket; act: (() => void) | undefined }[] = [];
    const good: JsonClient[] = [];
    try {
      const port = server.port('lobby-json');
      await sleep(500);
      const [idleMemory, idleSockets] = [server.residentMiB, server.sockets];
      const pass = () => sleep(2);
      const delays: number[] = [];
      for (const name of ['alice', 'bobby']) {
        const client = await (await JsonClient.open(port, pass)).register(name);
        await client.login().hears('matchesHistory');
        client.onMessage = (message) => {
          if (message.type !== 'chatMessage' || message.accountID === client.accountID) return;
          const at = /^line at ([\d.]+)$/.exec(message.messageText)?.[1];
          if (at !== undefined) delays.push(performance.now() - Number(at));
        };
        good.push(client);
      }

      let peak = idleMemory ?? 0;
      let sent = 0;
      let index = 0;
      const open = () => {
        const socket = connect({ port, host: '127.0.0.1' });
        socket.on('error', () => {});
        socket.on('data', () => {});
        return { socket, act: misbehave(socket, index++) };
      };
      const begin = performance.now();
      while (performance.now() - begin < SECONDS * 1000) {
        const elapsed = performance.now() - begin;
        for (; sent < (elapsed / 1000) * LINES_PER_SECOND; sent++) {
          good[sent % 2]?.send({
            type: 'sendChatMessage',
            messageText: `line at ${performance.now().toFixed(2)}`,
            channelType: 'global',
            channelName: 'english',
          });
          control.ask();
        }
        // All of them are there after half of the time; those that were cut off come again.
        const wanted = Math.min(CONNECTIONS, (elapsed / (SECONDS * 500)) * CONNECTIONS);
        for (let opened = 0; flood.length < wanted && opened < 20; opened++) flood.push(open());
        for (let i = 0; i < 20; i++) {
          const which = Math.floor(Math.random() * flood.length);
          const one = flood[which];
          if (one === undefined) continue;
          if (!one.socket.destroyed) one.act?.();
          else if (flood.length >= CONNECTIONS) flood[which] = open();
        }
        peak = Math.max(peak, server.residentMiB ?? 0);
        await sleep(5);
      }
      await sleep(500);
      const [median, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
      const bare = percentile(control.delays, 0.99);
      console.log(
        `      ${index} connections, ${sent} lines, heard ${delays.length}, median ${median.toFixed(1)} ms, ` +
          `p99 ${p99.toFixed(1)} ms (bare echo ${bare.toFixed(1)} ms), ` +
          `memory ${idleMemory?.toFixed(0)} -> ${peak.toFixed(0)} MiB`,
      );
      expect(delays.length, 'every line was heard').to.equal(sent);
      expect(p99 - bare, 'beyond what the machine itself takes').to.be.below(100);
      if (idleMemory !== undefined) expect(peak - idleMemory).to.be.below(128);

      for (const { socket } of flood) socket.destroy();
      for (const { socket } of good) socket.destroy();
      let left = -1;
      for (let i = 0; i < 100; i++) {
        await sleep(100);
        left = (server.sockets ?? 0) - (idleSockets ?? 0);
        if (left === 0) break;
      }
      expect(left, 'sockets left').to.equal(0);
      for (const what of ['rooms', 'players']) {
        const answer = await fetch(`http://127.0.0.1:${server.port('http')}/v1/vcmi/${what}`);
        expect(((await answer.json()) as { items: unknown[] }).items, what).to.deep.equal([]);
      }
    } finally {
      control.stop();
      for (const { socket } of [...flood, ...good]) socket.destroy();
      await server.stop();
    }
  }).timeout(60_000);
});
