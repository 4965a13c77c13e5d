import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readRally } from './definition.js';

export interface HostOptions {
  readonly listen: string;
  readonly http: string;
  readonly master: readonly string[];
  readonly data: string;
  readonly mode: 'live' | 'open';
  readonly password: string;
  readonly bots: string;
}

/** Writes a configuration of its own and runs it like any other. */
export async function host(definition: string, options: HostOptions): Promise<void> {
  const read = readRally(definition);
  const data = resolve(options.data);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, 'beaconry.yaml');
  const masters = options.master.length === 0 ? ['127.0.0.1:27011'] : options.master;
  const config = {
    endpoints: {
      game: { udp: options.listen },
      http: { http: options.http },
      admin: { http: '127.0.0.1:0' },
    },
    data,
    plugins: {
      'game-server': {},
      rules: {},
      a2s: {},
      heartbeat: { masters },
      rally: {
        definition: resolve(definition),
        ...{ mode: options.mode, password: options.password, bots: Number(options.bots) },
        authentication: 'entry-list',
      },
    },
  };
  writeFileSync(file, JSON.stringify(config, null, 1), { mode: 0o600 });
  // The password stands in the file now; as a variable the node would take it for a key of its own.
  const { BEACONRY_RALLY_PASSWORD: _, ...env } = process.env;
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'start', file], {
    stdio: ['inherit', 'pipe', 'inherit'],
    env,
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    process.stdout.write(chunk);
    if (text === '-') return;
    text += chunk;
    const line = /^beaconry ready (\{.*\})$/m.exec(text)?.[1];
    if (line === undefined) return;
    text = '-';
    const { endpoints } = JSON.parse(line) as {
      endpoints: Record<string, { host: string; port: number }[]>;
    };
    const at = (name: string) => `${endpoints[name]?.[0]?.host}:${endpoints[name]?.[0]?.port}`;
    const secret = options.password === '' ? '' : ' +password …';
    process.stdout.write(
      `\n${read.rally.name}: ${read.entries.length} entries\n  join     +connect ${at('game')}${secret}\n  steam    steam://connect/${at('game')}\n  watch    http://${at('http')}/rally/\n  listed   at ${masters.join(', ')}\n`,
    );
  });
  process.exitCode = await new Promise<number>((done) => {
    child.on('exit', (code) => done(code ?? 1));
  });
}
