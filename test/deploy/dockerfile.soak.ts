import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { needsRegistry } from '../end-to-end/needs-registry.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { dockerStages, type Stage, textsOf } from './dockerfile.js';
import { root } from './unit-file.js';

const run = promisify(execFile);

/** Runs the rest alone: nothing of the system can be written but DATA, which is NOBODY's, and the network is its own. */
const confined = `
  mount -o remount,bind,ro / && mount -t tmpfs -o mode=0700,uid=65534,gid=65534 tmpfs "$DATA" || exit 1
  ! touch "$PWD/written" || exit 1
  ip link set lo up
  exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all "$@"
`;

/** Docker is not needed: each step is done by hand, in folders in place of those of the image. */
describe('the steps of the Dockerfile', function () {
  this.timeout(600_000);
  const folder = temporaryFolder();
  const at = (path: string) => join(folder.path, path);
  let server: BeaconryProcess | undefined;
  afterEach(() => server?.kill());

  /** What `COPY . .` would copy. */
  async function copyContext(to: string): Promise<void> {
    const { stdout } = await run('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
      cwd: root,
    });
    for (const path of stdout
      .split('\0')
      .filter((one) => existsSync(join(root, one)) && one !== '')) {
      mkdirSync(dirname(join(to, path)), { recursive: true });
      cpSync(join(root, path), join(to, path));
    }
  }

  /** COPY and RUN in their order; paths of the image become paths below the folder. */
  async function perform(
    stage: Stage,
    env: Record<string, string>,
    passedOver: RegExp,
    context: Mocha.Context,
  ): Promise<void> {
    const here = (text: string) =>
      text.replace(/(?<=^|\s)\/(?=source|beaconry|data)/g, `${folder.path}/`);
    const cwd = at('source');
    for (const { name, text } of stage.instructions) {
      if (name === 'COPY' && text === '. .') await copyContext(cwd);
      else if (name === 'COPY') {
        const words = text.split(' ');
        const to = join(cwd, words.at(-1) ?? '');
        mkdirSync(to, { recursive: true });
        for (const path of words.slice(0, -1))
          cpSync(join(root, path), join(to, path.split('/').at(-1) ?? ''));
      } else if (name === 'RUN') {
        for (const command of text.replace(/--mount=\S+ */, '').split(' && ')) {
          if (passedOver.test(command)) continue;
          await run('sh', ['-c', here(command)], { cwd, env: { ...process.env, ...env } }).catch(
            (error) => {
              if (needsRegistry(error)) return context.skip();
              throw new Error(`${command}: ${error}`);
            },
          );
        }
      }
    }
  }

  it('give a program that runs without rights on a system that cannot be written', async function () {
    const [build, image] = dockerStages() as [Stage, Stage];
    mkdirSync(at('source'));
    await perform(build, { npm_config_prefer_offline: 'true' }, /^$/, this);
    expect(readdirSync(folder.path)).include('beaconry.tgz');
    // The cache is the one of this machine, and the account `node` is of the image.
    await perform(
      image,
      { npm_config_prefix: at('usr') },
      /^npm cache clean|^chown node:node/,
      this,
    );

    if (process.getuid?.() !== 0) {
      console.log('      skipped: needs root for a system that cannot be written');
      this.skip();
    }
    chmodSync(folder.path, 0o755);
    mkdirSync(at('etc'));
    const config = at('etc/beaconry.yaml');
    writeFileSync(
      config,
      `endpoints: { admin: { http: 127.0.0.1:8081 }, http: { http: 0.0.0.0:8080 }, game: { udp: 0.0.0.0:27015 } }
plugins: { game-server: {}, rules: {}, a2s: {}, browser: {}, steam-backend: {} }
`,
    );
    const [entry] = textsOf(image, 'ENTRYPOINT').map((text) => JSON.parse(text) as string[]);
    const [args] = textsOf(image, 'CMD').map((text) => JSON.parse(text) as string[]);
    expect(entry).deep.equal(['beaconry']);
    const env = { BEACONRY_DATA: at('data'), NODE_ENV: 'production', DATA: at('data') };
    server = new BeaconryProcess(
      (args ?? []).map((one) => one.replace('/etc/beaconry', at('etc'))),
      {
        ...{ cwd: folder.path, main: at('usr/bin/beaconry'), env },
        within: ['unshare', '-mn', 'sh', '-c', confined, 'sh'],
      },
    );
    const { pid, endpoints } = await server.ready();
    expect(endpoints.game?.[0]?.port).equal(27015);
    // Fails unless the node says that it is ready.
    const [health = ''] = textsOf(image, 'HEALTHCHECK');
    const [node, ...check] = JSON.parse(/CMD (\[.*\])$/.exec(health)?.[1] ?? '[]') as string[];
    expect(node).equal('node');
    await run('nsenter', ['--target', String(pid), '--net', process.execPath, ...check]);
    const ended = await server.kill(
      /SIG\w+/.exec(textsOf(image, 'STOPSIGNAL')[0] ?? '')?.[0] as 'SIGTERM',
    );
    expect(ended.code, ended.stderr).equal(0);
    expect(ended.stderr).contain('Read-only file system').and.not.contain('"level":50');
  });
});
