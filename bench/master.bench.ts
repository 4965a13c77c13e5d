// List pages and heartbeats per CPU second: the plugin master with 20,000 servers beside a bare dgram socket whose
// answers have the same sizes, in turns within one run. `--quick` is a smoke run. Load comes from this process, CPU
// time is that of the responder's process alone.
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { encodeListRequest, LIST_START } from '../server-browser/a2s-query/list-codec.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../server-browser/master/heartbeat-codec.js';
import type { ResponderReady, ResponderUsage } from './master-responder.js';

const quick = process.argv.includes('--quick');
const QUESTIONS = quick ? 1_000 : 20_000;
const ROUNDS = quick ? 1 : 5;
const SOCKETS = 8;
const OUTSTANDING = 8;
const LOST_AFTER = 200;

const kinds = ['beaconry', 'bare'] as const;
type Kind = (typeof kinds)[number];

/** What one client sends; `next` also hears the answer to its last question. */
type Questions = (answer: Uint8Array | undefined) => readonly Uint8Array[];

let unique = 0;
const listRequest = (filter: string): Uint8Array =>
  encodeListRequest({ region: 255, after: LIST_START, filter });
const sameList = listRequest('\\secure\\0');
const challengeRequest = encodeGameServerMessage({ kind: 'challenge-request', echo: null });
const joinValues: readonly (readonly [string, string])[] = Object.entries({
  protocol: '7',
  challenge: '0',
  players: '0',
  max: '16',
  bots: '0',
  gamedir: 'cstrike',
  map: 'de_dust2',
  password: '0',
  os: 'l',
  lan: '0',
  region: '255',
  type: 'd',
  secure: '1',
  version: '1.0.0.70',
  product: 'css',
});

const workloads: Readonly<Record<string, Questions>> = {
  'the same page again': () => [sameList],
  'a page with a filter never asked before': () => [listRequest(`\\napp\\${++unique}`)],
  'heartbeat: challenge and join': (answer) => {
    if (answer === undefined) return [challengeRequest];
    const message = decodeMasterMessage(answer);
    if (message.kind !== 'challenge') return [challengeRequest];
    // Players change with each join, so that nothing can be taken for a mere refresh.
    const values = new Map(joinValues)
      .set('challenge', String(message.challenge))
      .set('players', String(++unique % 16));
    return [encodeGameServerMessage({ kind: 'join', values }), challengeRequest];
  },
};

class Responder {
  constructor(
    private readonly child: ChildProcess,
    readonly ready: ResponderReady,
  ) {}

  static async start(kind: Kind): Promise<Responder> {
    const child = fork(fileURLToPath(new URL('master-responder.js', import.meta.url)), [kind]);
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

/** Asks from several sockets and keeps a few questions on their way; gives the number of answers. */
async function ask(port: number, questions: Questions, count: number): Promise<number> {
  let answered = 0;
  let asked = 0;
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
      const next = (answer?: Uint8Array) => {
        if (asked++ >= count) return;
        for (const bytes of questions(answer)) socket.send(bytes, port, '127.0.0.1', () => {});
      };
      socket.on('message', (bytes) => {
        alive();
        if (++answered === count) {
          clearTimeout(idle);
          resolve();
        }
        next(bytes);
      });
      for (let k = 0; k < OUTSTANDING; k++) next();
    }
  });
  await Promise.all(sockets.map((socket) => new Promise<void>((end) => socket.close(end))));
  return answered;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const responders: Record<Kind, Responder> = {
  beaconry: await Responder.start('beaconry'),
  bare: await Responder.start('bare'),
};
try {
  for (const [name, questions] of Object.entries(workloads)) {
    console.log(name);
    const rates: Record<Kind, number[]> = { beaconry: [], bare: [] };
    for (const kind of kinds) {
      await ask(responders[kind].ready.port, questions, Math.min(QUESTIONS, 3000));
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of kinds) {
        const responder = responders[kind];
        const before = await responder.cpuSeconds();
        const answered = await ask(responder.ready.port, questions, QUESTIONS);
        rates[kind].push(answered / ((await responder.cpuSeconds()) - before));
      }
    }
    for (const kind of kinds) {
      const { driver } = responders[kind].ready;
      const rate = Math.round(median(rates[kind]));
      console.log(`  ${kind} (${driver}): ${rate} per CPU second`);
    }
    const ratio = median(rates.beaconry) / median(rates.bare);
    console.log(`  ratio to bare dgram: ${ratio.toFixed(2)}`);
  }
} finally {
  for (const kind of kinds) await responders[kind].stop();
}
