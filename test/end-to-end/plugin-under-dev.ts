import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newPlugin } from '../../core/new-plugin/new-plugin.js';
import { BeaconryProcess } from './beaconry-process.js';
import { freePorts } from './free-ports.js';

/** A new plugin under `beaconry dev`, and the command that asks it. */
export class PluginUnderDev {
  private constructor(
    readonly dev: BeaconryProcess,
    readonly folder: string,
    private readonly admin: number,
  ) {}

  static async start(parent: string): Promise<PluginUnderDev> {
    const { folder } = newPlugin('hello', { parent, language: 'javascript' });
    const [admin = 0] = await freePorts(1, 'tcp');
    const config = join(folder, 'beaconry.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace('8081', String(admin)));
    const dev = new BeaconryProcess(['dev', 'hello'], { cwd: parent });
    await dev.ready();
    return new PluginUnderDev(dev, folder, admin);
  }

  async greet(): Promise<string> {
    const token = readFileSync(join(this.folder, 'data/management.token'), 'utf8').trim();
    const url = `http://127.0.0.1:${this.admin}/v1/admin/commands/hello-greet`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ texts: { who: 'Ann' } }),
    });
    return ((await response.json()) as { result: string }).result;
  }

  edit(from: string, to: string): void {
    const file = join(this.folder, 'greeting.js');
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  }

  /** Waits until it was ready so many times since it was started. */
  ready(times: number): Promise<unknown> {
    return this.dev.waitFor(new RegExp(`(?:^beaconry ready [^\\n]*\\n[^]*?){${times}}`, 'm'));
  }
}
