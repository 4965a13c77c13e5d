import type { Registration } from 'beaconry/plugins/master';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { TextPool } from '../../../server-browser/master/text-pool.js';
import { at, described, tableOf, usual } from './build.js';

describe('registration table', () => {
  it('tells a new server from a changed and a refreshed one', () => {
    const table = tableOf(new FakeClock());
    const address = at('192.0.2.1:27015');
    expect(table.upsert(address, described(), usual)).to.equal('added');
    expect(table.upsert(address, described(), usual)).to.equal('refreshed');
    expect(table.upsert(address, described({ players: 6 }), usual)).to.equal('changed');
    expect(table.size).to.equal(1);
    expect(table.find(address)?.players).to.equal(6);
  });

  it('raises its version for what is new, not for a refresh', () => {
    const table = tableOf(new FakeClock());
    const versions = [table.version];
    const step = (run: () => unknown) => {
      run();
      versions.push(table.version);
    };
    step(() => table.upsert(at('192.0.2.1:1'), described(), usual));
    step(() => table.upsert(at('192.0.2.1:1'), described(), usual));
    step(() => table.upsert(at('192.0.2.1:1'), described({ map: 'de_nuke' }), usual));
    step(() => table.remove(at('192.0.2.1:1')));
    expect(versions).to.deep.equal([0, 1, 1, 2, 3]);
  });

  it('copies the address, which is a reused view', () => {
    const table = tableOf(new FakeClock());
    const view = at('192.0.2.1:27015');
    table.upsert(view, described(), usual);
    view.set(1, 2, 3, 4, 5);
    expect(table.find(at('192.0.2.1:27015'))?.address.toString()).to.equal('192.0.2.1:27015');
  });

  it('drops a server 300 s after its last join, not after its first', async () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    table.upsert(at('192.0.2.1:1'), described(), usual);
    table.upsert(at('192.0.2.2:1'), described(), usual);
    await clock.advance(200_000);
    table.upsert(at('192.0.2.1:1'), described(), usual);
    await clock.advance(99_999);
    expect(table.expire()).to.equal(0);
    await clock.advance(1);
    expect(table.expire()).to.equal(1);
    expect(table.find(at('192.0.2.2:1'))).to.equal(undefined);
    await clock.advance(200_000);
    expect(table.expire()).to.equal(1);
    expect(table.size).to.equal(0);
  });

  it('does not care about jumps of the wall clock', () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    table.upsert(at('192.0.2.1:1'), described(), usual);
    clock.jump(86_400_000);
    expect(table.expire()).to.equal(0);
  });

  it('removes at most so many in one call', async () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    for (let port = 1; port <= 25; port++)
      table.upsert(at(`192.0.2.1:${port}`), described(), usual);
    await clock.advance(300_000);
    expect([table.expire(10), table.expire(10), table.expire(10)]).to.deep.equal([10, 10, 5]);
  });

  it('holds so many servers of one address, and keeps refreshing those', () => {
    const table = tableOf(new FakeClock(), { perAddress: 2 });
    expect(table.upsert(at('192.0.2.1:1'), described(), usual)).to.equal('added');
    expect(table.upsert(at('192.0.2.1:65535'), described(), usual)).to.equal('added');
    expect(table.upsert(at('192.0.2.1:3'), described(), usual)).to.equal('address-full');
    expect(table.upsert(at('192.0.2.1:1'), described(), usual)).to.equal('refreshed');
    expect(table.upsert(at('192.0.2.2:3'), described(), usual)).to.equal('added');
    table.remove(at('192.0.2.1:1'));
    expect(table.upsert(at('192.0.2.1:3'), described(), usual)).to.equal('added');
  });

  it('holds so many servers of one /24', () => {
    const table = tableOf(new FakeClock(), { perPrefix: 3 });
    for (const host of ['192.0.2.0', '192.0.2.7', '192.0.2.255']) {
      expect(table.upsert(at(`${host}:65535`), described(), usual)).to.equal('added');
    }
    expect(table.upsert(at('192.0.2.8:1'), described(), usual)).to.equal('prefix-full');
    expect(table.upsert(at('192.0.1.255:1'), described(), usual)).to.equal('added');
    expect(table.upsert(at('192.0.3.0:1'), described(), usual)).to.equal('added');
  });

  it('holds so many servers of one /48', () => {
    const table = tableOf(new FakeClock(), { perPrefix: 2 });
    for (const host of ['2001:db8:1::1', '2001:db8:1:ffff::1']) {
      expect(table.upsert(at(`[${host}]:1`), described(), usual)).to.equal('added');
    }
    expect(table.upsert(at('[2001:db8:1:7::1]:1'), described(), usual)).to.equal('prefix-full');
    expect(table.upsert(at('[2001:db8:2::1]:1'), described(), usual)).to.equal('added');
  });

  it('keeps the families apart', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described(), usual);
    table.upsert(at('[::1]:1'), described(), usual);
    const seen: string[] = [];
    const see = ({ address }: Registration) => seen.push(address.toString()) > 0;
    table.scan({ family: 'ipv4' }, see);
    expect(seen.splice(0)).to.deep.equal(['192.0.2.1:1']);
    table.scan({ family: 'ipv6' }, see);
    expect(seen).to.deep.equal(['[::1]:1']);
  });

  it('tells followers who comes, changes and goes, not who is merely refreshed', async () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    const said: string[] = [];
    table.onUpsert(({ address, map }) => said.push(`${address} on ${map}`));
    const end = table.onRemove(({ address }) => said.push(`${address} gone`));
    table.upsert(at('192.0.2.1:1'), described(), usual);
    table.upsert(at('192.0.2.1:1'), described(), usual);
    table.upsert(at('192.0.2.1:1'), described({ map: 'de_nuke' }), usual);
    await clock.advance(300_000);
    table.expire();
    end();
    table.upsert(at('192.0.2.1:1'), described(), usual);
    table.remove(at('192.0.2.1:1'));
    expect(said).to.deep.equal([
      '192.0.2.1:1 on de_dust2',
      '192.0.2.1:1 on de_nuke',
      '192.0.2.1:1 gone',
      '192.0.2.1:1 on de_dust2',
    ]);
  });

  it('remembers when a server came and when it was last heard of', async () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    const start = clock.now();
    table.upsert(at('192.0.2.1:1'), described(), usual);
    await clock.advance(5000);
    table.upsert(at('192.0.2.1:1'), described(), usual);
    const { firstSeen, lastSeen } = table.find(at('192.0.2.1:1')) as Registration;
    expect([firstSeen, lastSeen]).to.deep.equal([start, start + 5000]);
  });

  it('pools no more texts than its limit', () => {
    const pool = new TextPool(2);
    const first = pool.keep('one');
    pool.keep('two');
    pool.keep('three');
    expect([first, pool.keep('one'), pool.keep('three')]).to.deep.equal(['one', 'one', 'three']);
  });
});
