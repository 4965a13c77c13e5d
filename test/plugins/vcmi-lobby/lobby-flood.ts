import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../../plugins/vcmi-lobby/lobby-codec.js';
import { type FloodFigures, type Speaker, withstandFlood } from './flood.js';

const greet = (name: string) =>
  encodeFrame(
    encodeGreeting({ version: 4, encoding: 'utf8', text: Buffer.from(`<GREETINGS>${name}<VER>x`) }),
  );
const say = (text: string) => encodeFrame(Buffer.from(text));

/** Logs in, chats, and measures how long its own lines take to the other. */
class GoodClient implements Speaker {
  readonly socket: Socket;
  readonly delays: number[] = [];
  #text = '';
  #said = 0;
  constructor(
    port: number,
    private readonly name: string,
  ) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('utf8');
    this.socket.on('data', (chunk: string) => this.#read(chunk));
    this.socket.on('error', () => {});
    this.socket.write(greet(name));
  }
  #read(chunk: string): void {
    this.#text += chunk;
    const now = performance.now();
    let last = 0;
    for (const match of this.#text.matchAll(/line (\d+) at ([\d.]+) from (\w+);/g)) {
      last = match.index + match[0].length;
      if (match[3] === this.name) continue;
      this.delays.push(now - Number(match[2]));
    }
    this.#text = this.#text.slice(last).slice(-300);
  }
  say(): void {
    const i = this.#said++;
    this.socket.write(say(`<MSG>line ${i} at ${performance.now().toFixed(2)} from ${this.name};`));
  }
}

/** Two good clients of the lobby chat while 2,000 bad connections come. */
export const floodLobby = (seconds: number): Promise<FloodFigures> =>
  withstandFlood({
    plugins: { 'vcmi-lobby': { perAddressLimit: 0, loginTimeout: '5s' } },
    driver: 'memory',
    endpoint: 'lobby',
    process: new URL('flood-process.js', import.meta.url),
    seconds,
    speakers: async (port) => {
      const speakers = [new GoodClient(port, 'alice'), new GoodClient(port, 'bobby')];
      await sleep(200);
      return speakers;
    },
  });
