import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { NetworkNamespaces } from '../../network-namespaces/network-namespaces.js';
import { RelayHosts, wait } from './relay-hosts.js';

const PEER = fileURLToPath(new URL('peer-host.js', import.meta.url));
type Host = 'alice' | 'bob' | 'gateA' | 'gateB' | 'a' | 'b';
const HOSTS = {
  alice: '10.1.0.2',
  bob: '10.2.0.2',
  gateA: '6.0.0.1',
  gateB: '6.0.0.2',
  a: '5.0.0.1',
  b: '5.0.0.2',
} as const;

describe('two peers behind NATs', function () {
  this.timeout(150_000);
  let hosts: RelayHosts<Host> | undefined;
  afterEach(async () => {
    await hosts?.close();
    hosts = undefined;
  });

  /** A gateway with masquerade, and the player's host behind it. */
  const hide = (
    on: RelayHosts<Host>,
    player: 'alice' | 'bob',
    gate: 'gateA' | 'gateB',
    nat: string,
  ) => {
    const inside = HOSTS[player].replace(/2$/, '1');
    const sysctl = (host: Host, ...settings: string[]) =>
      on.tool(host, 'sysctl', '-qw', ...settings.map((one) => `net.ipv4.${one}`));
    // Inside and outside are one link here: nobody may be told of a shorter way.
    sysctl(gate, 'ip_forward=1', 'conf.all.send_redirects=0', 'conf.eth0.send_redirects=0');
    sysctl(player, 'conf.all.accept_redirects=0', 'conf.eth0.accept_redirects=0');
    on.tool(player, 'ip', 'route', 'replace', 'default', 'via', inside, 'dev', 'eth0');
    for (const line of [
      'add table ip gate',
      'add chain ip gate nat { type nat hook postrouting priority 100 ; }',
      `add rule ip gate nat ip saddr ${HOSTS[player]} ip protocol udp masquerade ${nat}`,
      `add rule ip gate nat ip saddr ${HOSTS[player]} masquerade`,
      // What nobody asked for is dropped, as a home router does.
      'add chain ip gate input { type filter hook input priority 0 ; }',
      'add rule ip gate input ip protocol udp ct state new drop',
    ]) {
      on.tool(gate, 'nft', line);
    }
  };

  const meet = async (nat: string) => {
    hosts = new RelayHosts<Host>(HOSTS, {
      gateA: ['6.0.0.1/24', '10.1.0.1/24'],
      gateB: ['6.0.0.2/24', '10.2.0.1/24'],
    });
    const pops = { a: 'bbb', b: 'bbb' };
    const config = hosts.config(pops, [], 'punch');
    const more = '  signaling: { requireAuth: false, allowUnauthenticated: true }\n';
    await hosts.relays({ a: 'bbb' }, config, more, `, signaling: { tcp: "${HOSTS.a}:7000" }`);
    await hosts.relays({ b: 'bbb' }, config);
    hide(hosts, 'alice', 'gateA', nat);
    hide(hosts, 'bob', 'gateB', nat);
    const peer = (on: RelayHosts<Host>, name: 'alice' | 'bob', ...to: string[]) => {
      const { key, cert } = on.lab.credentials(`str:${name}`);
      const own = [`str:${name}`, key, cert, config, on.lab.rootLine, `${HOSTS.a}:7000`, ...to];
      return on.run(name, process.execPath, PEER, ...own);
    };
    const bob = peer(hosts, 'bob');
    await bob.until(/peer ready/);
    const capture = hosts.run('gateA', 'tcpdump', '-i', 'eth0', '-n', '-l', '-q', 'udp');
    await capture.until(/listening on/);
    const alice = peer(hosts, 'alice', 'str:bob');
    await alice.until(/peer ready/);
    await wait(12_000);
    const last = alice.output.trim().split('\n').at(-1) ?? '';
    const [, state, way, answered] = /^state (\d) way (.*) answered (\d+)$/.exec(last) ?? [];
    const direct = capture.output.match(/6\.0\.0\.1\.\d+ > 6\.0\.0\.2\.\d+/g)?.length ?? 0;
    console.log(`      ${JSON.stringify({ last, direct, of: alice.output.slice(0, 200) })}`);
    return { state, way, answered: Number(answered), direct };
  };

  it('reach each other directly where the NAT keeps one port for all', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    const { state, way, answered, direct } = await meet('');
    expect([state, way]).deep.equal(['3', 'direct']);
    expect(answered).above(30);
    expect(direct).above(30);
  });

  it('stay with the relays where the NAT takes a port for each target', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    const { state, way, answered, direct } = await meet('fully-random');
    expect(state).equal('3');
    expect(way).match(/^5\.0\.0\.[12]:27000$/);
    expect(answered).above(30);
    expect(direct).equal(0);
  });
});
