import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { encodeEchoRequest, isEchoAnswer } from '../../server-browser/master/echo-codec.js';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { NetworkNamespaces } from './network-namespaces.js';
import {
  at,
  banned,
  clones,
  MASTER,
  master,
  OpenInternet,
  ofOtherRange,
  ofSameRange,
  outside,
  own,
  pause,
  publicMaster,
  token,
  whole,
} from './open-internet.js';
import { RemoteGame } from './remote-game.js';
import type { RemoteSocket } from './remote-host.js';

const run = promisify(execFile);

/** Rules of the open internet, each on the wire: server, master, asker and forger are hosts of their own. */
describe('on the open internet', function () {
  this.timeout(120_000);
  let internet: OpenInternet;
  let leaving: Promise<RemoteGame> | undefined;

  before(async function () {
    NetworkNamespaces.skipUnlessPermitted(this);
    internet = await OpenInternet.start();
    leaving = leave();
    // Told by the test that waits for it.
    leaving.catch(() => {});
  });
  after(() => internet?.stop());

  /** Signs off, answers nothing, and is silent for longer than the master's patience, beside the other tests. */
  const leave = async (): Promise<RemoteGame> => {
    const server = await (await internet.game('gone', at(own.gone))).join();
    await internet.becomes([server.address], 'gone');
    server.answers = false;
    server.say({ kind: 'shutdown' });
    await internet.becomes([], 'gone');
    await pause(11_500);
    return server;
  };
  /** Lets what is on its way arrive. */
  const settle = () => pause(300);

  it('publicAddress: a server of the private network is asked and listed there, for everybody', async () => {
    const asked = await internet.on('game').bind('198.51.100.78', 27115);
    const joining = await internet.on('game').bind('10.3.0.20', 27115);
    const facts = { values: { gamedir: 'public' } };
    const server = await new RemoteGame(joining, publicMaster, facts, asked).join();
    await internet.becomes([asked.address], 'public', outside, publicMaster);
    expect(await internet.listOf('public', ofSameRange, publicMaster)).deep.equal([asked.address]);
    expect(server.questions).equal(1);
  });

  it('addressMap: a server of the range is asked and listed at the mapped address, for everybody', async () => {
    const asked = await internet.on('game').bind('198.51.100.77', 27116);
    const joining = await internet.on('game').bind('10.1.0.20', 27116);
    await new RemoteGame(joining, master, { values: { gamedir: 'mapped' } }, asked).join();
    await internet.becomes([asked.address], 'mapped');
  });

  it('without a mapping a private server is listed to its own range only, and the log says which key to set', async () => {
    const server = await (await internet.game('private', '10.2.0.20')).join();
    await internet.becomes([server.address], 'private', ofSameRange);
    expect(await internet.listOf('private', outside)).deep.equal([]);
    expect(await internet.listOf('private', ofOtherRange)).deep.equal([]);
    await internet.processes.master.logged(
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
        (await internet.list(filter)).filter((server) => server.startsWith('10.')),
        filter,
      ).deep.equal([]);
    }
  });

  it('verify: a server is listed after it answered INFO at the listed address, not for an answer of another port', async () => {
    const server = await internet.game('verified', at(own.verify));
    server.answers = false;
    const other = await internet.on('game').bind(at(own.verify));
    await server.join();
    other.send(server.info(), master);
    await settle();
    expect(await internet.listOf('verified')).deep.equal([]);
    expect(server.questions).greaterThan(0);
    server.answers = true;
    await internet.becomes([server.address], 'verified');
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
      servers.push((await (await internet.game('players', address, said)).join()).address);
    }
    const [fromHeartbeat = '', fromInfo = '', fromMaximum = '', full = ''] = servers;
    await internet.becomes([fromHeartbeat, fromInfo, fromMaximum, full].sort(byAddress), 'players');
    const empty = await internet.list('\\gamedir\\players\\noplayers\\1');
    expect(empty).deep.equal([fromHeartbeat, fromInfo, fromMaximum].sort(byAddress));
    expect(await internet.list('\\gamedir\\players\\full\\1\\empty\\1'), 'full of nine').deep.equal(
      [],
    );
  });

  it('duplicates behind more than three addresses are one entry, the oldest', async () => {
    const same = { name: 'Same' };
    const servers: string[] = [];
    for (const address of clones.slice(0, 3)) {
      servers.push((await (await internet.game('same', address, same)).join()).address);
    }
    await internet.becomes(servers, 'same');
    for (const address of clones.slice(3))
      await (await internet.game('same', address, same)).join();
    await internet.becomes(servers.slice(0, 1), 'same');
  });

  it('b\\n hides the entry at once and asks the server; an answer lists it again, and further ones are ignored', async () => {
    const server = await (await internet.game('shutdown', at(own.shutdown))).join();
    await internet.becomes([server.address], 'shutdown');
    server.answers = false;
    server.say({ kind: 'shutdown' });
    await internet.becomes([], 'shutdown');
    await settle();
    expect(server.questions).equal(2);
    server.answers = true;
    await internet.becomes([server.address], 'shutdown');
    const asked = server.questions;
    for (let n = 0; n < 3; n++) server.say({ kind: 'shutdown' });
    await settle();
    expect(await internet.listOf('shutdown')).deep.equal([server.address]);
    expect(server.questions).equal(asked);
  });

  it('a forged b\\n in the name of a server that lives takes it off the list for one question', async () => {
    const server = await (await internet.game('forged', at(own.forged))).join();
    await internet.becomes([server.address], 'forged');
    const forged = await internet.on('forger').bind(at(own.forged), server.socket.port);
    for (let n = 0; n < 5; n++) {
      forged.send(Buffer.from('b\n'), master);
      await settle();
      expect(await internet.listOf('forged')).deep.equal([server.address]);
    }
    expect(server.questions, 'one at the join, one after the first shutdown').equal(2);
  });

  it('a forged restart request (O), or challenge (s), makes the server do nothing', async () => {
    await internet.becomes([whole], 'whole');
    const forged = await internet.on('falseMaster').bind(MASTER, 27011);
    const neighbour = await internet.on('game').bind('198.51.100.40');
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
    expect(internet.processes.game.stderr).not.contain('asks this game server to update');
    expect(await internet.listOf('whole')).deep.equal([whole]);
  });

  it('a join in the name of another, with no challenge or one of his own, registers nobody', async () => {
    const forged = await internet.on('forger').bind(at(own.forged), 29000);
    const victim = await internet.on('game').bind(at(own.forged), 29000);
    const other = await internet.game('forged-join', at(own.doctor));
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
    expect(await internet.listOf('forged-join', ofSameRange)).deep.equal([]);
  });
  const forgeJoin = (socket: RemoteSocket, values: ReadonlyMap<string, string>): void => {
    const text = [...values].map(([key, value]) => `\\${key}\\${value}`).join('');
    socket.send(Buffer.from(`0\n${text}\n`), master);
  };

  it('eviction: of an address that is full an unverified server makes room, a verified one never', async () => {
    const address = at(own.evict);
    const verified = await (await internet.game('evict', address)).join();
    await internet.becomes([verified.address], 'evict');
    const silent = await internet.game('evict', address);
    silent.answers = false;
    await silent.join();
    const third = await (await internet.game('evict', address)).join();
    await internet.becomes([verified.address, third.address].sort(byAddress), 'evict');
    await (await internet.game('evict', address)).join();
    await settle();
    expect(await internet.listOf('evict')).deep.equal(
      [verified.address, third.address].sort(byAddress),
    );
  });

  it('allow: a server outside the ranges is not taken', async () => {
    const server = await (await internet.game('allow', '203.0.114.20')).join();
    await settle();
    expect(server.questions).equal(0);
    expect(await internet.listOf('allow')).deep.equal([]);
  });

  it('deny: a server of the range is not taken, though a wider range is allowed', async () => {
    const server = await (await internet.game('deny', '198.51.100.200')).join();
    await settle();
    expect(server.questions).equal(0);
    expect(await internet.listOf('deny')).deep.equal([]);
  });

  it('bans: a server disappears and an address hears nothing as soon as the command is done, and the audit says who', async () => {
    const server = await (await internet.game('banned', at(own.banned))).join();
    await internet.becomes([server.address], 'banned', banned);
    const ban = async (subject: string) => {
      const parameters = [
        'ban',
        'add',
        subject,
        'cheats',
        '--config',
        join(internet.folder, 'rules.yaml'),
      ];
      const { code, stderr } = await new BeaconryProcess(parameters, {
        within: internet.within('master'),
        env: { USER: 'operator' },
      }).ended;
      expect(code, stderr).equal(0);
    };
    await ban(server.address);
    expect(await internet.listOf('banned')).deep.equal([]);
    await server.join();
    await settle();
    expect(await internet.listOf('banned')).deep.equal([]);
    await ban(banned);
    expect(await internet.hears(banned)).equal(false);
    const script = `fetch('http://127.0.0.1:8081/v1/admin/audit', { headers: { authorization: 'Bearer ${token}' } })
      .then((answer) => answer.text()).then(console.log)`;
    const [program = '', ...args] = [...internet.within('master'), process.execPath, '-e', script];
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
    const victim = await internet.on('game').bind(at(own.doctor), 29100);
    const forged = await internet.on('forger').bind(at(own.doctor), 29100);
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
    expect(await internet.listOf('gone')).deep.equal([]);
  });
});

const byAddress = (one: string, other: string): number => {
  const [a, b] = [one, other].map((text) => PeerAddress.parse(text) ?? new PeerAddress());
  return (a?.d ?? 0) - (b?.d ?? 0) || (a?.port ?? 0) - (b?.port ?? 0);
};
