import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listingSteps } from 'beaconry/plugins/master';
import { FakeClock, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { AuditLog } from '../../../core/admin/audit-log.js';
import { SystemClock } from '../../../core/clock.js';
import { checkCertificates } from '../../../core/doctor/certificate-checks.js';
import { examine } from '../../../core/doctor/doctor.js';
import type { Finding } from '../../../core/doctor/doctor-check.js';
import { checkClock } from '../../../core/doctor/store-checks.js';
import { SqliteStore } from '../../../core/store/sqlite-store.js';
import master from '../../../server-browser/master/index.js';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { freePorts } from '../../end-to-end/free-ports.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';
import { silentLog } from '../store/silent-log.js';

const shipped = (name: string) =>
  fileURLToPath(new URL(`../../../../fixtures/keys/${name}`, import.meta.url));

describe('doctor', () => {
  const folder = temporaryFolder();
  const file = () => join(folder.path, 'beaconry.yaml');
  const write = (endpoints: string, plugins = '{ rules: {} }', rest = '') =>
    writeFileSync(file(), `endpoints: ${endpoints}\nplugins: ${plugins}\n${rest}\n`);
  const data = (name = ''): string => join(folder.path, 'data', name);
  const look = async (): Promise<Finding[]> => {
    const findings: Finding[] = [];
    for await (const finding of examine({ path: file() })) findings.push(finding);
    return findings;
  };
  /** What is not well, as `check: text - remedy`. */
  const complaints = async (): Promise<string[]> =>
    (await look())
      .filter(({ well }) => !well)
      .map(({ check, text, remedy }) => `${check}: ${text} - ${remedy}`);

  beforeEach(() => {
    mkdirSync(data(), { mode: 0o700 });
    write('{ game: { udp: 127.0.0.1:0 } }');
  });

  it('finds nothing in a folder that is as it should be, and ends with code 0', async () => {
    expect(await complaints()).deep.equal([]);
    const { code, stdout } = await new BeaconryProcess(['doctor'], { cwd: folder.path }).ended;
    expect(code).equal(0);
    expect(stdout)
      .match(/^ok {4}configuration /m)
      .and.match(/all is well\n$/);
  });

  it('ends with code 1 when something is wrong, with one line and its remedy', async () => {
    chmodSync(data(), 0o755);
    const { code, stdout } = await new BeaconryProcess(['doctor'], { cwd: folder.path }).ended;
    expect(code).equal(1);
    expect(stdout).contain(`(0755) - chmod 0700 ${data()}\n`);
  });

  it('names every problem of the configuration, and looks at the rest all the same', async () => {
    write('{ game: { udp: 127.0.0.1:0 } }', '{ rules: { nonsense: 1 }, nobody: {} }');
    chmodSync(data(), 0o750);
    const found = await complaints();
    expect(found.filter((text) => text.startsWith('configuration: '))).have.lengthOf(2);
    expect(found.some((text) => text.startsWith('files: '))).equal(true);
  });

  it('finds a token and private keys that other accounts can read', async () => {
    writeFileSync(data('management.token'), 'token', { mode: 0o644 });
    mkdirSync(data('keys'));
    writeFileSync(data('keys/ca'), '-----BEGIN OPENSSH PRIVATE KEY-----\n', { mode: 0o640 });
    writeFileSync(data('keys/ca.pub'), 'ssh-ed25519 AAAA', { mode: 0o644 });
    for (const name of ['management.token', 'keys/ca']) chmodSync(data(name), 0o644);
    const found = await complaints();
    expect(found).have.lengthOf(2);
    expect(found[0]).contain(`chmod 0600 ${data('management.token')}`);
    expect(found[1]).contain(`chmod 0600 ${data('keys/ca')}`);
  });

  it('finds a token file that is missing', async () => {
    write('{ game: { udp: 127.0.0.1:0 } }', '{ rules: {} }', 'management: { tokenFile: ./gone }');
    expect((await complaints())[0]).contain('gone is missing');
  });

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`finds a ${protocol} port that another program holds`, async () => {
      const socket = protocol === 'udp' ? createSocket('udp4') : createServer();
      if ('bind' in socket) socket.bind(0, '127.0.0.1');
      else socket.listen(0, '127.0.0.1');
      await once(socket, 'listening');
      const { port } = socket.address() as AddressInfo;
      try {
        write(`{ game: { ${protocol}: 127.0.0.1:${port} } }`);
        expect((await complaints())[0])
          .contain(`game ${protocol} 127.0.0.1:${port}`)
          .and.contain('another program holds this port');
      } finally {
        socket.close();
      }
    });
  }

  it('finds an address that this machine does not have', async () => {
    write('{ game: { udp: 192.0.2.1:27015 } }');
    expect((await complaints())[0]).contain('this machine has no such address');
  });

  it('finds a store that does not open', async () => {
    writeFileSync(
      data('beaconry.db'),
      'this is no database, and long enough to look like one'.repeat(99),
    );
    expect((await complaints())[0]).match(/^store: the sqlite store does not open/);
  });

  it('finds a clock that was never set, and one that was set back', async () => {
    expect(checkClock(new FakeClock(Date.UTC(1970, 0, 1))).well).equal(false);
    const ahead = new FakeClock(Date.now() + 3_600_000);
    const path = data('beaconry.db');
    const store = await SqliteStore.open({
      file: path,
      clock: ahead,
      log: silentLog,
      durability: 'normal',
    });
    await new AuditLog(store.namespace('audit'), ahead, 1e9).write({ by: 'x', source: 'cli' }, {});
    await store.close();
    expect((await complaints())[0]).match(/^clock: .*yet to come/);
  });

  describe('of endpoints with TLS', () => {
    const pair = { cert: 'localhost-cert.pem', key: 'localhost-key.pem' };
    const place = (mode = 0o600) => {
      for (const name of Object.values(pair)) copyFileSync(shipped(name), join(folder.path, name));
      chmodSync(join(folder.path, pair.key), mode);
      write(`{ lobby: { tcp: 127.0.0.1:0, tls: { cert: ${pair.cert}, key: ${pair.key} } } }`);
    };
    const judge = async (now: number) => {
      const tls = { cert: shipped(pair.cert), key: shipped(pair.key) };
      const endpoint = { name: 'lobby', protocol: 'tcp', binds: [], shared: false, tls } as const;
      const found: Finding[] = [];
      for await (const finding of checkCertificates([endpoint], now)) found.push(finding);
      return found[0];
    };

    it('finds a certificate that cannot be read, and a key that is open', async () => {
      place(0o644);
      writeFileSync(join(folder.path, pair.cert), 'nonsense');
      const found = await complaints();
      expect(found[0]).contain(`chmod 0600 ${join(folder.path, pair.key)}`);
      expect(found[1]).match(/^certificates: endpoint lobby: certificate or key cannot be read/);
    });

    it('finds a key that belongs to another certificate', async () => {
      place();
      execFileSync('openssl', [
        'genpkey',
        '-algorithm',
        'ed25519',
        '-out',
        join(folder.path, pair.key),
      ]);
      chmodSync(join(folder.path, pair.key), 0o600);
      expect((await complaints())[0]).contain('is not that of the certificate');
    });

    it('finds a certificate that ended, ends soon, or is not valid yet', async () => {
      const { X509Certificate } = await import('node:crypto');
      const certificate = new X509Certificate(readFileSync(shipped(pair.cert)));
      const from = Date.parse(certificate.validFrom);
      const until = Date.parse(certificate.validTo);
      expect((await judge(until + 1))?.text).contain('ended on');
      expect((await judge(until - 3 * 86_400_000))?.text).contain('ends soon');
      expect((await judge(from - 1))?.text).contain('not valid yet');
      expect((await judge(until - 30 * 86_400_000))?.well).equal(true);
    });
  });

  describe('of masters', () => {
    let test: TestServer | undefined;
    const plugins = (address: string) =>
      `{ game-server: {}, heartbeat: { masters: ['${address}'] } }`;
    afterEach(async () => {
      await test?.stop();
      test = undefined;
    });

    it('sees that a master asks back at the port of the game', async () => {
      test = await startTestServer({ plugins: { master: {} }, atHand: { master }, real: true });
      const [port] = await freePorts(1, 'udp');
      write(`{ game: { udp: 127.0.0.1:${port} } }`, plugins(String(test.address('master'))));
      const found = (await look()).find(({ check }) => check === 'reachability');
      expect(found?.well).equal(true);
      expect(found?.text).contain(`asked back, at port ${port} of this machine`);
    });

    it('answers the questions of the table of servers that are not listed, by the names of its rows', async () => {
      test = await startTestServer({ plugins: { master: {} }, atHand: { master }, real: true });
      const heartbeat = (section: string) =>
        write('{ game: { udp: 127.0.0.1:0 } }', `{ game-server: {}, heartbeat: ${section} }`);
      const answers = async () => {
        const rows = Object.keys(listingSteps);
        const found = (await look()).filter(({ check }) => rows.includes(check));
        return found.map(({ check, well }) => `${check} ${well ? 'yes' : 'no'}`);
      };
      heartbeat(`{ masters: ['${test.address('master')}'] }`);
      expect(await answers()).deep.equal([
        ...['masters yes', 'reachability yes', 'challenge yes', 'rate yes'],
      ]);
      heartbeat('{ masters: [], interval: 1s }');
      expect(await answers()).deep.equal(['masters no', 'rate no']);
      heartbeat('{ masters: [nobody.invalid:27011], interval: 10m }');
      expect(await answers()).deep.equal(['masters no', 'heartbeats no']);
      const asked = Object.entries(listingSteps).filter(([, { answeredBy }]) =>
        answeredBy.includes('doctor'),
      );
      expect(asked.map(([step]) => step)).deep.equal([
        ...['masters', 'reachability', 'challenge', 'rate', 'heartbeats'],
      ]);
    });

    it('finds one that is silent', async () => {
      const silent = createSocket('udp4').bind(0, '127.0.0.1');
      await once(silent, 'listening');
      try {
        write('{ game: { udp: 127.0.0.1:0 } }', plugins(`127.0.0.1:${silent.address().port}`));
        expect((await complaints())[0]).match(
          /^reachability: master 127.0.0.1:\d+ .* does not answer/,
        );
      } finally {
        silent.close();
      }
    });
  });

  describe('beside a running node', () => {
    let node: BeaconryProcess | undefined;
    afterEach(() => node?.kill());

    it('sees its ports as bound and leaves its store to it', async () => {
      const [admin] = await freePorts(1, 'tcp');
      const [game] = await freePorts(1, 'udp');
      const endpoints = `{ admin: { http: 127.0.0.1:${admin} }, game: { udp: 127.0.0.1:${game} } }`;
      write(endpoints, '{ game-server: {}, a2s: {} }');
      node = new BeaconryProcess(['start'], { cwd: folder.path });
      await node.ready();
      const found = await look();
      expect(found.filter(({ well }) => !well)).deep.equal([]);
      expect(found.filter(({ text }) => text.includes('bound by the running node'))).have.lengthOf(
        2,
      );
      expect(found.some(({ check, text }) => check === 'node' && text.includes('ready'))).equal(
        true,
      );
    });

    it('finds an endpoint that was added since it started', async () => {
      const [admin] = await freePorts(1, 'tcp');
      const [game] = await freePorts(1, 'udp');
      write(`{ admin: { http: 127.0.0.1:${admin} } }`);
      node = new BeaconryProcess(['start'], { cwd: folder.path });
      await node.ready();
      write(`{ admin: { http: 127.0.0.1:${admin} }, game: { udp: 127.0.0.1:${game} } }`);
      expect((await complaints())[0]).contain(
        'is not bound by the running node - restart the node',
      );
    });
  });
});

describe('SystemClock', () => {
  it('passes the look at the clock', () => {
    expect(checkClock(new SystemClock()).well).equal(true);
  });
});
