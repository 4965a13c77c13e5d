import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { NetworkNamespaces } from '../../network-namespaces/network-namespaces.js';
import { type HostProgram, RelayHosts, wait } from './relay-hosts.js';

interface Streamed {
  readonly sent: number;
  readonly answers: readonly (readonly [number, number])[];
}

type Host = 'client' | 'a' | 'b' | 'c' | 'server';
const HOSTS = {
  client: '6.0.0.1',
  a: '5.0.0.1',
  b: '5.0.0.2',
  c: '5.0.0.3',
  server: '7.0.0.1',
} as const;

describe('relays between hosts of their own', function () {
  this.timeout(90_000);
  let hosts: RelayHosts<Host> | undefined;
  afterEach(async () => {
    await hosts?.close();
    hosts = undefined;
  });

  const start = async () => {
    hosts = new RelayHosts<Host>(HOSTS);
    const pops = { a: 'bbb', b: 'bbb', c: 'bbb' };
    const config = hosts.config(pops);
    const started = await hosts.relays(pops, config);
    const echo = await hosts.game('server', 'client', config);
    return { hosts, started, echo };
  };

  const capture = async (on: RelayHosts<Host>, host: Host, file: string) => {
    const program = on.run(host, 'tcpdump', '-i', 'eth0', '-U', '-w', file, 'udp');
    await program.until(/listening on/);
    return program;
  };
  const streamed = (program: HostProgram): Streamed =>
    JSON.parse(/^stream (\{.*)$/m.exec(program.output)?.[1] ?? '') as Streamed;
  /** Longest pause between answers that came from `from` to `to` ms. */
  const gap = ({ answers }: Streamed, from: number, to: number) => {
    const times = [from, ...answers.map(([, at]) => at).filter((at) => at >= from && at <= to), to];
    return Math.max(...times.map((at, i) => at - (times[i - 1] ?? at)));
  };
  const lost = ({ answers }: Streamed, from: number, to: number) => {
    const numbers = new Set(answers.map(([number]) => number));
    let missing = 0;
    for (let number = from / 20; number < to / 20; number++) if (!numbers.has(number)) missing++;
    return missing / ((to - from) / 20);
  };

  it('hides both sides, follows a client that moves, and survives a killed and a drained relay', async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    const { hosts: network, started, echo } = await start();
    const { lab } = network;
    const captures = { client: `${lab.folder}/client.pcap`, server: `${lab.folder}/server.pcap` };
    const clientCapture = await capture(network, 'client', captures.client);
    const serverCapture = await capture(network, 'server', captures.server);
    const sending = network.run(
      'client',
      'tcpdump',
      '-i',
      'eth0',
      '-n',
      '-l',
      '-q',
      'udp and greater 140 and dst port 27000',
    );
    await sending.until(/listening on/);
    const primary = () => {
      const lines = sending.output.trim().split('\n').slice(-30);
      const count = (host: Host) =>
        lines.filter((line) => line.includes(`> ${HOSTS[host]}.`)).length;
      const [first = 'a'] = [...(['a', 'b', 'c'] as const)].sort((x, y) => count(y) - count(x));
      return first;
    };
    const stream = await network.stream('client', 17);
    await wait(4000);
    network.tool('client', 'ip', 'address', 'delete', '6.0.0.1/24', 'dev', 'eth0');
    network.tool('client', 'ip', 'address', 'add', '6.0.0.77/24', 'dev', 'eth0');
    try {
      network.tool('client', 'ip', 'route', 'add', 'default', 'dev', 'eth0');
    } catch {
      // The route outlived the address.
    }
    await wait(4000);
    await started[primary()]?.kill();
    await wait(4000);
    await started[primary()]?.kill('SIGTERM');
    await stream.ended;
    const result = streamed(stream);
    const figures = {
      moveGap: gap(result, 3000, 7500),
      moveLoss: lost(result, 3000, 7500),
      killGap: gap(result, 7500, 11_500),
      drainLoss: lost(result, 11_500, 16_500),
    };
    console.log(`      ${JSON.stringify(figures)}`);
    expect(figures.moveGap).below(1000);
    expect(figures.moveLoss).below(0.02);
    expect(figures.killGap).below(2000);
    expect(figures.drainLoss).equal(0);

    clientCapture.child.kill('SIGINT');
    serverCapture.child.kill('SIGINT');
    await Promise.all([clientCapture.ended, serverCapture.ended]);
    const has = (file: string, ...addresses: readonly string[]) => {
      const bytes = readFileSync(file);
      expect(bytes.length).above(100_000);
      return addresses.some((address) =>
        bytes.includes(Buffer.from(address.split('.').map(Number))),
      );
    };
    expect(has(captures.client, HOSTS.server)).equal(false);
    expect(has(captures.server, HOSTS.client, '6.0.0.77')).equal(false);
    expect(echo.output.match(/source 127\.\d+\.\d+\.\d+/g)?.length).equal(1);
  });
});
