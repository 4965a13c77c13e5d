import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { freePorts } from '../../end-to-end/free-ports.js';

const isThere = spawnSync('redis-server', ['--version']).error === undefined;

/** For `before`: skips the tests of a machine without redis-server. */
export function needsRedis(this: Context): void {
  if (isThere) return;
  console.log('      skipped: needs redis-server');
  this.skip();
}

/** A real redis-server on a port of loopback, with a folder of its own. */
export class RedisProcess {
  /** Its files, as it sees them. */
  readonly folder = mkdtempSync(join(tmpdir(), 'beaconry-redis-'));
  #child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly options: readonly string[],
    /** Bytes of a disk of its own; undefined: that of the machine. */
    private readonly disk?: number,
  ) {}

  static async start(...options: string[]): Promise<RedisProcess> {
    const [port = 0] = await freePorts(1, 'tcp');
    const redis = new RedisProcess(port, options);
    await redis.resume();
    return redis;
  }

  /** On a disk of so many bytes, which lives as long as the process; needs the right to mount. */
  static async startOnDisk(bytes: number): Promise<RedisProcess> {
    const [port = 0] = await freePorts(1, 'tcp');
    const redis = new RedisProcess(port, [], bytes);
    await redis.resume();
    return redis;
  }

  /** Its folder, from outside: a disk of its own is seen by itself alone. */
  get files(): string {
    return join('/proc', String(this.#child?.pid), 'root', this.folder);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again after `kill` or `stop`, with what its append-only file holds. */
  async resume(...more: string[]): Promise<void> {
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder];
    const kept = [
      '--appendonly',
      'yes',
      '--appendfsync',
      'everysec',
      '--save',
      '',
      '--repl-diskless-sync-delay',
      '0',
    ];
    const parameters = [...fixed, ...kept, ...this.options, ...more];
    const mount = `mount -t tmpfs -o size=${this.disk} tmpfs '${this.folder}' && exec "$@"`;
    const within = this.disk === undefined ? [] : ['unshare', '--mount', 'sh', '-c', mount, 'sh'];
    const [program = '', ...words] = [...within, 'redis-server', ...parameters];
    const child = spawn(program, words, { stdio: 'ignore' });
    this.#child = child;
    for (;;) {
      if (await accepts(this.port)) return;
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** As the kernel or a power switch would end it. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Lets it hang: connections stay, nothing is answered. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  unpause(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Deletes what a killed server left on its disk. */
  empty(): void {
    for (const name of ['appendonlydir', 'dump.rdb']) {
      rmSync(join(this.folder, name), { recursive: true, force: true });
    }
  }

  /** One command through redis-cli; its answer as text. */
  ask(...command: string[]): string {
    return RedisProcess.askAt(this.port, ...command);
  }

  static askAt(port: number, ...command: string[]): string {
    const parameters = ['-p', String(port), ...command];
    return spawnSync('redis-cli', parameters, { encoding: 'utf8' }).stdout.trim();
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Answers PING, which it does not while it still loads its file. */
const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('data', (data) => done(data.toString().startsWith('+PONG')));
    socket.once('error', () => done(false));
    socket.setTimeout(1000, () => done(false));
  });
