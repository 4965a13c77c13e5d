import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Backup } from '../../../core/backup/backup.js';
import { sealBackup, verifyBackup } from '../../../core/backup/backup-file.js';
import { applyBackup } from '../../../core/backup/restore.js';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { SqliteStore } from '../../../core/store/sqlite-store.js';
import type { StoreDriver } from '../../../core/store/store.js';
import { FakeClock } from '../../../core/testing/fake-clock.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';
import { silentLog as log } from '../store/silent-log.js';
import { storeContent } from './store-content.js';

describe('backup and restore', () => {
  const folder = temporaryFolder();
  const clock = new FakeClock();
  const opened: StoreDriver[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  const dataOf = (name: string) => join(folder.path, name);
  const storeFileOf = (name: string) => join(folder.path, name, 'beaconry.db');
  async function open(name: string): Promise<SqliteStore> {
    const file = storeFileOf(name);
    const store = await SqliteStore.open({ file, clock, log, durability: 'normal' });
    opened.push(store);
    return store;
  }
  function backupOf(name: string, store: StoreDriver): Backup {
    const facts = { data: dataOf(name), node: name, version: '0.1.0' };
    return new Backup({ store, storeFile: storeFileOf(name), clock, facts });
  }
  /** A node with some content, and a backup of it. */
  async function written(): Promise<{ store: SqliteStore; file: string }> {
    const store = await open('first');
    for (let i = 0; i < 50; i++)
      await store.namespace('chat').set(`line-${i}`, { text: `no ${i}` });
    await store.namespace('bans').set('local/192.0.2.1', { until: null }, { ttl: 60_000 });
    mkdirSync(join(dataOf('first'), 'keys'));
    writeFileSync(join(dataOf('first'), 'keys/ca'), 'private', { mode: 0o600 });
    writeFileSync(join(dataOf('first'), 'beaconry.lock'), '1');
    const file = join(folder.path, 'backup');
    await backupOf('first', store).write(file, { withKeys: true });
    return { store, file };
  }
  const place = (name: string) => ({ data: dataOf(name), storeFile: storeFileOf(name), log });

  it('gives a second folder equal content, key files included, for its owner alone', async () => {
    const { store, file } = await written();
    mkdirSync(dataOf('second'));
    await applyBackup(file, place('second'));
    await store.close();
    expect(await storeContent(storeFileOf('second'))).deep.equal(
      await storeContent(storeFileOf('first')),
    );
    expect(readFileSync(join(dataOf('second'), 'keys/ca'), 'utf8')).equal('private');
    expect(readdirSync(dataOf('second')).sort()).deep.equal(['beaconry.db', 'keys']);
    for (const path of [file, storeFileOf('second'), join(dataOf('second'), 'keys/ca')]) {
      expect(statSync(path).mode & 0o777, path).equal(0o600);
    }
  });

  it('says what it holds, and from when and where', async () => {
    const { file } = await written();
    expect(await verifyBackup(file)).deep.equal({
      created: new Date(clock.now()).toISOString(),
      version: '0.1.0',
      node: 'first',
      entries: 51,
      files: 1,
    });
  });

  it('leaves keys out when told to', async () => {
    const { store, file } = await written();
    const { files } = await backupOf('first', store).write(file, { withKeys: false });
    expect(files).equal(0);
    expect(readFileSync(file).includes(Buffer.from('private').toString('base64'))).equal(false);
  });

  it('is one moment of a store that is written to meanwhile', async () => {
    const store = await open('first');
    let at = 0;
    let ended = false;
    const writing = (async () => {
      while (!ended) await store.set(`key-${String(at++).padStart(6, '0')}`, 'x'.repeat(500));
    })();
    for (let round = 0; round < 3; round++) {
      while (at < (round + 1) * 40) await new Promise((resolve) => setImmediate(resolve));
      const file = join(folder.path, `backup-${round}`);
      const { entries } = await backupOf('first', store).write(file, { withKeys: true });
      const keys = (await storeContent(file)).map(([, key]) => key);
      expect(keys).deep.equal(keys.map((_, i) => `key-${String(i).padStart(6, '0')}`));
      expect(entries).least((round + 1) * 40 - 1);
    }
    ended = true;
    await writing;
  });

  it('refuses a backup that was cut short, at any length, and leaves the old data', async () => {
    const { file } = await written();
    const other = await open('second');
    await other.set('old', 'data');
    await other.close();
    const before = readFileSync(storeFileOf('second'));
    const whole = statSync(file).size;
    for (let length = 0; length < whole; length += 997) {
      const cut = join(folder.path, 'cut');
      copyFileSync(file, cut);
      truncateSync(cut, length);
      const code = await applyBackup(cut, place('second')).then(
        () => 'applied',
        (error) => error.code,
      );
      expect(code, `${length} of ${whole} bytes`).equal('BACKUP_DAMAGED');
    }
    expect(readFileSync(storeFileOf('second')).equals(before)).equal(true);
    expect(readdirSync(dataOf('second'))).deep.equal(['beaconry.db']);
  });

  it('never takes over content in which a byte was changed', async () => {
    const { file, store } = await written();
    await store.close();
    const content = await storeContent(storeFileOf('first'));
    const bytes = readFileSync(file);
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 101) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x11;
      const bad = join(folder.path, 'bad');
      writeFileSync(bad, changed);
      const verified = await verifyBackup(bad).then(
        () => true,
        () => false,
      );
      // A byte that no page uses may be anything.
      if (verified) expect(await storeContent(bad), `byte ${at}`).deep.equal(content);
      else refused++;
    }
    expect(refused).greaterThan(20);
  });

  it('refuses what is no backup: other files, a bare store, one of a newer program', async () => {
    const { store, file } = await written();
    const codeOf = (path: string) =>
      verifyBackup(path).then(
        () => 'fine',
        (error) => error.code,
      );
    writeFileSync(join(folder.path, 'text'), 'hello');
    expect(await codeOf(join(folder.path, 'text'))).equal('BACKUP_DAMAGED');
    expect(await codeOf(join(folder.path, 'nowhere'))).equal('NO_BACKUP');
    await store.set('kept in the journal', 1);
    expect(await codeOf(storeFileOf('first'))).equal('BACKUP_DAMAGED');
    expect(existsSync(`${storeFileOf('first')}-wal`)).equal(true);
    const newer = readFileSync(file);
    newer.writeUInt32BE(99, 60);
    writeFileSync(join(folder.path, 'newer'), newer);
    expect(await codeOf(join(folder.path, 'newer'))).equal('STORE_TOO_NEW');
  });

  it('writes nowhere but below the data folder, whatever a backup says', async () => {
    for (const path of ['../outside', '/tmp/outside', 'a/../../b', 'C:\\x', 'a/b/c/d/e/f/g/h/i']) {
      const store = await open('first');
      const copy = join(folder.path, 'copy');
      await store.backup(copy);
      const files = [{ path, bytes: Buffer.from('x') }];
      await sealBackup(copy, { created: new Date(0), version: '1', node: 'n', files });
      mkdirSync(dataOf('second'), { recursive: true });
      const failed = await applyBackup(copy, place('second')).catch((error) => error);
      expect(failed.code, path).equal('BACKUP_DAMAGED');
      expect(readdirSync(dataOf('second')), path).deep.equal([]);
    }
  });

  it('can be taken back, with what was there before', async () => {
    const { file } = await written();
    const other = await open('second');
    await other.set('old', 'data');
    await other.close();
    mkdirSync(join(dataOf('second'), 'keys'));
    writeFileSync(join(dataOf('second'), 'keys/ca'), 'old key');
    const takeBack = await applyBackup(file, place('second'));
    expect((await storeContent(storeFileOf('second'))).length).equal(51);
    takeBack();
    expect((await storeContent(storeFileOf('second'))).map(([, key]) => key)).deep.equal(['old']);
    expect(readFileSync(join(dataOf('second'), 'keys/ca'), 'utf8')).equal('old key');
  });

  it('says what to do for a store that it cannot copy', async () => {
    const failed = await backupOf('first', new MemoryStore(clock))
      .write(join(folder.path, 'x'), { withKeys: true })
      .catch((error) => error);
    expect(failed.code).equal('STORE_BACKUP');
  });
});
