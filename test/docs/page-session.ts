import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { freePorts } from '../end-to-end/free-ports.js';
import { type Block, root } from './page-blocks.js';

const run = promisify(execFile);
const main = join(root, 'dist/core/cli/main.js');
/** Ports that pages speak of; each page gets free ones in their place. */
const usualPorts = [
  27015, 27016, 27011, 27010, 8080, 8081, 5002, 3031, 5300, 27060, 27100, 10000, 28015,
];

/** One reader who types what a page shows, block by block, in a folder of his own. */
export class PageSession {
  #ports = new Map<string, string>();
  #running: BeaconryProcess | undefined;

  constructor(private readonly folder: string) {}

  async open(): Promise<void> {
    const free = await freePorts(usualPorts.length, 'both');
    usualPorts.forEach((port, i) => {
      this.#ports.set(String(port), String(free[i]));
    });
    const programs = join(this.folder, '.bin');
    mkdirSync(programs);
    const program = (name: string, lines: string) => {
      writeFileSync(join(programs, name), `#!/bin/sh\n${lines}\n`);
      chmodSync(join(programs, name), 0o755);
    };
    program('beaconry', `exec "${process.execPath}" "${main}" "$@"`);
    program('npx', `shift; exec "${process.execPath}" "${main}" "$@"`);
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(root, join(this.folder, 'node_modules/beaconry'), 'junction');
  }

  async close(): Promise<void> {
    await this.#running?.kill();
  }

  async perform({ about, code }: Block): Promise<void> {
    const [what = '', value = ''] = (about.split(' ')[0] ?? '').split('=');
    switch (what) {
      case 'save': {
        const file = join(this.folder, value);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, this.#withFreePorts(code));
        return;
      }
      case 'restart':
      case 'start': {
        await this.#running?.kill('SIGTERM');
        const words = this.#withFreePorts(code).trim().split(/\s+/);
        const args = words.slice(words.indexOf('beaconry') + 1);
        this.#running = new BeaconryProcess(args, { cwd: this.folder });
        await this.#running.ready();
        return;
      }
      case 'run':
        await run('sh', ['-ec', this.#withFreePorts(code)], {
          cwd: this.folder,
          env: {
            ...process.env,
            NODE_TEST_CONTEXT: undefined,
            PATH: `${join(this.folder, '.bin')}:${process.env.PATH}`,
          },
        });
        return;
      default:
        throw new Error(`nobody knows how to perform "${about}"`);
    }
  }

  #withFreePorts(text: string): string {
    return text.replace(/\b\d{4,5}\b/g, (port) => this.#ports.get(port) ?? port);
  }
}
