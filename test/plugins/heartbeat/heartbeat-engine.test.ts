import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { HeartbeatEngine } from '../../../plugins/heartbeat/heartbeat-engine.js';
import { joinValues } from '../../../plugins/heartbeat/join-values.js';
import type { GameServerMessage } from '../../../server-browser/master/heartbeat-codec.js';
import { at } from '../../server-browser/master/build.js';
import { player, snapshotOf } from './fake-game.js';

const master = 'master.example:27011';
const masterAddress = at('192.0.2.1:27011');
const stranger = at('203.0.113.9:27011');

const build = (masters: readonly string[] = [master]) => {
  const clock = new FakeClock();
  const sent: { message: GameServerMessage; to: string; at: number }[] = [];
  const restarts: string[] = [];
  const connects: string[] = [];
  const unreachable: string[] = [];
  const engine = new HeartbeatEngine(
    clock,
    { masters, interval: 140_000, random: () => 77 },
    {
      send: (message, to) => sent.push({ message, to: to.toString(), at: clock.monotonic() }),
      restartRequested: (said) => restarts.push(`${said.master}: ${said.text}`),
      connectRequested: (said) => connects.push(`${said.client}`),
      unreachable: (name) => unreachable.push(name),
    },
  );
  clock.every(1000, () => engine.tick());
  const take = () => sent.splice(0).map(({ message }) => message);
  /** Describes, resolves and joins with the challenge. */
  const joined = (challenge = 5) => {
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    engine.receive(masterAddress, { kind: 'challenge', challenge, echo: null });
    return take();
  };
  return { clock, engine, sent, take, joined, restarts, connects, unreachable };
};

