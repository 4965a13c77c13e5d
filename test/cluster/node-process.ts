import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ReadyReport } from '../../core/ready-report.js';
import type { RedisProcess } from '../core/store/redis-process.js';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';

const ANY = '127.0.0.1:0';

/** A node as a process of its own, on a redis that others share. */
export class NodeProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), 'beaconry-node-'));
  #process: BeaconryProcess | undefined;
  #pid = 0;
  #endpoints: ReadyReport['endpoints'] = {};

  constructor(
    readonly name: string,
    private readonly redis: RedisProcess,
    private readonly plugins: Readonly<Record<string, unknown>>,
    private readonly endpoints: Readonly<Record<string, unknown>> = {},
    /** Key files that all nodes have, by name: their text. */
    private readonly keys: Readonly<Record<string, string>> = {},
    private readonly env: Readonly<Record<string, string>> = {},
  ) {}

  /** `main` is the command of another installation. */
  async start(main?: string): Promise<this> {
    const file = join(this.#folder, 'node.yaml');
    const data = join(this.#folder, 'data');
    mkdirSync(data, { recursive: true });
    for (const [name, text] of Object.entries(this.keys)) {
      writeFileSync(join(data, name), text, { mode: 0o600 });
    }
    writeFileSync(
      file,
      stringify({
        endpoints: { http: { http: ANY }, admin: { http: ANY }, ...this.endpoints },
        node: this.name,
        store: { driver: 'redis', url: this.redis.url, prefix: 'processes' },
        management: { token: 'secret' },
        log: { level: 'warn' },
        plugins: this.plugins,
      }),
    );
    const options = {
      ...{ cwd: this.#folder, env: this.env },
      ...(main === undefined ? {} : { main }),
    };
    this.#process = new BeaconryProcess(['start', file], options);
    const report = await this.#process.ready();
    this.#endpoints = report.endpoints;
    this.#pid = report.pid;
    return this;
  }

  /** `host:port` of an endpoint. */
  at(endpoint: string): string {
    const [bound] = this.#endpoints[endpoint] ?? [];
    return bound === undefined ? '' : `${bound.host}:${bound.port}`;
  }

  get pid(): number {
    return this.#pid;
  }

  get log(): string {
    return this.#process?.stderr ?? '';
  }

  admin(path: string, body?: object): Promise<Response> {
    return fetch(`http://${this.at('admin')}/v1/admin${path}`, {
      headers: {
        authorization: 'Bearer secret',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(8000),
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
