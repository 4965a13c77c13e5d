import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { newPlugin } from '../../core/new-plugin/new-plugin.js';
import { BeaconryProcess } from './beaconry-process.js';
import { PluginUnderDev } from './plugin-under-dev.js';
import { temporaryFolder } from './temporary-folder.js';

describe('beaconry dev', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let plugin: PluginUnderDev | undefined;
  afterEach(() => plugin?.dev.kill('SIGTERM'));

  it('starts again when a file changes, and what the plugin keeps in the store stays', async () => {
    plugin = await PluginUnderDev.start(folder.path);
    expect(await plugin.greet()).equal('Hello, Ann! (1)');
    plugin.edit('!', '?');
    await plugin.ready(2);
    expect(await plugin.greet()).equal('Hello, Ann? (2)');
  });

  it('refuses a plugin that the configuration does not enable', async () => {
    newPlugin('hello', { parent: folder.path, language: 'javascript' });
    writeFileSync(join(folder.path, 'other.yaml'), 'plugins: { rules: {} }\n');
    const { code, stderr } = await new BeaconryProcess(['dev', 'hello', '--config', 'other.yaml'], {
      cwd: folder.path,
    }).ended;
    expect(code).equal(2);
    expect(stderr).contain('does not enable hello');
  });
});
