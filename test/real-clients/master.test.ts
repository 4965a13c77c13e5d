import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { queryMasterServer, REGIONS } from 'steam-server-query';
import { MasterWithServers } from '../server-browser/master/inside.js';

const run = promisify(execFile);

/** What quakestat gets from a master, or undefined where it is not installed. */
const quakestatList = async (master: string, options = ''): Promise<string[] | undefined> => {
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-quakestat-'));
  const file = join(folder, 'list');
  try {
    await run('quakestat', [`-stma2s,outfile${options}`, `${master},${file}`], { timeout: 8000 });
    const lines = readFileSync(file, 'utf8').trim();
    return lines === '' ? [] : lines.split('\n').map((line) => line.replace(/^a2s /i, ''));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const loopback = (n: number): PeerAddress => PeerAddress.of(`127.66.${n >> 8}.${n & 255}`, 27015);

describe('master for real clients', () => {
  let master: MasterWithServers;
  const filled = async (count: number): Promise<string[]> => {
    master = await MasterWithServers.start();
    const addresses = Array.from({ length: count }, (_, n) => loopback(n));
    for (const [n, address] of addresses.entries()) {
      master.join(address, {
        gamedir: n % 2 === 0 ? 'cstrike' : 'tf',
        map: n % 3 === 0 ? 'de_dust2' : 'other',
        players: String(n % 5),
        max: '4',
        type: n % 7 === 0 ? 'l' : 'd',
        region: n % 11 === 0 ? '4' : '3',
        secure: n % 2 === 0 ? '1' : '0',
        os: 'l',
        appid: n % 4 === 0 ? '500' : '240',
      });
    }
    return addresses.map(String);
  };
  afterEach(async () => {
    await master.stop();
  });

  describe('steam-server-query', () => {
    it('gets an empty list', async () => {
      await filled(0);
      expect(await queryMasterServer(master.address, REGIONS.ALL)).to.deep.equal([]);
    });

    it('gets every server of several pages once', async () => {
      const addresses = await filled(600);
      const found = await queryMasterServer(master.address, REGIONS.ALL);
      expect(found.toSorted()).to.deep.equal(addresses.toSorted());
    });

    it('gets the servers that pass a filter with a group', async () => {
      const addresses = await filled(300);
      const found = await queryMasterServer(master.address, REGIONS.ALL, {
        gamedir: 'cstrike',
        nor: { map: 'de_dust2', empty: 1 },
      });
      expect(found).to.deep.equal(
        addresses.filter((_, n) => n % 2 === 0 && n % 3 !== 0 && n % 5 === 0),
      );
    });

    it('gets the servers of a region', async () => {
      const addresses = await filled(100);
      const found = await queryMasterServer(master.address, REGIONS.ASIA);
      expect(found).to.deep.equal(addresses.filter((_, n) => n % 11 === 0));
    });
  });

  describe('quakestat', () => {
    const expectList = async (
      test: Mocha.Context,
      expected: readonly string[],
      options?: string,
    ): Promise<void> => {
      const found = await quakestatList(master.address, options);
      if (found === undefined) {
        console.log('skipped: needs qstat');
        test.skip();
      }
      expect(found?.toSorted()).to.deep.equal(expected.toSorted());
    };

    it('gets every server of several pages once, although it asks for them in a broken way', async function () {
      await expectList(this, await filled(600));
    });

    it('gets the servers that pass its filters', async function () {
      const addresses = await filled(300);
      await expectList(
        this,
        addresses.filter(
          (_, n) =>
            n % 2 === 0 &&
            n % 3 === 0 &&
            n % 5 > 0 &&
            n % 5 < 4 &&
            n % 7 !== 0 &&
            n % 4 !== 0 &&
            n % 11 !== 0,
        ),
        ',game=cstrike,map=de_dust2,status=notempty:notfull:dedicated:linux:secure,region=3,napp=500',
      );
    });
  });
});
