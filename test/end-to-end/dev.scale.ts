import { expect } from 'chai';
import { BeaconryProcess } from './beaconry-process.js';
import { PluginUnderDev } from './plugin-under-dev.js';
import { temporaryFolder } from './temporary-folder.js';

const median = (values: readonly number[]) =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;

describe('beaconry dev, over a working day', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let plugin: PluginUnderDev | undefined;
  let alone: BeaconryProcess | undefined;
  afterEach(async () => {
    await alone?.kill();
    await plugin?.dev.kill('SIGTERM');
  });

  it('says what is wrong with a file that cannot be loaded, and goes on when it is mended', async () => {
    plugin = await PluginUnderDev.start(folder.path);
    plugin.edit('export class', 'export clas');
    await plugin.dev.logged(/the server ended \(78\): waiting for a change/);
    expect(plugin.dev.stderr).match(/greeting\.js|Unexpected/);
    plugin.edit('export clas ', 'export class ');
    await plugin.ready(2);
    expect(await plugin.greet()).equal('Hello, Ann! (1)');
  });

  it('ends with its server on SIGTERM', async () => {
    plugin = await PluginUnderDev.start(folder.path);
    const { code } = await plugin.dev.kill('SIGTERM');
    expect(code).equal(0);
    const answer = await plugin.greet().catch(() => 'nobody answers');
    expect(answer).equal('nobody answers');
  });

  it('is ready again after a change in at most three times what a start takes', async () => {
    plugin = await PluginUnderDev.start(folder.path);
    const starts: number[] = [];
    const restarts: number[] = [];
    for (let round = 0; round < 3; round++) {
      const started = performance.now();
      alone = new BeaconryProcess(
        ['start', 'hello/beaconry.yaml']
          .concat(['--set', `data=${folder.path}/other`])
          .concat(['--set', 'endpoints.admin.http=127.0.0.1:0']),
        { cwd: folder.path },
      );
      await alone.ready();
      starts.push(performance.now() - started);
      await alone.kill('SIGTERM');
      const changed = performance.now();
      plugin.edit(round % 2 === 0 ? '!' : '?', round % 2 === 0 ? '?' : '!');
      await plugin.ready(2 + round);
      restarts.push(performance.now() - changed);
    }
    const ratio = median(restarts) / median(starts);
    console.log(
      `      start ${median(starts).toFixed(0)} ms, restart ${median(restarts).toFixed(0)} ms: ${ratio.toFixed(2)} times`,
    );
    expect(ratio).most(3);
  });
});
