import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { type HostAddresses, NetworkNamespaces } from './network-namespaces.js';

const run = promisify(execFile);
type Name = 'game' | 'master' | 'asker' | 'forger';

describe('the open internet', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let network: NetworkNamespaces<Name> | undefined;
  const running: BeaconryProcess[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((process) => process.kill()));
    network?.close();
    network = undefined;
  });

  const within = (host: Name) => network?.host(host).within ?? [];
  const connect = (hosts: Partial<HostAddresses<Name>>): void => {
    const usual = {
      game: ['198.51.100.20/24'],
      master: ['203.0.113.1/24'],
      asker: ['192.0.2.3/24'],
      forger: ['192.0.2.66/24'],
    };
    network = new NetworkNamespaces<Name>({ ...usual, ...hosts });
  };
  const start = (host: Name, config: string): BeaconryProcess => {
    const file = join(folder.path, `${host}.yaml`);
    writeFileSync(file, `data: ./data-${host}\n${config}`);
    const options = { cwd: folder.path, within: within(host) };
    const process = new BeaconryProcess(['start', file], options);
    running.push(process);
    return process;
  };
  const startMaster = async (address = '203.0.113.1', core = '', keys = '{}') => {
    const master = start(
      'master',
      `${core}endpoints: { master: { udp: "${address}:27011" } }\nplugins: { master: ${keys} }\n`,
    );
    await master.ready();
    return master;
  };
  const startGame = async (address: string, master = '203.0.113.1', plugins = 'a2s: {}, ') => {
    const game = start(
      'game',
      `endpoints: { game: { udp: "${address}:27015" } }
plugins: { game-server: {}, ${plugins}heartbeat: { masters: ["${master}:27011"] } }
`,
    );
    await game.ready();
    return game;
  };
  const list = async (host: Name = 'asker', master = '203.0.113.1'): Promise<string[]> => {
    const asking = new BeaconryProcess(['list', '--master', `${master}:27011`, '--json'], {
      within: within(host),
    });
    const { stdout, stderr } = await asking.ended;
    if (stdout === '') throw new Error(stderr);
    return (JSON.parse(stdout) as { address: string }[]).map(({ address }) => address);
  };
  /** Asks until the list is as expected; the time limit of the test ends it. */
  const listIs = async (expected: readonly string[], host?: Name): Promise<void> => {
    for (;;) {
      if (JSON.stringify(await list(host)) === JSON.stringify(expected)) return;
    }
  };
  /** Sends from an address that belongs to somebody else. */
  const forge = async (source: string, port: number, to: string, toPort: number, hex: string) => {
    network?.impersonate('forger', source);
    const script = `const s = require('node:dgram').createSocket('udp4');
      s.bind(${port}, '${source}', () =>
        s.send(Buffer.from('${hex}', 'hex'), ${toPort}, '${to}', () => s.close()));`;
    const [program, ...parameters] = [...within('forger'), process.execPath, '-e', script];
    await run(program as string, parameters);
  };

  it('a forged shutdown hides a server only until it answered, and the next one does nothing', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    connect({});
    await startMaster();
    await startGame('198.51.100.20');
    await listIs(['198.51.100.20:27015']);
    for (let i = 0; i < 3; i++) {
      await forge('198.51.100.20', 27015, '203.0.113.1', 27011, '620a');
      await listIs(['198.51.100.20:27015']);
    }
  });

  it('a forged restart request of the master, without the challenge of the join, does nothing', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    connect({});
    await startMaster();
    const game = await startGame('198.51.100.20');
    await listIs(['198.51.100.20:27015']);
    await forge('203.0.113.1', 27011, '198.51.100.20', 27015, 'ffffffff4f01000000');
    await listIs(['198.51.100.20:27015']);
    expect(game.stderr).not.contain('asks this game server to update');
  });

  it('a server that does not answer INFO is not listed', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    connect({});
    await startMaster();
    const game = await startGame('198.51.100.20', '203.0.113.1', '');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await list()).deep.equal([]);
    expect(game.stderr).equal('');
  });

  it('a private server is listed to its own range only, and the log says which key to set', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    connect({ game: ['10.0.0.20/8'], forger: ['10.0.0.66/8'] });
    const master = await startMaster();
    await startGame('10.0.0.20');
    await listIs(['10.0.0.20:27015'], 'forger');
    expect(await list('asker')).deep.equal([]);
    await master.logged(/publicAddress\.ipv4, or addressMap: \{ 10\.0\.0\.0\/8: ADDRESS \}/);
  });

  it('a private server with a mapping is listed to everybody at the mapped address', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    connect({ game: ['10.0.0.20/8', '198.51.100.20/24'] });
    await startMaster(
      '203.0.113.1',
      '',
      '{ verify: off, addressMap: { 10.0.0.0/8: 198.51.100.20 } }',
    );
    await startGame('10.0.0.20');
    await listIs(['198.51.100.20:27015']);
  });
});
