import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import {
  decodeListPage,
  encodeListRequest,
  LIST_START,
} from '../../server-browser/a2s-query/list-codec.js';
import { encodeEchoRequest, isEchoAnswer } from '../../server-browser/master/echo-codec.js';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { NetworkNamespaces } from './network-namespaces.js';
import { type GameFacts, RemoteGame } from './remote-game.js';
import { RemoteHost, type RemoteSocket } from './remote-host.js';

const run = promisify(execFile);
type Name = 'game' | 'master' | 'asker' | 'forger' | 'falseMaster';

const MASTER = '203.0.113.1';
/** With rules for addresses and ranges. */
const master = PeerAddress.of(MASTER, 27011);
/** With a public address. */
const publicMaster = PeerAddress.of(MASTER, 27012);
/** A whole game server of ours, with heartbeats. */
const whole = '198.51.100.40:27015';
/** One for each test, since an address may hold two servers. */
const own = {
  verify: 20,
  shutdown: 21,
  forged: 22,
  gone: 23,
  doctor: 24,
  players: 25,
  evict: 27,
  banned: 28,
};
const at = (n: number): string => `198.51.100.${n}`;
const clones = [1, 2, 3, 4, 5].map((n) => `198.51.100.${50 + n}`);
const token = 'token-of-the-operator';
const outside = '192.0.2.3';
const banned = '192.0.2.4';
const ofSameRange = '10.9.0.3';
const ofOtherRange = '192.168.7.3';

