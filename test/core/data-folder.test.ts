import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { takeDataFolder } from '../../core/data-folder.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';

describe('takeDataFolder', () => {
  const folder = temporaryFolder();
  const lock = () => join(folder.path, 'data', 'beaconry.lock');
  const take = () => takeDataFolder(join(folder.path, 'data'));

  it('makes the folder, marks it as taken and gives it back', () => {
    const release = take();
    expect(readFileSync(lock(), 'utf8')).match(new RegExp(`^${process.pid}\\b`));
    release();
    expect(existsSync(lock())).equal(false);
  });

  it('refuses a folder that a living process holds, and names it', async () => {
    take()();
    const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20000)']);
    writeFileSync(lock(), `${other.pid}\n`);
    expect(take).throw(`running process ${other.pid}`).with.property('code', 'DATA_IN_USE');
    const ended = new Promise((resolve) => other.once('close', resolve));
    other.kill('SIGKILL');
    await ended;
    take()();
  });

  it('takes over from a process that was killed, also when its number was given away again', () => {
    take()();
    writeFileSync(lock(), `${process.ppid} 1\n`);
    const release = take();
    expect(readFileSync(lock(), 'utf8')).match(new RegExp(`^${process.pid}\\b`));
    release();
  });

  it('names the key when the folder cannot be written to', () => {
    writeFileSync(join(folder.path, 'data'), 'a file');
    expect(take)
      .throw(/^data: cannot write/)
      .with.property('code', 'DATA_FOLDER');
  });
});
