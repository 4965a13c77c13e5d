import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { NetworkNamespaces } from './network-namespaces.js';

describe('three hosts of a network', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let network: NetworkNamespaces<'game' | 'master' | 'asker'> | undefined;
  const running: BeaconryProcess[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((process) => process.kill()));
    network?.close();
    network = undefined;
  });

  const start = (host: 'game' | 'master', config: string): BeaconryProcess => {
    const file = join(folder.path, `${host}.yaml`);
    writeFileSync(file, `data: ./data-${host}\n${config}`);
    const within = network?.host(host).within ?? [];
    const process = new BeaconryProcess(['start', file], { cwd: folder.path, within });
    running.push(process);
    return process;
  };
  const list = async (master: string): Promise<string[]> => {
    const within = network?.host('asker').within ?? [];
    const asking = new BeaconryProcess(['list', '--master', master, '--json'], { within });
    const { stdout, stderr } = await asking.ended;
    if (stdout === '') throw new Error(stderr);
    return (JSON.parse(stdout) as { address: string }[]).map(({ address }) => address);
  };
  const listUntilFound = async (master: string): Promise<string[]> => {
    for (;;) {
      const found = await list(master);
      if (found.length > 0) return found;
    }
  };

  for (const [family, addresses] of Object.entries({
    IPv4: { game: '198.51.100.20', master: '203.0.113.1', asker: '192.0.2.3' },
    IPv6: { game: '2001:db8:1::20', master: '2001:db8:2::1', asker: '2001:db8:3::3' },
  })) {
    it(`registers over ${family} and is listed to a third one with its own address`, async function () {
      NetworkNamespaces.skipUnlessPermitted(this);
      const bits = family === 'IPv4' ? 24 : 64;
      const text = (address: string) => (family === 'IPv4' ? address : `[${address}]`);
      network = new NetworkNamespaces({
        game: [`${addresses.game}/${bits}`],
        master: [`${addresses.master}/${bits}`],
        asker: [`${addresses.asker}/${bits}`],
      });
      const master = `${text(addresses.master)}:27011`;
      await start(
        'master',
        `endpoints: { master: { udp: "${master}" } }\nplugins: { master: {} }\n`,
      ).ready();
      await start(
        'game',
        `endpoints: { game: { udp: "${text(addresses.game)}:27015" } }
plugins: { game-server: {}, a2s: {}, heartbeat: { masters: ["${master}"] } }
`,
      ).ready();
      expect(await listUntilFound(master)).deep.equal([`${text(addresses.game)}:27015`]);
    });
  }
});
