import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { SystemClock } from '../../../core/clock.js';
import { openStore } from '../../../core/store/open-store.js';
import type { Migration } from '../../../core/store/sqlite-format.js';
import { loadSqlite } from '../../../core/store/sqlite-library.js';
import { SqliteStore, type SqliteStoreOptions } from '../../../core/store/sqlite-store.js';
import { FakeClock } from '../../../core/testing/fake-clock.js';
import { describeStore, refused } from './conformance.js';
import { silentLog } from './silent-log.js';

const fixture = fileURLToPath(new URL('../../../../fixtures/store/format-1.db', import.meta.url));
const writer = fileURLToPath(new URL('./acknowledging-writer.js', import.meta.url));

describe('SqliteStore', () => {
  let folder: string;
  let file: string;
  const opened: SqliteStore[] = [];
  const open = async (
    clock = new FakeClock(),
    more: Partial<SqliteStoreOptions> = {},
  ): Promise<SqliteStore> => {
    const options = { file, clock, log: silentLog, durability: 'normal' as const, ...more };
    const store = await SqliteStore.open(options);
    opened.push(store);
    return store;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-store-'));
    file = join(folder, 'data', 'test.db');
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    rmSync(folder, { recursive: true });
  });

  describe('as a store', () => describeStore((clock) => open(clock)));

  it('keeps its file and its folder from other users', async () => {
    const store = await open();
    await store.set('a', 1);
    expect(statSync(join(folder, 'data')).mode & 0o777).to.equal(0o700);
    for (const name of [file, `${file}-wal`, `${file}-shm`]) {
      expect(statSync(name).mode & 0o777, name).to.equal(0o600);
    }
  });

  it('finds everything again when opened again', async () => {
    const first = await open(undefined, { durability: 'full' });
    await first.namespace('a').namespace('b').set('k', { n: 1 });
    await first.close();
    const second = await open();
    expect(await second.namespace('a').namespace('b').get('k')).to.deep.equal({ n: 1 });
  });

  it('leaves one self-contained file when closed', async () => {
    const store = await open();
    await store.set('a', 1);
    await store.close();
    expect(readdirSync(join(folder, 'data'))).to.deep.equal(['test.db']);
  });

  it('commits the operations of one tick together, and acknowledges none before', async () => {
    const store = await open();
    const other = await open();
    const acknowledged: number[] = [];
    const writes = [1, 2, 3].map((n) =>
      store.set(`k${n}`, n).then(() => {
        acknowledged.push(n);
      }),
    );
    await Promise.resolve();
    expect(acknowledged).to.deep.equal([]);
    expect(await other.scan('k')).to.deep.equal([]);
    await writes[0];
    expect(await other.scan('k')).to.have.length(3);
  });

  it('rejects every operation of a transaction that fails, and works on', async () => {
    const store = await open(undefined, { maxBytes: 300_000 });
    await store.set('kept', 1);
    const large = 'x'.repeat(100_000);
    const results = await Promise.allSettled([
      store.set('lost', 1),
      ...[1, 2, 3].map((n) => store.set(`large${n}`, large)),
    ]);
    const [first] = results;
    expect(first).to.have.nested.property('reason.code', 'STORE_FAILED');
    expect((first as PromiseRejectedResult).reason.message)
      .to.include(file)
      .and.include('free space');
    expect(store.health()).to.include('full');
    expect(await store.get('lost')).to.equal(undefined);
    expect(await store.get('kept')).to.equal(1);
    await store.set('kept', 2);
    expect(store.health()).to.equal(undefined);
  });

  it('deletes expired entries from the file in bounded batches', async () => {
    const clock = new FakeClock();
    const store = await open(clock);
    await Promise.all(Array.from({ length: 2500 }, (_, i) => store.set(`k${i}`, i, { ttl: 10 })));
    await store.set('stays', 1);
    const counted = async () => {
      const { DatabaseSync } = await loadSqlite();
      const database = new DatabaseSync(file);
      const row = database.prepare('SELECT count(*) AS count FROM entry').get();
      database.close();
      return (row as { count: number }).count;
    };
    await clock.advance(10_000);
    expect(await counted()).to.equal(1501);
    await clock.advance(200);
    expect(await counted()).to.equal(1);
  });

  describe('backup', () => {
    it('writes a complete copy that only its owner reads', async () => {
      const store = await open();
      const copy = join(folder, 'copy.db');
      const pending = store.set('a', 1);
      await store.backup(copy);
      await pending;
      expect(statSync(copy).mode & 0o777).to.equal(0o600);
      const restored = await open(undefined, { file: copy });
      expect(await restored.get('a')).to.equal(1);
    });

    it('replaces an older copy and leaves nothing else behind', async () => {
      const store = await open();
      const copy = join(folder, 'copy.db');
      await store.backup(copy);
      await store.set('a', 1);
      await store.backup(copy);
      expect(existsSync(`${copy}.partial`)).to.equal(false);
      const restored = await open(undefined, { file: copy });
      expect(await restored.get('a')).to.equal(1);
    });

    it('names the file when it cannot write it', async () => {
      const store = await open();
      const target = join(folder, 'nowhere', 'copy.db');
      const error = await refused('STORE_COPY', store.backup(target));
      expect(error.message).to.include(target);
    });
  });

  describe('formats', () => {
    const upperCase: Migration = {
      doc: 'values of namespace motd in upper case',
      run: (database) =>
        database.exec("UPDATE entry SET value = upper(value) WHERE namespace = 'motd'"),
    };

    beforeEach(async () => {
      await (await open()).close();
      copyFileSync(fixture, file);
    });

    it('opens a file of format 1', async () => {
      const store = await open();
      expect(await store.namespace('motd').get('text')).to.equal('Welcome');
      expect(await store.namespace('master').namespace('servers').scan('')).to.deep.equal([
        ['127.0.0.1:27015', { name: 'One', players: 3 }],
        ['127.0.0.1:27016', { name: 'Zwei ü', players: 0 }],
      ]);
      expect(await store.namespace('master').get('expired')).to.equal(undefined);
    });

    it('migrates an older file forward and leaves a verified copy beside it', async () => {
      const store = await open(undefined, { migrations: [upperCase] });
      expect(await store.namespace('motd').get('text')).to.equal('WELCOME');
      await store.close();
      const copy = `${file}.format-1.bak`;
      expect(statSync(copy).mode & 0o777).to.equal(0o600);
      const before = await open(undefined, { file: copy });
      expect(await before.namespace('motd').get('text')).to.equal('Welcome');
      const again = await open(undefined, { migrations: [upperCase] });
      expect(await again.namespace('motd').get('text')).to.equal('WELCOME');
    });

    it('leaves an older file as it was when its migration fails', async () => {
      const failing: Migration = {
        doc: 'fails half-way',
        run: (database) => {
          upperCase.run(database);
          database.exec('no sql');
        },
      };
      await refused('STORE_OPEN', open(undefined, { migrations: [failing] }));
      const store = await open();
      expect(await store.namespace('motd').get('text')).to.equal('Welcome');
    });

    it('refuses a newer file with both numbers and leaves it alone', async () => {
      await (await open(undefined, { migrations: [upperCase] })).close();
      const error = await refused('STORE_TOO_NEW', open());
      expect(error.message).to.include('format 2').and.include('up to 1');
      const store = await open(undefined, { migrations: [upperCase] });
      expect(await store.namespace('motd').get('text')).to.equal('WELCOME');
    });

    it('runs the steps for a new file too', async () => {
      file = join(folder, 'new.db');
      await (await open(undefined, { migrations: [upperCase] })).close();
      await refused('STORE_TOO_NEW', open());
    });
  });

  it('refuses the database of another program', async () => {
    const { DatabaseSync } = await loadSqlite();
    file = join(folder, 'foreign.db');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE bookmark (url TEXT)');
    database.close();
    await refused('STORE_FOREIGN', open());
  });

  it('names the file when it is no database', async () => {
    file = join(folder, 'text.db');
    writeFileSync(
      file,
      'This is no database, but it is long enough to be looked at as one.\n'.repeat(20),
    );
    const error = await refused('STORE_OPEN', open());
    expect(error.message).to.include(file);
  });

  it('has lost no acknowledged write after kill -9', async () => {
    const child = spawn(process.execPath, ['--no-warnings', writer, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 200) child.kill('SIGKILL');
    }
    expect((await ended)[1]).to.equal('SIGKILL');
    const store = await open(new FakeClock(new SystemClock().now()));
    for (const key of acknowledged) expect(await store.get(key), key).to.equal(`value of ${key}`);
    expect(acknowledged.length).to.be.at.least(200);
  });
});

describe('openStore', () => {
  const config = { path: 'test.db', durability: 'normal' as const };
  const options = { clock: new FakeClock(), log: silentLog };

  it('opens the configured driver below the data folder', async () => {
    const data = mkdtempSync(join(tmpdir(), 'beaconry-store-'));
    const sqlite = await openStore({ ...config, driver: 'sqlite' }, { ...options, data });
    expect(sqlite.name).to.equal('sqlite');
    expect(existsSync(join(data, 'test.db'))).to.equal(true);
    await sqlite.close();
    const memory = await openStore({ ...config, driver: 'memory' }, { ...options, data });
    expect(memory.name).to.equal('memory');
    await memory.close();
    rmSync(data, { recursive: true });
  });

  it('refuses redis without a URL', async () => {
    await refused(
      'STORE_URL',
      openStore({ ...config, driver: 'redis' }, { ...options, data: '.' }),
    );
  });
});
