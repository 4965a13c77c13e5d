import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';

const shipped = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../${name}`, import.meta.url)), 'utf8');

describe('commands about configuration', () => {
  const folder = temporaryFolder();
  const run = async (...args: string[]) => new BeaconryProcess(args, { cwd: folder.path }).ended;

  for (const [file, command] of [
    ['beaconry.example.yaml', 'config-example'],
    ['docs/configuration.md', 'config-reference'],
  ] as const) {
    it(`${file} is what ${command} prints; "npm run config" writes it`, async () => {
      expect((await run(command)).stdout).equal(shipped(file));
    });
  }

  it('prints a JSON Schema that names every bundled plugin', async () => {
    const schema = JSON.parse((await run('config-schema')).stdout);
    expect(schema.properties.plugins.properties).include.keys('a2s', 'master', 'heartbeat');
  });

  for (const purpose of ['game-server', 'master', 'community']) {
    it(`init --for ${purpose} writes a file that passes check-config`, async () => {
      const { code, stdout } = await run('init', 'my', '--for', purpose);
      expect(code).equal(0);
      expect(stdout)
        .contain('beaconry start')
        .and.match(/udp: .*127\.0\.0\.1:270/);
      expect(statSync(join(folder.path, 'my/data')).mode & 0o777).equal(0o700);
      const check = await run('check-config', 'my/beaconry.yaml');
      expect(check.stderr).equal('');
      expect(check.code).equal(0);
    });
  }

  it('init leaves an existing file alone', async () => {
    await run('init');
    const before = readFileSync(join(folder.path, 'beaconry.yaml'), 'utf8');
    const again = await run('init', '--for', 'master');
    expect(again.code).equal(1);
    expect(again.stderr).contain('is left as it is');
    expect(readFileSync(join(folder.path, 'beaconry.yaml'), 'utf8')).equal(before);
  });

  it('init names the purposes it knows', async () => {
    const { code, stderr } = await run('init', '--for', 'world-peace');
    expect(code).equal(2);
    expect(stderr).contain('game-server, master');
    expect(existsSync(join(folder.path, 'beaconry.yaml'))).equal(false);
  });

  it('plugins lists what is bundled', async () => {
    const { stdout } = await run('plugins');
    expect(stdout)
      .match(/a2s +\S/)
      .and.match(/master +\S/);
  });
});
