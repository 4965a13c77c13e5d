import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../../plugins/vcmi-lobby/lobby-codec.js';
import { encodePipeHandshake } from '../../../plugins/vcmi-lobby/pipe-codec.js';
import { EchoProcess, percentile } from './echo-process.js';
import { ServerProcess } from './server-process.js';

const CONNECTIONS = 2000;
const LINES_PER_SECOND = 100;
const SECONDS = 12;

const greet = (version: number, name: string, encoding = 'utf8') =>
  encodeFrame(encodeGreeting({ version, encoding, text: Buffer.from(`<GREETINGS>${name}<VER>x`) }));
const say = (text: string) => encodeFrame(Buffer.from(text));

/** Names and rooms of every odd form. */
const ODD = [
  '',
  ' ',
  'a',
  'System',
  'all',
  'room',
  'аlice',
  'ALICE',
  'alice\n',
  ':>>KICK:x:y',
  '<HERE>',
  'a:b:c',
  'x'.repeat(900),
  '\u202egnirts',
  '\0\0\0',
  '😀😀😀',
  'ﬁﬁﬁ',
  '../../etc',
  '%s%s%n',
  '\ud800abc',
  '__proto__',
  'constructor',
  'é́́́́́',
  '１２３',
  'i̇i̇i̇',
];

/** What one connection of the flood does; `i` only makes them differ. */
function misbehave(socket: Socket, i: number): (() => void) | undefined {
  const odd = ODD[i % ODD.length] ?? '';
  const name = i % 3 === 0 ? `flood${i}` : `${odd}${i}`;
  switch (i % 10) {
    case 0:
    case 1:
      return undefined; // silent
    case 2: {
      // A greeting, one byte at a time.
      const bytes = greet(4, name);
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
      socket.write(Buffer.of(0xff, 0xff, 0xff, i & 0x7f));
      return () => {
        socket.write(Buffer.alloc(60_000));
      };
    case 5:
      // Announces much, sends nearly all of it, and waits.
      socket.write(Buffer.concat([Buffer.of(0, 4, 0, 0), Buffer.alloc(1000, '<MSG>')]));
      return undefined;
    case 6:
      socket.write(greet(1 + (i % 5), name, ['utf8', 'cp1251', 'klingon', 'utf7'][i % 4]));
      return () => {
        socket.write(say(`<NEW>${odd}${i}<PSWD>${odd}<COUNT>${i % 11}<MODS>${odd}&${odd};;&`));
        socket.write(say(`<JOIN>${odd}<PSWD>x<READY>${odd}<KICK>alice<HOSTMODE>${odd}`));
      };
    case 7:
      // Logs in and never reads.
      socket.pause();
      socket.write(greet(4, name));
      return () => {
        socket.write(say('<HERE>'.repeat(20)));
      };
    case 8:
      socket.write(
        encodePipeHandshake({
          name: '(client)',
          uuid: randomBytes(18).toString('hex'),
          endianness: 1,
        }),
      );
      return () => {
        socket.write(Buffer.alloc(1000));
      };
    default:
      socket.write(greet(i % 256, name));
      return () => {
        socket.write(say(`<MSG>${odd}:>>KICK:r:alice<MSG>@alice ${odd}<ROOT>users<CHANNEL>${odd}`));
        if (i % 100 === 9) socket.destroy();
      };
  }
}

/** Logs in, chats, and measures how long its own lines take to the other. */
class GoodClient {
  readonly socket: Socket;
  readonly delays: number[] = [];
  heard = 0;
  #text = '';
  constructor(
    port: number,
    private readonly name: string,
  ) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('utf8');
    this.socket.on('data', (chunk: string) => this.#read(chunk));
    this.socket.on('error', () => {});
    this.socket.write(greet(4, name));
  }
  #read(chunk: string): void {
    this.#text += chunk;
    const now = performance.now();
    let last = 0;
    for (const match of this.#text.matchAll(/line (\d+) at ([\d.]+) from (\w+);/g)) {
      last = match.index + match[0].length;
      if (match[3] === this.name) continue;
      this.heard++;
      this.delays.push(now - Number(match[2]));
    }
    this.#text = this.#text.slice(last).slice(-300);
  }
  say(i: number): void {
    this.socket.write(say(`<MSG>line ${i} at ${performance.now().toFixed(2)} from ${this.name};`));
  }
}

describe('vcmi-lobby: flood', () => {
  it('of 2,000 bad connections neither slows two good clients nor leaves anything behind', async () => {
    const server = await ServerProcess.start({
      'vcmi-lobby': { perAddressLimit: 0, loginTimeout: '5s' },
    });
    const control = await EchoProcess.start();
    const flood: { socket: Socket; act: (() => void) | undefined }[] = [];
    try {
      const port = server.port('lobby');
      await sleep(500);
      const [idleMemory, idleSockets] = [server.residentMiB, server.sockets];
      const good = [new GoodClient(port, 'alice'), new GoodClient(port, 'bobby')];
      await sleep(200);

      let peak = idleMemory ?? 0;
      let sent = 0;
      let index = 0;
      const begin = performance.now();
      while (performance.now() - begin < SECONDS * 1000) {
        const elapsed = performance.now() - begin;
        for (; sent < (elapsed / 1000) * LINES_PER_SECOND; sent++) {
          good[sent % 2]?.say(sent);
          control.ask();
        }
        // All of them are there after half of the time; those that were cut off come again.
        const wanted = Math.min(CONNECTIONS, (elapsed / (SECONDS * 500)) * CONNECTIONS);
        for (let opened = 0; flood.length < wanted && opened < 20; opened++) {
          const socket = connect({ port, host: '127.0.0.1' });
          socket.on('error', () => {});
          socket.on('data', () => {});
          flood.push({ socket, act: misbehave(socket, index++) });
        }
        for (let i = 0; i < 20; i++) {
          const one = flood[Math.floor(Math.random() * flood.length)];
          if (one === undefined) continue;
          if (!one.socket.destroyed) one.act?.();
          else if (flood.length >= CONNECTIONS) {
            one.socket = connect({ port, host: '127.0.0.1' });
            one.socket.on('error', () => {});
            one.socket.on('data', () => {});
            one.act = misbehave(one.socket, index++);
          }
        }
        peak = Math.max(peak, server.residentMiB ?? 0);
        await sleep(5);
      }
      await sleep(300);
      const delays = good.flatMap((client) => client.delays);
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
      for (const { socket } of flood) socket.destroy();
      await server.stop();
    }
  }).timeout(60_000);
});
