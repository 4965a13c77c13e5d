import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../core/store/eventually.js';
import { RedisProcess } from '../core/store/redis-process.js';
import { freePorts } from '../end-to-end/free-ports.js';

/** A primary, a replica, and a Sentinel that promotes the replica within about two seconds. */
export class SentinelRig {
  private constructor(
    readonly primary: RedisProcess,
    readonly replica: RedisProcess,
    private readonly sentinel: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  static async start(): Promise<SentinelRig> {
    const primary = await RedisProcess.start();
    const replica = await RedisProcess.start('--replicaof', `127.0.0.1 ${primary.port}`);
    await eventually(() => primary.ask('WAIT', '1', '1000') === '1');
    const [port = 0] = await freePorts(1, 'tcp');
    const folder = mkdtempSync(join(tmpdir(), 'beaconry-sentinel-'));
    const file = join(folder, 'sentinel.conf');
    writeFileSync(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
        'sentinel down-after-milliseconds main 700',
        'sentinel failover-timeout main 3000',
        '',
      ].join('\n'),
    );
    const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
    const url = `redis+sentinel://127.0.0.1:${port}/main`;
    const rig = new SentinelRig(primary, replica, sentinel, folder, url);
    await eventually(
      () => RedisProcess.askAt(port, 'SENTINEL', 'REPLICAS', 'main').includes(`${replica.port}`),
      15,
    );
    return rig;
  }

  async end(): Promise<void> {
    this.sentinel.kill('SIGKILL');
    await this.primary.end();
    await this.replica.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
