import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import {
  decodeListPage,
  encodeListRequest,
  LIST_START,
} from '../../server-browser/a2s-query/list-codec.js';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { NetworkNamespaces } from './network-namespaces.js';
import { type GameFacts, RemoteGame } from './remote-game.js';
import { RemoteHost, type RemoteSocket } from './remote-host.js';

export type Host = 'game' | 'master' | 'asker' | 'forger' | 'falseMaster';

export const MASTER = '203.0.113.1';
/** With rules for addresses and ranges. */
export const master = PeerAddress.of(MASTER, 27011);
/** With a public address. */
export const publicMaster = PeerAddress.of(MASTER, 27012);
/** A whole game server of ours, with heartbeats. */
export const whole = '198.51.100.40:27015';
/** An address for each test, since one may hold two servers. */
export const own = {
  verify: 20,
  shutdown: 21,
  forged: 22,
  gone: 23,
  doctor: 24,
  players: 25,
  evict: 27,
  banned: 28,
};
export const at = (n: number): string => `198.51.100.${n}`;
export const clones = [1, 2, 3, 4, 5].map((n) => at(50 + n));
export const token = 'token-of-the-operator';
/** Those who ask for lists. */
export const outside = '192.0.2.3';
export const banned = '192.0.2.4';
export const ofSameRange = '10.9.0.3';
export const ofOtherRange = '192.168.7.3';

const rules = `endpoints: { master: { udp: "${master}" }, admin: { http: 127.0.0.1:8081 } }
management: { token: ${token} }
plugins:
  bans: {}
  master:
    maxPerAddress: 2
    addressMap: { 10.1.0.0/16: 198.51.100.77 }
    allow: [198.51.100.0/24, 10.0.0.0/8]
    deny: [198.51.100.128/25]
`;
const publicRules = `endpoints: { master: { udp: "${publicMaster}" } }
publicAddress: { ipv4: 198.51.100.78 }
plugins: { master: {} }
`;
const wholeGame = `endpoints: { game: { udp: "${whole}" } }
plugins:
  game-server: { name: Whole, modDir: whole }
  a2s: {}
  heartbeat: { masters: ["${master}"], interval: 5s }
`;

/**
 * Two masters, a game server of ours, and sockets of other game servers, of askers and of forgers, each kind on a
 * host of its own.
 */
export class OpenInternet {
  readonly #askers = new Map<string, RemoteSocket>();
  /** One question at a time, since answers do not say whose they are. */
  #answered: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly network: NetworkNamespaces<Host>,
    private readonly hosts: ReadonlyMap<Host, RemoteHost>,
    readonly processes: Readonly<Record<'master' | 'publicMaster' | 'game', BeaconryProcess>>,
    readonly folder: string,
  ) {}

  static async start(): Promise<OpenInternet> {
    const folder = await mkdtemp(join(tmpdir(), 'beaconry-test-'));
    const network = new NetworkNamespaces<Host>({
      game: [
        ...[...Object.values(own), 26, 40, 77, 78, 200].map((n) => `${at(n)}/24`),
        ...clones.map((address) => `${address}/24`),
        ...['10.1.0.20/8', '10.2.0.20/8', '10.3.0.20/8', '203.0.114.20/24'],
      ],
      master: [`${MASTER}/24`],
      asker: [`${outside}/24`, `${banned}/24`, `${ofSameRange}/8`, `${ofOtherRange}/24`],
      forger: ['192.0.2.66/24'],
      falseMaster: ['192.0.2.67/24'],
    });
    for (const n of [own.forged, own.doctor]) network.impersonate('forger', at(n));
    network.impersonate('falseMaster', MASTER);
    const run = (host: Host, name: string, config: string): BeaconryProcess => {
      const file = join(folder, `${name}.yaml`);
      writeFileSync(file, `data: ./data-${name}\nstore: { driver: memory }\n${config}`);
      const { within } = network.host(host);
      return new BeaconryProcess(['start', file], { cwd: folder, within });
    };
    const processes = {
      master: run('master', 'rules', rules),
      publicMaster: run('master', 'public', publicRules),
      game: run('game', 'game', wholeGame),
    };
    const hosts = new Map<Host, RemoteHost>();
    const internet = new OpenInternet(network, hosts, processes, folder);
    try {
      await Promise.all([
        ...Object.values(processes).map((one) => one.ready()),
        ...(['game', 'asker', 'forger', 'falseMaster'] as const).map(async (name) =>
          hosts.set(name, await RemoteHost.start(network.host(name).within)),
        ),
      ]);
      for (const address of [outside, banned, ofSameRange, ofOtherRange]) {
        internet.#askers.set(address, await internet.on('asker').bind(address));
      }
    } catch (error) {
      await internet.stop();
      throw error;
    }
    return internet;
  }

  async stop(): Promise<void> {
    await Promise.all([
      ...Object.values(this.processes).map((process) => process.kill()),
      ...[...this.hosts.values()].map((host) => host.stop()),
    ]);
    this.network.close();
    await rm(this.folder, { recursive: true });
  }

  within(host: Host): readonly string[] {
    return this.network.host(host).within;
  }

  on(name: Host): RemoteHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no agent on ${name}`);
    return host;
  }

  /** A game server on a socket of its own; lists are asked for by its `modDir`. */
  async game(modDir: string, address: string, facts: GameFacts = {}): Promise<RemoteGame> {
    return new RemoteGame(await this.on('game').bind(address), master, {
      ...facts,
      values: { gamedir: modDir, ...facts.values },
    });
  }

  list(filter: string, from = outside, of = master): Promise<string[]> {
    const page = this.#answered.then(() => this.#ask(filter, from, of));
    this.#answered = page.catch(() => {});
    return page;
  }

  listOf(modDir: string, from?: string, of?: PeerAddress): Promise<string[]> {
    return this.list(`\\gamedir\\${modDir}`, from, of);
  }

  /** Asks until the list is as expected; the time limit of the test ends it. */
  async becomes(expected: readonly string[], ...asked: Parameters<typeof this.listOf>) {
    while (JSON.stringify(await this.listOf(...asked)) !== JSON.stringify(expected))
      await pause(50);
  }

  /** Whether the master answers an asker at all. */
  async hears(from: string): Promise<boolean> {
    const asker = this.#askers.get(from);
    asker?.send(encodeListRequest({ region: 255, after: LIST_START, filter: '' }), master);
    return (await asker?.next(() => true, 500)) !== undefined;
  }

  async #ask(filter: string, from: string, of: PeerAddress): Promise<string[]> {
    const asker = this.#askers.get(from);
    asker?.send(encodeListRequest({ region: 255, after: LIST_START, filter }), of);
    const page = await asker?.next(({ bytes }) => bytes[4] === 0x66);
    if (page === undefined) throw new Error('the master gave no list');
    return decodeListPage(page.bytes).servers.map(({ host, port }) => `${host}:${port}`);
  }
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
