import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ServerError } from '../../../core/errors.js';
import { newPlugin } from '../../../core/new-plugin/new-plugin.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';
import { runPluginTests } from './run-plugin-tests.js';

describe('beaconry new-plugin', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();

  it('writes a plugin whose tests are green, with nothing but the host beside it', async () => {
    const { folder: plugin, linked } = newPlugin('last-seen', {
      parent: folder.path,
      language: 'javascript',
    });
    expect(linked).equal(true);
    expect(await runPluginTests(plugin)).deep.equal({ passed: 5, failed: 0 });
  });

  it('leaves no word of the template in what it writes', () => {
    const { folder: plugin, files } = newPlugin('last-seen', {
      parent: folder.path,
      language: 'javascript',
    });
    expect(files).include.members(['.gitignore', '.github/workflows/test.yml', 'README.md']);
    for (const file of files) {
      expect(readFileSync(join(plugin, file), 'utf8'), file).not.match(
        /new-plugin-name|NewPluginName|HOST_VERSION/,
      );
    }
  });

  it('refuses a name that no plugin can have, and a folder that is there, and writes nothing', async () => {
    const write = (name: string) => () =>
      newPlugin(name, { parent: folder.path, language: 'javascript' });
    for (const name of ['Last', 'last_seen', '../x', '', '-x', 'a'.repeat(41)]) {
      expect(write(name), name).throw(ServerError, 'cannot be the name of a plugin');
    }
    expect(write('relay')).throw(ServerError, 'is a bundled plugin');
    expect(readdirSync(folder.path)).deep.equal([]);
    mkdirSync(join(folder.path, 'here'));
    expect(write('here')).throw(ServerError, 'exists and is left as it is');
  });
});
