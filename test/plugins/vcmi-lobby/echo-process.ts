import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The program of a process that only sends back what it gets. */
const ECHO = `
  const server = require('node:net').createServer({ noDelay: true }, (socket) => {
    socket.pipe(socket).on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/**
 * What this machine does to a message between two processes that have nothing else to do, at the same time:
 * the part of every delay that is nobody's fault.
 */
export class EchoProcess {
  readonly delays: number[] = [];
  private constructor(
    private readonly child: ChildProcess,
    private readonly socket: Socket,
  ) {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        this.delays.push(performance.now() - bytes.readDoubleLE(at));
      }
    });
  }
  static async start(): Promise<EchoProcess> {
    const child = spawn(process.execPath, ['-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return new EchoProcess(
      child,
      connect({ port: Number(port), host: '127.0.0.1', noDelay: true }),
    );
  }
  ask(): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(performance.now());
    this.socket.write(bytes);
  }
  stop(): void {
    this.socket.destroy();
    this.child.kill();
  }
}

/** The delay that this part of all does not exceed. */
export const percentile = (delays: readonly number[], part: number): number =>
  [...delays].sort((one, other) => one - other)[Math.floor(delays.length * part)] ??
  Number.POSITIVE_INFINITY;
