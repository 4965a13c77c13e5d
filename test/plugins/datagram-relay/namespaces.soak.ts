import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { NetworkNamespaces } from '../../network-namespaces/network-namespaces.js';
import { ForwardLab, type ForwardRelay } from './forward-lab.js';

const PORT = 27000;
const STREAM = fileURLToPath(new URL('datagram-stream.js', import.meta.url));
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

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

/** What a program in a namespace prints. */
class HostProgram {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  constructor(within: readonly string[], command: readonly string[]) {
    const [program = '', ...rest] = [...within, ...command];
    this.child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.output += chunk;
    });
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }
  async until(pattern: RegExp): Promise<void> {
    for (let i = 0; i < 200 && !pattern.test(this.output); i++) await wait(25);
    if (!pattern.test(this.output)) throw new Error(`no ${pattern} in: ${this.output}`);
  }
}

describe('relays between hosts of their own', function () {
  this.timeout(90_000);
  let lab: ForwardLab;
  let network: NetworkNamespaces<Host> | undefined;
  const processes: BeaconryProcess[] = [];
  const programs: HostProgram[] = [];
  beforeEach(() => {
    lab = new ForwardLab();
  });
  afterEach(async () => {
    for (const { child } of programs) child.kill('SIGKILL');
    await Promise.all(programs.splice(0).map(({ ended }) => ended));
    await Promise.all(processes.splice(0).map((process) => process.kill()));
    network?.close();
    network = undefined;
    lab.close();
  });

  const within = (host: Host) => network?.host(host).within ?? [];
  const run = (host: Host, ...command: readonly string[]) => {
    const program = new HostProgram(within(host), command);
    programs.push(program);
    return program;
  };
  const tool = (host: Host, ...command: readonly string[]) => {
    const [program = '', ...rest] = [...within(host), ...command];
    return execFileSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const beaconry = (host: Host, args: readonly string[], env = {}) => {
    const process = new BeaconryProcess(args, { cwd: lab.folder, within: within(host), env });
    processes.push(process);
    return process;
  };
  const forward = async (host: Host, args: readonly string[], env = {}) => {
    const process = beaconry(host, ['forward', ...args], env);
    const ended = process.ended.then(({ stderr }) => {
      throw new Error(stderr);
    });
    await Promise.race([process.waitFor(/^beaconry forward ready/m), ended]);
  };

  /** Starts relays, server with its forwarder and echo, and the client's forwarder on 127.0.0.1:27015. */
  const start = async (
    pops: Readonly<Partial<Record<Host, string>>>,
    pings: readonly (readonly [string, string, number])[] = [],
  ) => {
    network = new NetworkNamespaces<Host>(
      Object.fromEntries(
        Object.entries(HOSTS).map(([name, address]) => [name, [`${address}/24`]]),
      ) as Record<Host, string[]>,
    );
    const names = Object.keys(pops) as Host[];
    const relays: ForwardRelay[] = names.map((name) => ({
      ipv4: HOSTS[name],
      port: PORT,
      pop: pops[name] as string,
    }));
    const config = lab.config(relays, [], pings);
    const routeKey = lab.routeKeyFile;
    const started: Partial<Record<Host, BeaconryProcess>> = {};
    for (const name of names) {
      const file = lab.file(
        `${name}.yaml`,
        `data: ./data-${name}
endpoints: { datagrams: { udp: "${HOSTS[name]}:${PORT}" }, http: { http: 127.0.0.1:0 }, admin: { http: 127.0.0.1:0 } }
plugins:
  datagram-relay:
    pop: ${pops[name]}
    publicAddress: "${HOSTS[name]}:${PORT}"
    networkConfig: ${config}
    rootKeys: ["${lab.rootLine}"]
    routeKey: ${routeKey}
`,
      );
      const process = beaconry(name, ['start', file]);
      await process.ready();
      started[name] = process;
    }
    const echo = run('server', process.execPath, STREAM, 'echo', '27015');
    await echo.until(/echo ready/);
    const common = ['--app', '240', '--config', config, '--root', lab.rootLine];
    const hosted = lab.credentials('str:server', 'bbb');
    await forward(
      'server',
      ['server', '--game', '127.0.0.1:27015', '--identity', 'str:server', ...common],
      {
        SDR_LISTEN_PORT: '30000',
        SDR_IP: `${HOSTS.server}:30000`,
        SDR_POPID: 'bbb',
        SDR_PRIVATE_KEY: readFileSync(hosted.key, 'utf8'),
        SDR_CERT: readFileSync(hosted.cert, 'utf8'),
      },
    );
    const player = lab.credentials('str:alice');
    const ticket = lab.ticket(`${HOSTS.server}:30000`);
    const credentials = ['--identity', 'str:alice', '--key', player.key, '--cert', player.cert];
    await wait(1000);
    await forward('client', [
      'client',
      ...['--listen', '127.0.0.1:27015', '--to', 'str:server', '--ticket', ticket],
      ...credentials,
      ...common,
    ]);
    await wait(1500);
    return { started, echo };
  };

  const capture = async (host: Host, file: string) => {
    const program = run(host, 'tcpdump', '-i', 'eth0', '-U', '-w', file, 'udp');
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
    const { started, echo } = await start({ a: 'bbb', b: 'bbb', c: 'bbb' });
    const captures = { client: `${lab.folder}/client.pcap`, server: `${lab.folder}/server.pcap` };
    const clientCapture = await capture('client', captures.client);
    const serverCapture = await capture('server', captures.server);
    const sending = run(
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
    const stream = run('client', process.execPath, STREAM, 'stream', '27015', '17');
    await stream.until(/started/);
    await wait(4000);
    tool('client', 'ip', 'address', 'delete', '6.0.0.1/24', 'dev', 'eth0');
    tool('client', 'ip', 'address', 'add', '6.0.0.77/24', 'dev', 'eth0');
    try {
      tool('client', 'ip', 'route', 'add', 'default', 'dev', 'eth0');
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
