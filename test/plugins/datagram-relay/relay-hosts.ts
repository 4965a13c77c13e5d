import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DirectMode } from '../../../plugins/coordinator/sdr/network-config-codec.js';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { type HostAddresses, NetworkNamespaces } from '../../network-namespaces/network-namespaces.js';
import { ForwardLab, type ForwardRelay } from './forward-lab.js';

export const RELAY_PORT = 27000;
const STREAM = fileURLToPath(new URL('datagram-stream.js', import.meta.url));
export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What a program in a namespace prints. */
export class HostProgram {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  constructor(within: readonly string[], command: readonly string[]) {
    const [program = '', ...rest] = [...within, ...command];
    this.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.output += chunk;
    });
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }
  async until(pattern: RegExp): Promise<void> {
    for (let i = 0; i < 1200 && !pattern.test(this.output); i++) await wait(25);
    if (!pattern.test(this.output)) throw new Error(`no ${pattern} in: ${this.output}`);
  }
}

/** Relays, a game server with its forwarder and players on hosts of their own. */
export class RelayHosts<Name extends string> {
  readonly lab = new ForwardLab();
  readonly network: NetworkNamespaces<Name>;
  readonly #processes: BeaconryProcess[] = [];
  readonly #programs: HostProgram[] = [];

  constructor(readonly addresses: Readonly<Record<Name, string>>, more: Partial<HostAddresses<Name>> = {}) {
    const single = Object.entries<string>(addresses).map(([name, address]) => [
      name,
      [`${address}/24`],
    ]);
    this.network = new NetworkNamespaces<Name>({
      ...(Object.fromEntries(single) as Record<Name, string[]>),
      ...more,
    });
  }

  async close(): Promise<void> {
    for (const { child } of this.#programs) child.kill('SIGKILL');
    await Promise.all(this.#programs.map(({ ended }) => ended));
    await Promise.all(this.#processes.map((process) => process.kill()));
    this.network.close();
    this.lab.close();
  }

  #within(host: Name): readonly string[] {
    return this.network.host(host).within;
  }

  /** A program that goes on. */
  run(host: Name, ...command: readonly string[]): HostProgram {
    const program = new HostProgram(this.#within(host), command);
    this.#programs.push(program);
    return program;
  }

  /** A program that ends; gives what it prints. */
  tool(host: Name, ...command: readonly string[]): string {
    const [program = '', ...rest] = [...this.#within(host), ...command];
    return execFileSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  beaconry(host: Name, args: readonly string[], env = {}): BeaconryProcess {
    const process = new BeaconryProcess(args, {
      cwd: this.lab.folder,
      within: this.#within(host),
      env,
    });
    this.#processes.push(process);
    return process;
  }

  async forward(host: Name, args: readonly string[], env = {}): Promise<void> {
    const process = this.beaconry(host, ['forward', ...args], env);
    const ended = process.ended.then(({ stderr }) => {
      throw new Error(stderr);
    });
    await Promise.race([process.waitFor(/^beaconry forward ready/m), ended]);
  }

  config(
    pops: Readonly<Partial<Record<Name, string>>>,
    pings: readonly (readonly [string, string, number])[] = [],
    mode: DirectMode = 'relay',
  ): string {
    const relays: ForwardRelay[] = (Object.keys(pops) as Name[]).map((name) => ({
      ipv4: this.addresses[name],
      port: RELAY_PORT,
      pop: pops[name] as string,
    }));
    return this.lab.config(relays, [], pings, 'bbb', mode);
  }

  /** A relay per host, each of a POP. `more` are lines of further plugins. */
  async relays(
    pops: Readonly<Partial<Record<Name, string>>>,
    config: string,
    more = '',
    endpoints = '',
  ): Promise<Partial<Record<Name, BeaconryProcess>>> {
    const started: Partial<Record<Name, BeaconryProcess>> = {};
    const routeKey = this.lab.routeKeyFile;
    for (const name of Object.keys(pops) as Name[]) {
      const address = `${this.addresses[name]}:${RELAY_PORT}`;
      const file = this.lab.file(
        `${name}.yaml`,
        `data: ./data-${name}
endpoints: { datagrams: { udp: "${address}" }, http: { http: 127.0.0.1:0 }, admin: { http: 127.0.0.1:0 }${endpoints} }
plugins:
  datagram-relay:
    pop: ${pops[name]}
    publicAddress: "${address}"
    networkConfig: ${config}
    rootKeys: ["${this.lab.rootLine}"]
    routeKey: ${routeKey}
${more}`,
      );
      const process = this.beaconry(name, ['start', file]);
      await process.ready();
      started[name] = process;
    }
    return started;
  }

  /** An echo game behind a server forwarder, and a player's forwarder on 127.0.0.1:27015. */
  async game(server: Name, client: Name, config: string): Promise<HostProgram> {
    const { lab } = this;
    const echo = this.run(server, process.execPath, STREAM, 'echo', '27015');
    await echo.until(/echo ready/);
    const common = ['--app', '240', '--config', config, '--root', lab.rootLine];
    const hosted = lab.credentials('str:server', 'bbb');
    const game = ['--game', '127.0.0.1:27015', '--identity', 'str:server'];
    await this.forward(server, ['server', ...game, ...common], {
      SDR_LISTEN_PORT: '30000',
      SDR_IP: `${this.addresses[server]}:30000`,
      SDR_POPID: 'bbb',
      SDR_PRIVATE_KEY: readFileSync(hosted.key, 'utf8'),
      SDR_CERT: readFileSync(hosted.cert, 'utf8'),
    });
    const player = lab.credentials('str:alice');
    const ticket = lab.ticket(`${this.addresses[server]}:30000`);
    const credentials = ['--identity', 'str:alice', '--key', player.key, '--cert', player.cert];
    await wait(1000);
    const to = ['--listen', '127.0.0.1:27015', '--to', 'str:server', '--ticket', ticket];
    await this.forward(client, ['client', ...to, ...credentials, ...common]);
    await wait(1500);
    return echo;
  }

  /** 50 packets a second through the player's forwarder. */
  async stream(client: Name, seconds: number): Promise<HostProgram> {
    const stream = this.run(client, process.execPath, STREAM, 'stream', '27015', `${seconds}`);
    await stream.until(/started/);
    return stream;
  }
}
