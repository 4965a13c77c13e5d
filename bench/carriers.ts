import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { pin } from './pinned.js';

/** Something that carries bytes from one socket of this process to another. */
export interface Carrier {
  readonly name: string;
  /** The process whose time counts; a bare connection has none. */
  readonly pid: number | undefined;
  /** A sender and a receiver that are connected through the carrier; `id` names the pair. */
  pair(id: number): Promise<[Socket, Socket]>;
  close(): unknown;
}

/** Each reads what a process of its own needs to forward to `target`, and gives the port it listens on. */
type StartForwarder = (target: number) => Promise<{ child: ChildProcess; port: number }>;

export const openSocket = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
};

/** Both ends of one connection: what nothing in between costs. */
export async function loopback(): Promise<Carrier> {
  const listener = await listen();
  return {
    name: 'loopback',
    pid: undefined,
    pair: () => listener.pair(listener.port),
    close: listener.close,
  };
}

/** The plainest forwarder that can be written with `node:net`. */
export const netForwarder = (): Promise<Carrier> =>
  forwarder('net forwarder', async (target) => {
    const script = fileURLToPath(new URL('relay-forwarders.js', import.meta.url));
    const child = fork(script, ['net', String(target)]);
    const [port] = (await once(child, 'message')) as [number];
    return { child, port };
  });

/** A forwarder in C over epoll. */
export const cForwarder = (): Promise<Carrier> =>
  forwarder('C forwarder', async (target) => {
    mkdirSync('bench/reference/bin', { recursive: true });
    const program = 'bench/reference/bin/tcp-forwarder';
    execFileSync('cc', ['-O2', '-o', program, 'bench/reference/tcp-forwarder.c']);
    const child = spawn(program, ['0', String(target)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [ready] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, port: Number(/ready (\d+)/.exec(ready.toString())?.[1]) };
  });

/** The carriers, and those of C and net; the carriers on one core, this process on the other. */
export async function withReferences(carriers: readonly Carrier[]): Promise<Carrier[]> {
  const all = [...carriers, await netForwarder()];
  try {
    all.push(await cForwarder());
  } catch {
    console.log('skipped: the C forwarder needs cc');
  }
  pin('load', process.pid);
  for (const { pid } of all) if (pid !== undefined) pin('server', pid);
  return all;
}

async function forwarder(name: string, start: StartForwarder): Promise<Carrier> {
  const listener = await listen();
  const { child, port } = await start(listener.port);
  return {
    name,
    pid: child.pid,
    pair: () => listener.pair(port),
    close() {
      child.kill();
      listener.close();
    },
  };
}

/** A listening socket that hands out what connects to it, together with the other end. */
async function listen() {
  const waiting: ((socket: Socket) => void)[] = [];
  const server = createServer({ noDelay: true }, (socket) => waiting.shift()?.(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    async pair(through: number): Promise<[Socket, Socket]> {
      const arrived = new Promise<Socket>((resolve) => waiting.push(resolve));
      return [await openSocket(through), await arrived];
    },
    close: () => server.close(),
  };
}
