import type { InfoAnswer, SourceInfo } from 'beaconry/a2s-query';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { ListedRegistrations } from '../../../server-browser/master/listed-registrations.js';
import type { MemoryRegistrationTable } from '../../../server-browser/master/memory-registration-table.js';
import { Directory } from '../../../server-browser/web/directory.js';
import { Favourites } from '../../../server-browser/web/favourites.js';
import { at, described, tableOf, usual } from '../master/build.js';
import { listed } from './listed.js';

const FIRST = '192.0.2.1:27015';

const answer = (fields: Partial<SourceInfo> = {}): InfoAnswer => ({
  answer: 'source',
  protocol: 17,
  name: 'Measured',
  map: 'de_nuke',
  folder: 'cstrike',
  game: 'Counter-Strike',
  appId: 240,
  players: 7,
  maxPlayers: 16,
  bots: 2,
  serverType: 'd',
  environment: 'l',
  password: false,
  secure: true,
  version: '1.0.0.70',
  extra: { keywords: 'alltalk' },
  ...fields,
});

describe('directory of servers', () => {
  let clock: FakeClock;
  let table: MemoryRegistrationTable;
  let directory: Directory;
  beforeEach(() => {
    clock = new FakeClock();
    table = tableOf(clock);
    directory = new Directory({ clock, registrations: new ListedRegistrations(table) });
    table.onUpsert((one) => directory.register(one));
    table.onRemove((one) => directory.unregister(one));
  });
  const join = (address = FIRST, fields = {}) =>
    table.upsert(at(address), described(fields), usual);
  const line = (address = FIRST) => directory.detail(address);

  it('says what a server announced until an answer came, and then what was measured and when', async () => {
    join(FIRST, { players: 5, bots: 1 });
    expect(line()).to.deep.include({ name: 'A server', players: 4, bots: 1, verified: false });
    expect(line()).to.not.have.property('measuredAt');
    await clock.advance(1000);
    directory.answered(FIRST, answer(), 33.4);
    expect(line()).to.deep.include({
      name: 'Measured',
      map: 'de_nuke',
      players: 5,
      bots: 2,
      ping: 33,
      verified: true,
      measuredAt: new Date(clock.now()).toISOString(),
      tags: ['alltalk'],
    });
  });

  it('lets nobody ask a server at a FakeIP, not even as a favourite, and shows it as announced', () => {
    const fake = '169.254.3.7:30001';
    const asked = new Set<string>();
    directory.tell({
      add: (address) => asked.add(address.toString()),
      remove: (address) => asked.delete(address),
    });
    directory.favour(at(fake));
    expect([...asked]).to.deep.equal([fake]);
    table.upsert(at(fake), described({ name: 'Hidden' }), { ...usual, fakeIp: true });
    join();
    expect([...asked]).to.deep.equal([FIRST]);
    expect(line(fake)).to.deep.include({
      name: 'Hidden',
      fakeIp: fake,
      verified: false,
      flags: [],
    });
  });

  it('shows a server at a FakeIP to readers who reach nothing of its range', () => {
    const registrations = new ListedRegistrations(table);
    const fake = '169.254.3.7:30001';
    table.upsert(at(fake), described(), { ...usual, fakeIp: true });
    table.upsert(at('169.254.3.8:30001'), described(), usual);
    const outside = new Directory({ clock, registrations, reader: at('198.51.100.1:80') });
    expect([...outside.all()].map(({ address }) => address)).to.deep.equal([fake]);
    expect(outside.page('', 10, undefined).items.map(({ address }) => address)).to.deep.equal([
      fake,
    ]);
  });

  it('counts all players of Xash3D as people', () => {
    join(FIRST, { protocol: 49, players: 5, bots: 3 });
    expect(line()).to.include({ players: 5, bots: 3 });
  });

  it('marks a server that does not answer, and shows no ping of the past', () => {
    join();
    directory.answered(FIRST, answer(), 30);
    directory.failed(FIRST, 2);
    expect(line()?.flags).to.deep.equal([]);
    directory.failed(FIRST, 3);
    expect(line()?.flags).to.deep.equal(['unreachable']);
    expect(line()).to.not.have.property('ping');
    expect(line()).to.include({ name: 'A server', verified: false });
  });

  it('marks a server whose answers contradict its registration twice in a row', () => {
    join();
    const wrong = answer({ folder: 'tf', maxPlayers: 64, password: true, version: '2' });
    directory.answered(FIRST, wrong, 30);
    expect(line()?.flags).to.deep.equal([]);
    directory.answered(FIRST, wrong, 30);
    expect(line()?.flags).to.deep.equal([
      'contradicts-game',
      'contradicts-version',
      'contradicts-max-players',
      'contradicts-password',
    ]);
    directory.answered(FIRST, answer(), 30);
    expect(line()?.flags).to.deep.equal([]);
  });

  it('does not take 16 bits of a game number for another game', () => {
    join(FIRST, { appId: 252490, modDir: 'rust' });
    const rust = answer({ folder: 'rust', appId: 252490 & 0xffff });
    directory.answered(FIRST, rust, 30);
    directory.answered(FIRST, rust, 30);
    expect(line()?.flags).to.deep.equal([]);
  });

  it('marks a server that claims players whom it cannot name', () => {
    join();
    directory.answered(FIRST, answer({ players: 16, bots: 0 }), 30);
    directory.detailed(FIRST, { announced: 2, players: [] }, undefined);
    expect(line()?.flags).to.deep.equal(['contradicts-players']);
    directory.detailed(FIRST, undefined, undefined);
    expect(line()?.flags).to.deep.equal([]);
  });

  it('groups addresses of one game port of one host: the smallest stands for all', () => {
    join('192.0.2.1:27015', { gamePort: 27015 });
    join('192.0.2.1:27016', { gamePort: 27015 });
    join('192.0.2.2:27016', { gamePort: 27015 });
    expect(line('192.0.2.1:27015')?.flags).to.deep.equal([]);
    expect(line('192.0.2.1:27016')?.flags).to.deep.equal(['duplicate']);
    expect(line('192.0.2.2:27016')?.flags).to.deep.equal([]);
    expect(line('192.0.2.1:27015')?.alsoListedAs).to.deep.equal(['192.0.2.1:27016']);
    directory.takeChanges();
    table.remove(at('192.0.2.1:27015'));
    const { upserts, removes } = directory.takeChanges();
    expect(removes).to.deep.equal(['192.0.2.1:27015']);
    expect(upserts.map(({ address, flags }) => [address, flags])).to.deep.equal([
      ['192.0.2.1:27016', []],
    ]);
  });

  it('is one line per address, whoever names it', () => {
    join();
    directory.add('other', listed(FIRST));
    const undo = directory.favour(at(FIRST));
    expect([...directory.all()].map(({ source }) => source)).to.deep.equal(['master']);
    table.remove(at(FIRST));
    expect([...directory.all()].map(({ source }) => source)).to.deep.equal(['other']);
    undo();
    expect(directory.size).to.equal(1);
  });

  it('has only registered servers and favourites asked, never what a plugin added', () => {
    const targets = new Set<string>();
    directory.add('other', listed('192.0.2.9:1'));
    join();
    directory.tell({
      add: (address) => targets.add(address.toString()),
      remove: (address) => targets.delete(address),
    });
    directory.favour(at('192.0.2.3:27015'));
    expect([...targets]).to.deep.equal([FIRST, '192.0.2.3:27015']);
    table.remove(at(FIRST));
    expect([...targets]).to.deep.equal(['192.0.2.3:27015']);
  });

  it('lists favourites by where their names lead, also when that changes', async () => {
    let host = '192.0.2.50';
    const asked: string[] = [];
    const favourites = new Favourites(
      [
        { host: 'game.example', port: 27015 },
        { host: 'gone.example', port: 1 },
      ],
      directory,
      { add: (address) => asked.push(address.toString()) },
      async ({ host: name, port }) => {
        if (name === 'gone.example') throw new Error('no such name');
        return { host, port };
      },
    );
    expect(await favourites.refresh()).to.deep.equal(['gone.example:1']);
    host = '192.0.2.51';
    await favourites.refresh();
    await favourites.refresh();
    expect(asked).to.deep.equal(['192.0.2.50:27015', '192.0.2.51:27015']);
    expect([...directory.all()].map(({ address, source }) => [address, source])).to.deep.equal([
      ['192.0.2.51:27015', 'favourite'],
    ]);
  });

  it('has news only of what looks different: neither of times nor of a ping that trembles', () => {
    join();
    directory.answered(FIRST, answer(), 100);
    expect(directory.takeChanges().upserts).to.have.lengthOf(1);
    directory.answered(FIRST, answer(), 108);
    expect(directory.takeChanges().upserts).to.have.lengthOf(0);
    directory.answered(FIRST, answer(), 140);
    expect(directory.takeChanges().upserts).to.have.lengthOf(1);
    directory.answered(FIRST, answer({ players: 8 }), 140);
    expect(directory.takeChanges().upserts).to.have.lengthOf(1);
  });

  it('keeps no more of a text than a list can show', () => {
    join();
    directory.answered(FIRST, answer({ name: 'x'.repeat(60_000), map: 'y'.repeat(60_000) }), 1);
    expect(line()?.name).to.have.lengthOf(256);
    expect(line()?.map).to.have.lengthOf(256);
  });

  it('lists neither outdated servers nor those of a local network', () => {
    table.upsert(at(FIRST), described(), { whitelisted: false, outdated: true });
    join('192.0.2.2:27015', { lan: true });
    expect(directory.size).to.equal(0);
  });
});
