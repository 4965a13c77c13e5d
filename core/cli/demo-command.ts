import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { packageRoot } from '../package-info.js';
import type { ReadyReport } from '../ready-report.js';
import { runServer } from './server-process.js';
import { setOption } from './set-option.js';

/** Adds `demo`: the bundled configuration, with its data in this folder. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('run the bundled demo on loopback, with its data under ./data')
    .addOption(setOption())
    .option('--ready-file <file>', 'write the ready report there when everything is bound')
    .action(async ({ set, readyFile }: { set: readonly string[]; readyFile?: string }) => {
      await runServer({
        source: {
          path: fileURLToPath(new URL('demo/beaconry.yaml', packageRoot)),
          env: process.env,
          set: [`data=${JSON.stringify(resolve('data'))}`, ...set],
        },
        ...(readyFile === undefined ? {} : { readyFile }),
        onReady: (report) => process.stdout.write(whatToTry(report)),
      });
    });
}

function whatToTry(report: ReadyReport): string {
  const at = (name: string) => {
    const bound = report.endpoints[name]?.[0];
    return bound === undefined ? undefined : `${bound.host}:${bound.port}`;
  };
  const lines: (readonly [string, string | undefined, (address: string) => string])[] = [
    ['the server list as a page', at('http'), (address) => `http://${address}/`],
    ['the rally of its game server', at('http'), (address) => `http://${address}/rally/`],
    ['the list for programs', at('http'), (address) => `http://${address}/v1/servers`],
    ['ask the game server', at('game'), (address) => `npx beaconry query ${address}`],
    ['ask the master server', at('master'), (address) => `npx beaconry list --master ${address}`],
  ];
  const shown = lines.flatMap(([what, address, show]) =>
    address === undefined ? [] : [`  ${what.padEnd(28)} ${show(address)}`],
  );
  return `\nThe demo is running, on this machine only. Try:\n${shown.join('\n')}\n  ${'stop'.padEnd(28)} Ctrl-C\n\n`;
}
