/**
 * Calls over the web API per second of CPU time of the server, beside the bare thing in the same run: REST calls beside
 * a bare fastify route, WebSocket calls and signals beside a bare ws echo. `beginSession` refuses a ticket that is not
 * one, so that what is measured is the interface and not the RSA check (bench/auth.ts measures that).
 * `--quick` runs a smoke test.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startTestServer } from 'beaconry/testing';
import { fastify } from 'fastify';
import { WebSocket, WebSocketServer } from 'ws';
import { processTime } from './process-time.js';

const quick = process.argv.includes('--quick');
const CALLS = quick ? 500 : 4000;
const ROUNDS = quick ? 1 : 4;
/** Calls that are under way at once. */
const WINDOW = 32;
const STEAM_ID = '76561197960287930';

type Ports = { readonly fastify: number; readonly echo: number; readonly api: number };

/** The three servers in one process of their own, whose CPU time is what counts. */
async function serve(): Promise<void> {
  const app = fastify();
  app.post('/bare', (request) => ({
    beginResult: (request.body as { ticket: string }).ticket.length,
  }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const echo = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  echo.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await once(echo, 'listening');
  const server = await startTestServer({
    real: true,
    plugins: {
      'game-server': {},
      'steam-backend': {},
      'auth-sessions': {},
      social: {},
      'web-api': { callsPerSecond: 10_000_000, pump: '1ms' },
    },
  });
  const port = (address: unknown) => (address as { port: number }).port;
  const ports: Ports = {
    fastify: port(app.server.address()),
    echo: port(echo.address()),
    api: server.address('http').port,
  };
  process.send?.(ports);
  process.on('disconnect', () => process.exit(0));
}

async function measure(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['--serve'], { stdio: 'inherit' });
  const [ports] = (await once(child, 'message')) as [Ports];
  const api = `http://127.0.0.1:${ports.api}`;
  const init = { appId: 480, version: '1', gamePort: 1, queryPort: 2 };
  const { handle } = await post(`${api}/v1/gameservers`, init);
  const begin = { ticket: 'AAAA', steamId: STEAM_ID };
  const open = async (url: string, protocol?: string) => {
    const socket = new WebSocket(url, protocol, { perMessageDeflate: false });
    await once(socket, 'open');
    return socket;
  };
  const echo = await open(`ws://127.0.0.1:${ports.echo}`);
  const calls = await open(`ws://127.0.0.1:${ports.api}/v1/ws`, 'beaconry.v1');
  calls.send(JSON.stringify({ hello: { handle } }));
  await once(calls, 'message');

  const call = (id: number) => JSON.stringify({ id, call: 'BeginAuthSession', args: begin });
  // Each makes one signal at once: there is no backend that would have to be asked.
  const ask = (id: number) =>
    JSON.stringify({ id, call: 'ComputeNewPlayerCompatibility', args: { steamId: STEAM_ID } });
  const kinds = {
    bareRoute: () => requests(child, `http://127.0.0.1:${ports.fastify}/bare`, begin),
    beginOverHttp: () => requests(child, `${api}/v1/gameservers/self/sessions`, begin, handle),
    bareEcho: () => frames(child, echo, call, 1),
    beginOverSocket: () => frames(child, calls, call, 1),
    // An answer and a signal for each.
    signalOverSocket: () => frames(child, calls, ask, 2),
  };
  const best = {
    bareRoute: 0,
    beginOverHttp: 0,
    bareEcho: 0,
    beginOverSocket: 0,
    signalOverSocket: 0,
  };
  for (const [name, run] of Object.entries(kinds)) await run().then(() => name);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(kinds)) {
      best[name as keyof typeof best] = Math.max(best[name as keyof typeof best], await run());
    }
  }
  const ratio = (one: number, other: number) => Number((one / other).toFixed(2));
  process.stdout.write(
    `${JSON.stringify({
      perCpuSecond: best,
      beginOverHttpToBareRoute: ratio(best.beginOverHttp, best.bareRoute),
      beginOverSocketToBareEcho: ratio(best.beginOverSocket, best.bareEcho),
      signalsOverSocketToBareEcho: ratio(best.signalOverSocket, best.bareEcho),
      calls: CALLS,
      rounds: ROUNDS,
    })}\n`,
  );
  for (const socket of [echo, calls]) socket.terminate();
  child.disconnect();
}

/** Per second of CPU time of the server. */
async function perCpuSecond(child: ChildProcess, work: () => Promise<void>): Promise<number> {
  const before = processTime(child.pid as number);
  await work();
  return Math.round((CALLS / (processTime(child.pid as number) - before)) * 1e6);
}

const requests = (child: ChildProcess, url: string, body: object, bearer?: string) =>
  perCpuSecond(child, async () => {
    let left = CALLS;
    const worker = async () => {
      while (left-- > 0) await post(url, body, bearer);
    };
    await Promise.all(Array.from({ length: WINDOW }, worker));
  });

const frames = (
  child: ChildProcess,
  socket: WebSocket,
  frame: (id: number) => string,
  answers: number,
) =>
  perCpuSecond(child, async () => {
    let sent = 0;
    let heard = 0;
    await new Promise<void>((resolve) => {
      const send = () => {
        if (sent < CALLS) socket.send(frame(sent++));
      };
      const listener = () => {
        heard++;
        if (heard === CALLS * answers) {
          socket.off('message', listener);
          resolve();
        } else if (heard % answers === 0) send();
      };
      socket.on('message', listener);
      for (let i = 0; i < WINDOW; i++) send();
    });
  });

async function post(url: string, body: object, bearer?: string): Promise<{ handle: string }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify(body),
  });
  const json = (await answer.json()) as { handle: string };
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

if (process.argv.includes('--serve')) await serve();
else await measure();