/** Rules of the open internet, each on the wire: server, master, asker and forger are hosts of their own. */
describe('on the open internet', function () {
  this.timeout(30_000);
  let network: NetworkNamespaces<Name> | undefined;
  let folder = '';
  let processes: Record<'master' | 'publicMaster' | 'game', BeaconryProcess> | undefined;
  let leaving: Promise<RemoteGame> | undefined;
  const hosts = new Map<Name, RemoteHost>();
  const askers = new Map<string, RemoteSocket>();

  before(async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    folder = await mkdtemp(join(tmpdir(), 'beaconry-test-'));
    network = new NetworkNamespaces<Name>({
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
    processes = {
      master: start(
        'master',
        'rules',
        `endpoints: { master: { udp: "${master}" }, admin: { http: 127.0.0.1:8081 } }
management: { token: ${token} }
plugins:
  bans: {}
  master:
    maxPerAddress: 2
    addressMap: { 10.1.0.0/16: 198.51.100.77 }
    allow: [198.51.100.0/24, 10.0.0.0/8]
    deny: [198.51.100.128/25]
`,
      ),
      publicMaster: start(
        'master',
        'public',
        `endpoints: { master: { udp: "${publicMaster}" } }
publicAddress: { ipv4: 198.51.100.78 }
plugins: { master: {} }
`,
      ),
      game: start(
        'game',
        'game',
        `endpoints: { game: { udp: "${whole}" } }
plugins:
  game-server: { name: Whole, modDir: whole }
  a2s: {}
  heartbeat: { masters: ["${master}"], interval: 5s }
`,
      ),
    };
    const starting = (['game', 'asker', 'forger', 'falseMaster'] as const).map(async (name) =>
      hosts.set(name, await RemoteHost.start(within(name))),
    );
    await Promise.all([...Object.values(processes).map((one) => one.ready()), ...starting]);
    for (const address of [outside, banned, ofSameRange, ofOtherRange]) {
      askers.set(address, await on('asker').bind(address));
    }
    leaving = leave();
    // Told by the test that waits for it.
    leaving.catch(() => {});
  });

  after(async () => {
    await Promise.all([
      ...Object.values(processes ?? {}).map((process) => process.kill()),
      ...[...hosts.values()].map((host) => host.stop()),
    ]);
    network?.close();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  const within = (host: Name) => network?.host(host).within ?? [];
  const start = (host: Name, name: string, config: string): BeaconryProcess => {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, `data: ./data-${name}\nstore: { driver: memory }\n${config}`);
    return new BeaconryProcess(['start', file], { cwd: folder, within: within(host) });
  };
  const on = (name: Name): RemoteHost => {
    const host = hosts.get(name);
    if (host === undefined) throw new Error(`no agent on ${name}`);
    return host;
  };
  /** A game server on a socket of its own; lists are asked for by its `modDir`. */
  const game = async (
    modDir: string,
    address: string,
    facts: GameFacts = {},
    to = master,
  ): Promise<RemoteGame> =>
    new RemoteGame(await on('game').bind(address), to, {
      ...facts,
      values: { gamedir: modDir, ...facts.values },
    });
  /** One question at a time, since answers do not say whose they are. */
  let answered: Promise<unknown> = Promise.resolve();
  const list = (...asked: Parameters<typeof ask>): Promise<string[]> => {
    const page = answered.then(() => ask(...asked));
    answered = page.catch(() => {});
    return page;
  };
  const ask = async (filter: string, from = outside, of = master): Promise<string[]> => {
    const asker = askers.get(from);
    asker?.send(encodeListRequest({ region: 255, after: LIST_START, filter }), of);
    const page = await asker?.next(({ bytes }) => bytes[4] === 0x66);
    if (page === undefined) throw new Error('the master gave no list');
    return decodeListPage(page.bytes).servers.map(({ host, port }) => `${host}:${port}`);
  };
  const listOf = (modDir: string, from?: string, of?: PeerAddress) =>
    list(`\\gamedir\\${modDir}`, from, of);
  /** Asks until the list is as expected; the time limit of the test ends it. */
  const becomes = async (
    expected: readonly string[],
    ...asked: Parameters<typeof listOf>
  ): Promise<void> => {
    for (;;) {
      if (JSON.stringify(await listOf(...asked)) === JSON.stringify(expected)) return;
      await pause(50);
    }
  };
  /** Signs off, answers nothing, and is silent for longer than the master's patience, beside the other tests. */
  const leave = async (): Promise<RemoteGame> => {
    const server = await (await game('gone', at(own.gone))).join();
    await becomes([server.address], 'gone');
    server.answers = false;
    server.say({ kind: 'shutdown' });
    await becomes([], 'gone');
    await pause(11_500);
    return server;
  };
  /** Lets what is on its way arrive. */
  const settle = () => pause(300);

  it('publicAddress: a server of the private network is asked and listed there, for everybody', async () => {
    const asked = await on('game').bind('198.51.100.78', 27115);
    const joining = await on('game').bind('10.3.0.20', 27115);
    const facts = { values: { gamedir: 'public' } };
    const server = await new RemoteGame(joining, publicMaster, facts, asked).join();
    await becomes([asked.address], 'public', outside, publicMaster);
    expect(await listOf('public', ofSameRange, publicMaster)).deep.equal([asked.address]);
    expect(server.questions).equal(1);
  });

  it('addressMap: a server of the range is asked and listed at the mapped address, for everybody', async () => {
    const asked = await on('game').bind('198.51.100.77', 27116);
    const joining = await on('game').bind('10.1.0.20', 27116);
    await new RemoteGame(joining, master, { values: { gamedir: 'mapped' } }, asked).join();
    await becomes([asked.address], 'mapped');
  });

  it('without a mapping a private server is listed to its own range only, and the log says which key to set', async () => {
    const server = await (await game('private', '10.2.0.20')).join();
    await becomes([server.address], 'private', ofSameRange);
    expect(await listOf('private', outside)).deep.equal([]);
    expect(await listOf('private', ofOtherRange)).deep.equal([]);
    await processes?.master.logged(
      /publicAddress\.ipv4, or addressMap: \{ 10\.0\.0\.0\/8: ADDRESS \}/,
    );
  });

  it('what nobody outside could reach is given to no outside asker, whatever he asks', async () => {
    for (const filter of [
      '',
      '\\gameaddr\\10.2.0.20',
      '\\gamedir\\private\\lan\\1\\clver\\0.21',
      '\\nor\\1\\gamedir\\nothing',
      '\\collapse_addr_hash\\1',
    ]) {
      expect(
        (await list(filter)).filter((server) => server.startsWith('10.')),
        filter,
      ).deep.equal([]);
    }
  });

  it('verify: a server is listed after it answered INFO at the listed address, not for an answer of another port', async () => {
    const server = await game('verified', at(own.verify));
    server.answers = false;
    const other = await on('game').bind(at(own.verify));
    await server.join();
    other.send(server.info(), master);
    await settle();
    expect(await listOf('verified')).deep.equal([]);
    expect(server.questions).greaterThan(0);
    server.answers = true;
    await becomes([server.address], 'verified');
  });

  it('players shown are the smallest of heartbeat, INFO and maximum', async () => {
    const facts = [
      { claimed: 0, players: 9, max: 16 },
      { claimed: 9, players: 0, max: 16 },
      { claimed: 9, players: 9, max: 0 },
      { claimed: 99, players: 9, max: 9 },
    ];
    const servers: string[] = [];
    for (const [n, said] of facts.entries()) {
      const address = at(own.players + (n >> 1));
      servers.push((await (await game('players', address, said)).join()).address);
    }
    const [fromHeartbeat = '', fromInfo = '', fromMaximum = '', full = ''] = servers;
    await becomes([fromHeartbeat, fromInfo, fromMaximum, full].sort(byAddress), 'players');
    const empty = await list('\\gamedir\\players\\noplayers\\1');
    expect(empty).deep.equal([fromHeartbeat, fromInfo, fromMaximum].sort(byAddress));
    expect(await list('\\gamedir\\players\\full\\1\\empty\\1'), 'full of nine').deep.equal([]);
  });

  it('duplicates behind more than three addresses are one entry, the oldest', async () => {
    const same = { name: 'Same' };
    const servers: string[] = [];
    for (const address of clones.slice(0, 3)) {
      servers.push((await (await game('same', address, same)).join()).address);
    }
    await becomes(servers, 'same');
    for (const address of clones.slice(3)) await (await game('same', address, same)).join();
    await becomes(servers.slice(0, 1), 'same');
  });

  it('b\\n hides the entry at once and asks the server; an answer lists it again, and further ones are ignored', async () => {
    const server = await (await game('shutdown', at(own.shutdown))).join();
    await becomes([server.address], 'shutdown');
    server.answers = false;
    server.say({ kind: 'shutdown' });
    await becomes([], 'shutdown');
    await settle();
    expect(server.questions).equal(2);
    server.answers = true;
    await becomes([server.address], 'shutdown');
    const asked = server.questions;
    for (let n = 0; n < 3; n++) server.say({ kind: 'shutdown' });
    await settle();
    expect(await listOf('shutdown')).deep.equal([server.address]);
    expect(server.questions).equal(asked);
  });

  it('a forged b\\n in the name of a server that lives takes it off the list for one question', async () => {
    const server = await (await game('forged', at(own.forged))).join();
    await becomes([server.address], 'forged');
    const forged = await on('forger').bind(at(own.forged), server.socket.port);
    for (let n = 0; n < 5; n++) {
      forged.send(Buffer.from('b\n'), master);
      await settle();
      expect(await listOf('forged')).deep.equal([server.address]);
    }
    expect(server.questions, 'one at the join, one after the first shutdown').equal(2);
  });

  it('a forged restart request (O), or challenge (s), makes the server do nothing', async () => {
    await becomes([whole], 'whole');
    const forged = await on('falseMaster').bind(MASTER, 27011);
    const neighbour = await on('game').bind('198.51.100.40');
    forged.send(Buffer.from('seen'), PeerAddress.of(neighbour.host, neighbour.port));
    expect(await neighbour.next(() => true), 'forged ones arrive').not.equal(undefined);
    const to = PeerAddress.of('198.51.100.40', 27015);
    for (const text of [
      'O\u0001\u0000\u0000\u0000',
      'lPlease restart\u0000',
      's\n\u0001\u0002\u0003\u0004',
    ]) {
      forged.send(Buffer.from(`\xff\xff\xff\xff${text}`, 'latin1'), to);
    }
    await settle();
    expect(processes?.game.stderr).not.contain('asks this game server to update');
    expect(await listOf('whole')).deep.equal([whole]);
  });

  it('a join in the name of another, with no challenge or one of his own, registers nobody', async () => {
    const forged = await on('forger').bind(at(own.forged), 29000);
    const victim = await on('game').bind(at(own.forged), 29000);
    const other = await game('forged-join', at(own.doctor));
    other.say({ kind: 'challenge-request', echo: null });
    const given = await other.socket.next(({ bytes }) => bytes[4] === 0x73);
    forged.send(Buffer.from('q'), master);
    expect(
      (await victim.next(() => true))?.bytes,
      'the challenge goes to the victim',
    ).have.lengthOf(10);
    expect(forged.received).deep.equal([]);
    const challenge = String(given?.bytes.readUInt32LE(6));
    for (const values of [{ challenge }, { challenge: '1' }, {}]) {
      const all = new Map(Object.entries({ protocol: '7', gamedir: 'forged-join', ...values }));
      forgeJoin(forged, all);
    }
    await settle();
    expect(await listOf('forged-join', ofSameRange)).deep.equal([]);
  });
  const forgeJoin = (socket: RemoteSocket, values: ReadonlyMap<string, string>): void => {
    const text = [...values].map(([key, value]) => `\\${key}\\${value}`).join('');
    socket.send(Buffer.from(`0\n${text}\n`), master);
  };

  it('eviction: of an address that is full an unverified server makes room, a verified one never', async () => {
    const address = at(own.evict);
    const verified = await (await game('evict', address)).join();
    await becomes([verified.address], 'evict');
    const silent = await game('evict', address);
    silent.answers = false;
    await silent.join();
    const third = await (await game('evict', address)).join();
    await becomes([verified.address, third.address].sort(byAddress), 'evict');
    await (await game('evict', address)).join();
    await settle();
    expect(await listOf('evict')).deep.equal([verified.address, third.address].sort(byAddress));
  });

  it('allow: a server outside the ranges is not taken', async () => {
    const server = await (await game('allow', '203.0.114.20')).join();
    await settle();
    expect(server.questions).equal(0);
    expect(await listOf('allow')).deep.equal([]);
  });

  it('deny: a server of the range is not taken, though a wider range is allowed', async () => {
    const server = await (await game('deny', '198.51.100.200')).join();
    await settle();
    expect(server.questions).equal(0);
    expect(await listOf('deny')).deep.equal([]);
  });

  it('bans: a server disappears and an address hears nothing as soon as the command is done, and the audit says who', async () => {
    const server = await (await game('banned', at(own.banned))).join();
    await becomes([server.address], 'banned', banned);
    const ban = async (subject: string) => {
      const parameters = ['ban', 'add', subject, 'cheats', '--config', join(folder, 'rules.yaml')];
      const { code, stderr } = await new BeaconryProcess(parameters, {
        within: within('master'),
        env: { USER: 'operator' },
      }).ended;
      expect(code, stderr).equal(0);
    };
    await ban(server.address);
    expect(await listOf('banned')).deep.equal([]);
    await server.join();
    await settle();
    expect(await listOf('banned')).deep.equal([]);
    await ban(banned);
    askers
      .get(banned)
      ?.send(encodeListRequest({ region: 255, after: LIST_START, filter: '' }), master);
    expect(await askers.get(banned)?.next(() => true, 500)).equal(undefined);
    const script = `fetch('http://127.0.0.1:8081/v1/admin/audit', { headers: { authorization: 'Bearer ${token}' } })
      .then((answer) => answer.text()).then(console.log)`;
    const [program = '', ...args] = [...within('master'), process.execPath, '-e', script];
    const { stdout } = await run(program, args);
    const { items } = JSON.parse(stdout) as {
      items: { by: string; action: { command: string } }[];
    };
    expect(items.slice(0, 2).map(({ action }) => action.command)).deep.equal([
      'ban-add',
      'ban-add',
    ]);
    expect(items[0]?.by).contain('127.0.0.1');
  });

  it('doctor: the question whether a port is reached is answered at its source alone, and seldom', async () => {
    const victim = await on('game').bind(at(own.doctor), 29100);
    const forged = await on('forger').bind(at(own.doctor), 29100);
    for (let n = 0; n < 50; n++) forged.send(encodeEchoRequest(), master);
    await settle();
    expect(forged.received).deep.equal([]);
    expect(victim.received.filter(({ bytes }) => isEchoAnswer(bytes))).have.length.within(1, 6);
    expect(victim.received.every(({ bytes }) => bytes.length <= 25)).equal(true);
  });

  it('b\\n of a server that stays silent takes it off for good after ten seconds', async () => {
    const server = await leaving;
    server?.socket.send(server.info(), master);
    await settle();
    expect(await listOf('gone')).deep.equal([]);
  });
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const byAddress = (one: string, other: string): number => {
  const [a, b] = [one, other].map((text) => PeerAddress.parse(text) ?? new PeerAddress());
  return (a?.d ?? 0) - (b?.d ?? 0) || (a?.port ?? 0) - (b?.port ?? 0);
};
