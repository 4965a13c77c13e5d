// Answers to INFO per CPU second: the plugin a2s on its endpoint beside a bare dgram socket, in turns within one run.
// `--quick` is a smoke run. Load comes from this process, CPU time is that of the responder's process alone.
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { challengeAt, encodeQuery } from '../server-browser/a2s-query/index.js';
import type { ResponderReady, ResponderUsage } from './a2s-responder.js';

const quick = process.argv.includes('--quick');
const QUESTIONS = quick ? 2_000 : 60_000;
const ROUNDS = quick ? 1 : 5;
const SOCKETS = 8;
const OUTSTANDING = 16;
const LOST_AFTER = 200;

const kinds = ['beaconry', 'bare'] as const;
type Kind = (typeof kinds)[number];

class Responder {
  constructor(
    private readonly child: ChildProcess,
    readonly ready: ResponderReady,
  ) {}

  static async start(kind: Kind): Promise<Responder> {
    const child = fork(fileURLToPath(new URL('a2s-responder.js', import.meta.url)), [kind]);
    const [ready] = (await once(child, 'message')) as [ResponderReady];
    return new Responder(child, ready);
  }

  async cpuSeconds(): Promise<number> {
    this.child.send('usage');
    const [{ cpu }] = (await once(this.child, 'message')) as [ResponderUsage];
    return cpu / 1e6;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}

/** Asks from several sockets, each with its challenge, and keeps a few questions on their way all the time. */
async function ask(port: number, count: number): Promise<number> {
  let answered = 0;
  let sent = 0;
  const sockets: Socket[] = [];
  await new Promise<void>((resolve) => {
    let idle: NodeJS.Timeout;
    const alive = () => {
      clearTimeout(idle);
      // Lost questions are not repeated; when nothing moves any more, the round is over.
      idle = setTimeout(resolve, LOST_AFTER);
    };
    alive();
    for (let i = 0; i < SOCKETS; i++) {
      const socket = createSocket('udp4');
      sockets.push(socket);
      let question = encodeQuery('info', null);
      const next = () => {
        if (sent++ < count) socket.send(question, port, '127.0.0.1', () => {});
      };
      socket.on('message', (bytes) => {
        alive();
        if (bytes[4] === 0x41) {
          question = encodeQuery('info', challengeAt(bytes, 5));
          for (let i = 0; i < OUTSTANDING; i++) next();
          return;
        }
        answered++;
        if (answered === count) {
          clearTimeout(idle);
          resolve();
        }
        next();
      });
      socket.send(question, port, '127.0.0.1');
    }
  });
  await Promise.all(sockets.map((socket) => new Promise<void>((end) => socket.close(end))));
  return answered;
}

const responders: Record<Kind, Responder> = {
  beaconry: await Responder.start('beaconry'),
  bare: await Responder.start('bare'),
};
const rates: Record<Kind, number[]> = { beaconry: [], bare: [] };
try {
  for (const kind of kinds) await ask(responders[kind].ready.port, Math.min(QUESTIONS, 5000));
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of kinds) {
      const responder = responders[kind];
      const before = await responder.cpuSeconds();
      const answered = await ask(responder.ready.port, QUESTIONS);
      const spent = (await responder.cpuSeconds()) - before;
      rates[kind].push(answered / spent);
      console.log(`${kind.padEnd(8)} ${answered} answers, ${spent.toFixed(2)} s CPU`);
    }
  }
} finally {
  for (const kind of kinds) await responders[kind].stop();
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
for (const kind of kinds) {
  const { driver } = responders[kind].ready;
  console.log(`${kind} (${driver}): ${Math.round(median(rates[kind]))} answers per CPU second`);
}
console.log(`ratio to bare dgram: ${(median(rates.beaconry) / median(rates.bare)).toFixed(2)}`);
