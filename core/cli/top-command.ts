import type { Command } from 'commander';
import { type NodeOptions, RunningNode, withNodeOptions } from './running-node.js';
import { type TopSample, topReport } from './top-report.js';

/** Milliseconds between two looks. */
const interval = 1000;
const clearScreen = '\u001b[H\u001b[2J';
const sourcesShown = 10;

/** Adds `top`: what a running node does now. */
export function addTopCommand(program: Command): void {
  const command = program
    .command('top')
    .description('plugins, endpoints, refusals and heaviest sources of a running node, live');
  withNodeOptions(command)
    .option('--once', 'print once and end')
    .action(async (options: NodeOptions & { once?: true }) => {
      const node = RunningNode.find(options);
      let before: TopSample | undefined;
      for (;;) {
        const sample = await sampleOf(node);
        const live = options.once !== true && process.stdout.isTTY;
        process.stdout.write(`${live ? clearScreen : ''}${topReport(sample, before)}`);
        if (options.once) return;
        before = sample;
        await new Promise((resolve) => setTimeout(resolve, interval));
      }
    });
}

async function sampleOf(node: RunningNode): Promise<TopSample> {
  const items = async <T>(path: string): Promise<readonly T[]> =>
    (await node.get<{ items: readonly T[] }>(`/v1/admin/${path}`)).items;
  const [plugins, endpoints, top, metrics] = await Promise.all([
    items<TopSample['plugins'][number]>('plugins'),
    items<TopSample['endpoints'][number]>('endpoints'),
    items<TopSample['top'][number]>(`top?limit=${sourcesShown}`),
    node.text('/metrics'),
  ]);
  return { at: performance.now(), plugins, endpoints, top, metrics };
}
