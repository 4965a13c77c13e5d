import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { History } from '../../../server-browser/web/history.js';

const SERVER = '192.0.2.1:27015';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('history of a server', () => {
  let clock: FakeClock;
  let store: MemoryStore;
  const open = () => new History(store, clock, { retention: 10 * DAY, fine: 2 * DAY });
  const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
  beforeEach(() => {
    clock = new FakeClock(Date.UTC(2026, 0, 10, 12));
    store = new MemoryStore(clock);
  });

  it('is the mean of every five minutes, with gaps where nothing was measured', async () => {
    const history = open();
    for (const players of [10, 20]) {
      history.record(SERVER, players, 32, 50);
      await clock.advance(MINUTE);
    }
    await clock.advance(18 * MINUTE);
    history.record(SERVER, 4, 32, undefined);
    const { step, start, players, maxPlayers, ping } = await history.read(SERVER, '24h');
    expect(step).to.equal(300);
    expect(Date.parse(start) + (players.length - 1) * step * 1000).to.be.at.most(clock.now());
    expect(players).to.have.lengthOf(288);
    expect(players.slice(-5)).to.deep.equal([15, null, null, null, 4]);
    expect(maxPlayers.slice(-5)).to.deep.equal([32, null, null, null, 32]);
    expect(ping.slice(-5)).to.deep.equal([50, null, null, null, null]);
  });

  it('goes on after a restart, and over midnight', async () => {
    let history = open();
    for (let hour = 0; hour < 10; hour++) {
      history.record(SERVER, hour, 32, 20);
      await clock.advance(HOUR);
    }
    await history.flush(true);
    history = open();
    for (let hour = 10; hour < 16; hour++) {
      history.record(SERVER, hour, 32, 20);
      await clock.advance(HOUR);
    }
    await history.flush(true);
    const { players } = await open().read(SERVER, '24h');
    expect(known(players)).to.deep.equal([...Array(16).keys()]);
  });

  it('does not lose a day when the server is restarted in the midst of five minutes', async () => {
    const first = open();
    first.record(SERVER, 8, 32, 20);
    await first.flush(true);
    const second = open();
    await clock.advance(10 * MINUTE);
    second.record(SERVER, 9, 32, 20);
    await second.flush(true);
    expect(known((await open().read(SERVER, '24h')).players)).to.deep.equal([8, 9]);
  });

  it('keeps steps of an hour of what is older than the fine days', async () => {
    const history = open();
    for (let i = 0; i < 12; i++) {
      history.record(SERVER, i, 32, 20);
      await clock.advance(5 * MINUTE);
    }
    const before = (await store.scan<{ step: number; data: string }>(SERVER)).length;
    await history.flush(true);
    for (let day = 0; day < 4; day++) {
      await clock.advance(DAY);
      history.record(SERVER, 1, 32, 20);
      await history.flush(true);
    }
    await clock.advance(1000);
    const records = await store.scan<{ step: number; data: string }>(SERVER);
    expect(before).to.equal(0);
    expect(records[0]?.[1].step).to.equal(3600);
    expect(records[0]?.[1].data.length).to.be.below(150);
    expect(records.at(-1)?.[1].step).to.equal(300);
    const { players, step } = await open().read(SERVER, '7d');
    expect(step).to.equal(3600);
    expect(known(players)).to.deep.equal([6, 1, 1, 1, 1]);
  });

  it('is forgotten when the retention is over', async () => {
    const history = open();
    history.record(SERVER, 5, 32, 20);
    await history.flush(true);
    await clock.advance(11 * DAY);
    expect(known((await open().read(SERVER, '90d')).players)).to.deep.equal([]);
    expect(await store.scan(SERVER)).to.deep.equal([]);
  });

  it('writes a server that leaves, and drops it from memory', async () => {
    const history = open();
    history.record(SERVER, 5, 32, 20);
    await history.forget(SERVER);
    expect(await store.scan(SERVER)).to.have.lengthOf(1);
    expect(known((await history.read(SERVER, '24h')).players)).to.deep.equal([5]);
  });

  it('shares one answer between readers for half a minute', async () => {
    const history = open();
    history.record(SERVER, 5, 32, 20);
    const first = await history.read(SERVER, '24h');
    expect(await history.read(SERVER, '24h')).to.equal(first);
    await clock.advance(31_000);
    expect(await history.read(SERVER, '24h')).to.not.equal(first);
  });

  it('holds numbers within what a byte can say', async () => {
    const history = open();
    history.record(SERVER, 255, 255, 90_000);
    await history.flush(true);
    const { players, maxPlayers, ping } = await open().read(SERVER, '24h');
    expect([known(players), known(maxPlayers), known(ping)]).to.deep.equal([[254], [254], [65534]]);
  });
});
