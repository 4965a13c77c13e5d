import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { EchoProcess, percentile } from './echo-process.js';
import { ServerProcess } from './server-process.js';

const CONNECTIONS = 2000;
const LINES_PER_SECOND = 100;
const MEMORY_MIB = 128;
/** Seconds within which all of them must have come. */
const PATIENCE = 60;

/** What one bad connection does at first, and what it does again and again; `i` only makes them differ. */
export type Misbehaviour = (socket: Socket, i: number) => (() => void) | undefined;

/** A good client, which chats and hears what the other says. */
export interface Speaker {
  readonly socket: Socket;
  /** How long the lines of the other took to come. */
  readonly delays: number[];
  /** Says one line. */
  say(): unknown;
}

export interface FloodFigures {
  readonly p99: number;
  /** The same for a bare echo between two idle processes: what this machine adds. */
  readonly bareP99: number;
}

/**
 * Opens {@link CONNECTIONS} within half of the time and opens again what is cut off, until the parent lets go.
 * It is the main program of a process, so that what it costs does not delay those who measure.
 */
export async function runFlood(misbehave: Misbehaviour): Promise<void> {
  const [port = 0, seconds = 0] = process.argv.slice(2).map(Number);
  const flood: { socket: Socket; act: (() => void) | undefined }[] = [];
  let index = 0;
  const open = () => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.on('data', () => {});
    return { socket, act: misbehave(socket, index++) };
  };
  let isOver = false;
  process.once('disconnect', () => {
    isOver = true;
  });
  const begin = performance.now();
  while (!isOver) {
    const part = (performance.now() - begin) / (seconds * 500);
    const wanted = Math.min(CONNECTIONS, part * CONNECTIONS);
    for (let opened = 0; flood.length < wanted && opened < 20; opened++) flood.push(open());
    for (let i = 0; i < 20; i++) {
      const which = Math.floor(Math.random() * flood.length);
      const one = flood[which];
      if (one === undefined) continue;
      if (!one.socket.destroyed) one.act?.();
      else if (flood.length >= CONNECTIONS) flood[which] = open();
    }
    process.send?.(index);
    await sleep(5);
  }
  process.exit(0);
}

/**
 * Two good clients exchange 100 lines a second while the flood comes. Fails unless every line is heard, memory
 * stays within its bound, and no socket, room or player is left afterwards. How long lines took is only told.
 */
export async function withstandFlood(options: {
  readonly plugins: Record<string, unknown>;
  readonly driver: 'memory' | 'sqlite';
  readonly endpoint: string;
  /** Its main program calls {@link runFlood}. */
  readonly process: URL;
  readonly seconds: number;
  speakers(port: number): Promise<readonly Speaker[]>;
}): Promise<FloodFigures> {
  const server = await ServerProcess.start(options.plugins, options.driver);
  const control = await EchoProcess.start();
  let speakers: readonly Speaker[] = [];
  let flood: ChildProcess | undefined;
  try {
    const port = server.port(options.endpoint);
    await sleep(500);
    const [idleMemory, idleSockets] = [server.residentMiB, server.sockets];
    speakers = await options.speakers(port);
    flood = fork(fileURLToPath(options.process), [String(port), String(options.seconds)]);
    let opened = 0;
    flood.on('message', (count: number) => {
      opened = count;
    });

    let peak = idleMemory ?? 0;
    const idleSeconds = server.processorSeconds ?? 0;
    let sent = 0;
    const begin = performance.now();
    for (;;) {
      const elapsed = (performance.now() - begin) / 1000;
      // On a busy machine the flood takes longer to rise.
      if (elapsed > options.seconds && (opened >= CONNECTIONS || elapsed > PATIENCE)) break;
      for (; sent < elapsed * LINES_PER_SECOND; sent++) {
        speakers[sent % speakers.length]?.say();
        control.ask();
      }
      peak = Math.max(peak, server.residentMiB ?? 0);
      await sleep(5);
    }
    const heard = () => speakers.reduce((sum, { delays }) => sum + delays.length, 0);
    for (let i = 0; i < 100 && heard() < sent; i++) await sleep(100);

    const spent =
      ((server.processorSeconds ?? 0) - idleSeconds) / ((performance.now() - begin) / 1000);
    const delays = speakers.flatMap((speaker) => speaker.delays);
    const [median, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
    const bareP99 = percentile(control.delays, 0.99);
    console.log(
      `      ${opened} connections, ${sent} lines, heard ${delays.length}, median ${median.toFixed(1)} ms, ` +
        `p99 ${p99.toFixed(1)} ms (bare echo ${bareP99.toFixed(1)} ms), ` +
        `${(spent * 100).toFixed(0)} % of a processor, memory ${idleMemory?.toFixed(0)} -> ${peak.toFixed(0)} MiB`,
    );
    expect(opened, 'the flood came').to.be.at.least(CONNECTIONS);
    expect(delays.length, 'every line was heard').to.equal(sent);
    if (idleMemory !== undefined) expect(peak - idleMemory).to.be.below(MEMORY_MIB);

    const ended = once(flood, 'exit');
    flood.disconnect();
    await ended;
    for (const { socket } of speakers) socket.destroy();
    let left = -1;
    for (let i = 0; i < 100 && left !== 0; i++) {
      await sleep(100);
      left = (server.sockets ?? 0) - (idleSockets ?? 0);
    }
    expect(left, 'sockets left').to.equal(0);
    for (const what of ['rooms', 'players']) {
      const answer = await fetch(`http://127.0.0.1:${server.port('http')}/v1/vcmi/${what}`);
      expect(((await answer.json()) as { items: unknown[] }).items, what).to.deep.equal([]);
    }
    return { p99, bareP99 };
  } finally {
    control.stop();
    flood?.kill();
    for (const { socket } of speakers) socket.destroy();
    await server.stop();
  }
}