describe('heartbeat engine', () => {
  it('asks a master for a challenge as soon as its name is resolved', () => {
    const { engine, sent } = build();
    engine.describe(joinValues(snapshotOf(), []));
    expect(sent).to.deep.equal([]);
    engine.resolved(master, masterAddress);
    expect(sent).to.deep.equal([
      { message: { kind: 'challenge-request', echo: null }, to: '192.0.2.1:27011', at: 0 },
    ]);
  });

  it('joins with the challenge it gets', () => {
    const { joined, engine } = build();
    const [, join] = joined(123456789);
    expect(join?.kind === 'join' && join.values.get('challenge')).to.equal('123456789');
    expect(join?.kind === 'join' && join.values.get('map')).to.equal('de_dust2');
    expect(engine.joined).to.equal(1);
  });

  it('asks again after the interval', async () => {
    const { clock, take, joined } = build();
    joined();
    await clock.advance(139_000);
    expect(take()).to.have.lengthOf(0);
    await clock.advance(1000);
    expect(take()).to.deep.equal([{ kind: 'challenge-request', echo: null }]);
  });

  it('listens to nobody but its masters', () => {
    const { engine, take } = build();
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    take();
    engine.receive(stranger, { kind: 'challenge', challenge: 5, echo: null });
    engine.receive(at('192.0.2.1:27012'), { kind: 'challenge', challenge: 5, echo: null });
    expect(take()).to.deep.equal([]);
    expect(engine.knows(stranger)).to.equal(false);
    expect(engine.knows(masterAddress)).to.equal(true);
  });

  it('takes no challenge that it did not ask for, or that comes late', async () => {
    const { clock, engine, take, joined } = build();
    joined();
    await clock.advance(4001);
    engine.receive(masterAddress, { kind: 'challenge', challenge: 6, echo: null });
    expect(take()).to.deep.equal([]);
  });

  it('answers at most 4 challenges to one request, so that a forged one does not hide the real one', () => {
    const { engine, take } = build();
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    take();
    for (let challenge = 1; challenge <= 10; challenge++) {
      engine.receive(masterAddress, { kind: 'challenge', challenge, echo: null });
    }
    expect(take()).to.have.lengthOf(4);
  });

  it('retries a silent master with growing pauses, in both forms of the request, up to the interval', async () => {
    const { clock, engine, sent } = build();
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    await clock.advance(600_000);
    expect(sent.map(({ at }) => at / 1000)).to.deep.equal([0, 5, 15, 35, 75, 155, 295, 435, 575]);
    const echoes = sent.map(({ message }) => message.kind === 'challenge-request' && message.echo);
    expect(echoes.slice(0, 4)).to.deep.equal([null, 77, null, 77]);
  });

  it('wants a name resolved again when its address is silent', async () => {
    const { clock, engine, unreachable } = build();
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    await clock.advance(34_000);
    expect(unreachable).to.deep.equal([]);
    await clock.advance(1000);
    expect(unreachable).to.deep.equal([master]);
  });

  it('asks a master that repeats its number in that form only, and believes no other answer', async () => {
    const { clock, engine, take } = build();
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    await clock.advance(5000);
    take();
    engine.receive(masterAddress, { kind: 'challenge', challenge: 5, echo: 76 });
    expect(take()).to.deep.equal([]);
    engine.receive(masterAddress, { kind: 'challenge', challenge: 5, echo: 77 });
    expect(take()).to.have.lengthOf(1);
    await clock.advance(140_000);
    expect(take()).to.deep.equal([{ kind: 'challenge-request', echo: 77 }]);
    engine.receive(masterAddress, { kind: 'challenge', challenge: 6, echo: null });
    expect(take()).to.deep.equal([]);
  });

  it('joins again at once when the game changes, at most every 10 s', async () => {
    const { clock, engine, take, joined } = build();
    joined();
    await clock.advance(60_000);
    engine.describe(joinValues(snapshotOf({ map: 'de_nuke' }), []));
    expect(take()).to.deep.equal([{ kind: 'challenge-request', echo: null }]);
    engine.receive(masterAddress, { kind: 'challenge', challenge: 6, echo: null });
    take();
    for (let i = 0; i < 100; i++) {
      engine.describe(joinValues(snapshotOf({ map: 'de_nuke' }), new Array(i).fill(player('x'))));
    }
    expect(take()).to.deep.equal([]);
    await clock.advance(9000);
    expect(take()).to.deep.equal([]);
    await clock.advance(1000);
    expect(take()).to.have.lengthOf(1);
  });

  it('says nothing when the game changes in what a join does not say', async () => {
    const { clock, engine, take, joined } = build();
    joined();
    await clock.advance(60_000);
    engine.describe(joinValues(snapshotOf({ description: 'new' }), []));
    expect(take()).to.deep.equal([]);
  });

  it('signs off when it is no longer to be listed, and comes back when it is', async () => {
    const { clock, engine, take, joined } = build();
    joined();
    engine.describe(undefined);
    expect(take()).to.deep.equal([{ kind: 'shutdown' }]);
    await clock.advance(600_000);
    expect(take()).to.deep.equal([]);
    engine.describe(joinValues(snapshotOf(), []));
    expect(take()).to.deep.equal([{ kind: 'challenge-request', echo: null }]);
  });

  it('sends no goodbye to a master it never joined', () => {
    const { engine, take } = build();
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    take();
    engine.describe(undefined);
    expect(take()).to.deep.equal([]);
  });

  it('serves each master on its own: a silent one does not hold up the other', () => {
    const { engine, sent } = build([master, 'other.example:27011']);
    engine.describe(joinValues(snapshotOf(), []));
    engine.resolved(master, masterAddress);
    engine.resolved('other.example:27011', at('198.51.100.1:27011'));
    engine.receive(at('198.51.100.1:27011'), { kind: 'challenge', challenge: 5, echo: null });
    expect(sent.map(({ message, to }) => `${message.kind} ${to}`)).to.deep.equal([
      'challenge-request 192.0.2.1:27011',
      'challenge-request 198.51.100.1:27011',
      'join 198.51.100.1:27011',
    ]);
  });

  it('asks the new address at once when a name moves', () => {
    const { engine, sent, joined } = build();
    joined();
    engine.resolved(master, masterAddress);
    expect(sent).to.deep.equal([]);
    engine.resolved(master, at('192.0.2.2:27011'));
    expect(sent.map(({ to }) => to)).to.deep.equal(['192.0.2.2:27011']);
    expect(engine.knows(masterAddress)).to.equal(false);
  });

  it('reports a restart request once, with what the master printed before', () => {
    const { engine, joined, restarts } = build();
    joined(5);
    engine.receive(masterAddress, { kind: 'print', text: 'Out of\u0007 date\n' });
    engine.receive(masterAddress, { kind: 'restart-request', challenge: 5 });
    engine.receive(masterAddress, { kind: 'restart-request', challenge: 5 });
    expect(restarts).to.deep.equal([`${master}: Out of  date`]);
  });

  it('believes a restart request only with the challenge of its last join, from the master', () => {
    const { engine, joined, restarts } = build();
    joined(5);
    engine.receive(masterAddress, { kind: 'restart-request', challenge: 6 });
    engine.receive(stranger, { kind: 'restart-request', challenge: 5 });
    expect(restarts).to.deep.equal([]);
  });

  it('passes on who wants to connect and sends nothing there', () => {
    const { engine, take, joined, connects } = build();
    joined();
    engine.receive(masterAddress, { kind: 'connect-request', address: at('198.51.100.7:27005') });
    engine.receive(stranger, { kind: 'connect-request', address: at('198.51.100.8:27005') });
    expect(connects).to.deep.equal(['198.51.100.7:27005']);
    expect(take()).to.deep.equal([]);
  });
});
