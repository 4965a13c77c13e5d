import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

interface Ready {
  readonly endpoints: Readonly<Record<string, readonly { readonly port: number }[]>>;
}

/** A server in a process of its own, so that its memory, sockets and time are its own. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly ready: Ready,
  ) {}

  get pid(): number {
    return this.child.pid ?? 0;
  }

  port(endpoint: string): number {
    return this.ready.endpoints[endpoint]?.[0]?.port ?? 0;
  }

  static async start(
    plugins: Record<string, unknown>,
    driver: 'memory' | 'sqlite' = 'memory',
  ): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'beaconry-scale-'));
    const any = '127.0.0.1:0';
    const file = join(folder, 'beaconry.yaml');
    writeFileSync(
      file,
      stringify({
        endpoints: {
          http: { http: any },
          admin: { http: any },
          lobby: { tcp: any },
          'lobby-json': { tcp: any },
        },
        data: folder,
        store: { driver },
        log: { level: 'error' },
        plugins,
      }),
    );
    const child = spawn(process.execPath, ['dist/core/cli/main.js', 'start', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ready = await new Promise<Ready>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const line = /^beaconry ready (.*)$/m.exec(text)?.[1];
        if (line !== undefined) resolve(JSON.parse(line) as Ready);
      });
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
    });
    return new ServerProcess(child, folder, ready);
  }

  /** Resident memory in MiB; undefined where the system does not tell. */
  get residentMiB(): number | undefined {
    const file = `/proc/${this.pid}/status`;
    if (!existsSync(file)) return undefined;
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) / 1024;
  }

  /** Seconds of processor time so far; undefined where the system does not tell. */
  get processorSeconds(): number | undefined {
    const file = `/proc/${this.pid}/stat`;
    if (!existsSync(file)) return undefined;
    const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Open sockets, listening ones included; undefined where the system does not tell. */
  get sockets(): number | undefined {
    const folder = `/proc/${this.pid}/fd`;
    if (!existsSync(folder)) return undefined;
    return readdirSync(folder).filter((fd) => {
      try {
        return readlinkSync(join(folder, fd)).startsWith('socket:');
      } catch {
        return false;
      }
    }).length;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
