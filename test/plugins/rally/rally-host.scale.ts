import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registrations } from 'beaconry/plugins/master';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { writeOneStage } from './one-stage-rally.js';

const CLI = fileURLToPath(new URL('../../../core/cli/main.js', import.meta.url));

describe('rally host and rally drive', function () {
  this.timeout(180_000);
  let folder: string;
  let master: TestServer;
  const processes: ChildProcess[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-host-'));
    writeOneStage(join(folder, 'sprint'), { name: 'Sprint', kilometres: 0.05 });
    master = await startTestServer({
      real: true,
      plugins: { master: { verify: 'off', allowLoopback: true } },
    });
  });
  after(async () => {
    for (const one of processes) one.kill();
    await master?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const child = spawn(process.execPath, [CLI, 'rally', ...words], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    processes.push(child);
    let text = '';
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const says = (wanted: RegExp) =>
      new Promise<string>((resolve, reject) => {
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          const found = wanted.exec(text)?.[1];
          if (found !== undefined) resolve(found);
        });
        child.once('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
      });
    return { child, says, ended };
  };
  const host = (name: string) => {
    const words = ['host', join(folder, 'sprint'), '--data', join(folder, name)];
    const env = { BEACONRY_RALLY_PASSWORD: `secret of ${name}`.replaceAll(' ', '-') };
    return run([...words, '--master', `${master.address('master')}`], env);
  };
  const drive = (number: number, ...words: string[]) =>
    run(['drive', '--definition', join(folder, 'sprint'), '--number', `${number}`, ...words]);

  it('hosts two at once, listed at the master; a driver drives to the end, the wrong password does not', async () => {
    const hosts = [host('one'), host('two')];
    const joins = await Promise.all(hosts.map(({ says }) => says(/steam:\/\/connect\/(\S+)/)));
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      if (master.get(Registrations).size === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const listed = master
      .get(Registrations)
      .list('')
      .map(({ address }) => `${address}`);
    expect(listed).to.have.members(joins);

    const wrong = drive(1, '+connect', joins[0] ?? '', '+password', 'guessed');
    expect(await wrong.says(/refused: (.*)\n/)).to.equal('password');
    expect(await wrong.ended).to.equal(1);

    // As one word, which is how some launchers hand it over.
    const driver = drive(2, `+connect ${joins[1]} +password secret-of-two`);
    expect(Number(await driver.says(/Sprint finish (\S+) s/))).to.be.within(1, 4);
    expect(await driver.ended).to.equal(0);

    for (const { child } of hosts) child.kill('SIGTERM');
    expect(await Promise.all(hosts.map(({ ended }) => ended))).to.deep.equal([0, 0]);
  });
});
