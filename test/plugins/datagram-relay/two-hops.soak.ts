import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import { NetworkNamespaces } from '../../network-namespaces/network-namespaces.js';
import { RelayHosts, wait } from './relay-hosts.js';

const PROXY = fileURLToPath(new URL('delay-proxy.js', import.meta.url));
type Host = 'client' | 'between' | 'a' | 'b' | 'server';
const HOSTS = {
  client: '6.0.0.1',
  between: '6.0.0.2',
  a: '5.0.0.1',
  b: '5.0.0.2',
  server: '7.0.0.1',
} as const;

describe('a way over two relays', function () {
  this.timeout(240_000);
  let hosts: RelayHosts<Host> | undefined;
  afterEach(async () => {
    await hosts?.close();
    hosts = undefined;
  });

  it('is taken within 20 s when the direct front is 60 ms slower, and left when it is not any more', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    hosts = new RelayHosts<Host>(HOSTS);
    const pops = { a: 'aaa', b: 'bbb' };
    const config = hosts.config(pops, [['aaa', 'bbb', 20]]);
    await hosts.relays(pops, config);
    const proxy = hosts.run('between', process.execPath, PROXY, '27000', HOSTS.b, '27000');
    await proxy.until(/proxy ready/);
    // What the player sends to relay b goes by the host between, and back.
    hosts.tool('client', 'nft', 'add table ip way');
    hosts.tool('client', 'nft', 'add chain ip way output { type nat hook output priority -100 ; }');
    hosts.tool(
      'client',
      'nft',
      `add rule ip way output ip daddr ${HOSTS.b} udp dport 27000 dnat to ${HOSTS.between}:27000`,
    );
    await hosts.game('server', 'client', config);
    // The player's packets of the game: 100 bytes of payload and 35 of ours.
    const seen = hosts.run(
      'client',
      ...['tcpdump', '-i', 'eth0', '-n', '-l', '-q', 'udp and src host 6.0.0.1 and greater 150 and dst port 27000'],
    );
    await seen.until(/listening on/);
    const onward = hosts.run(
      'a',
      ...['tcpdump', '-i', 'eth0', '-n', '-l', '-q', `src host ${HOSTS.a} and dst host ${HOSTS.b} and greater 150`],
    );
    await onward.until(/listening on/);
    const way = () => {
      const lines = seen.output.trim().split('\n').slice(-20);
      const by = (address: string) => lines.filter((line) => line.includes(`> ${address}.`)).length;
      return by(HOSTS.a) > by(HOSTS.between) ? 'two relays' : 'one relay';
    };
    /** Seconds until the way is as wanted. */
    const until = async (wanted: string): Promise<number> => {
      const start = Date.now();
      while (way() !== wanted && Date.now() - start < 45_000) await wait(100);
      return (Date.now() - start) / 1000;
    };
    const stream = await hosts.stream('client', 120);
    await wait(3000);
    await until('one relay');
    expect(way()).equal('one relay');
    proxy.child.stdin?.write('30\n');
    await proxy.until(/delay 30/);
    const there = await until('two relays');
    await wait(5000);
    expect(way()).equal('two relays');
    expect(onward.output.trim().split('\n').length).above(100);
    proxy.child.stdin?.write('0\n');
    await proxy.until(/delay 0/);
    const back = await until('one relay');
    console.log(`      ${JSON.stringify({ there, back })}`);
    expect(there).below(20);
    expect(back).below(30);
    await stream.ended;
    const { sent, answers } = JSON.parse(/^stream (\{.*)$/m.exec(stream.output)?.[1] ?? '{}') as {
      sent: number;
      answers: unknown[];
    };
    console.log(`      ${JSON.stringify({ sent, answered: answers.length })}`);
    expect(answers.length).above(sent * 0.99);
  });
});
