import { AddressRanges, ChallengeIssuer } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { AddressMap } from '../../../server-browser/master/address-map.js';
import {
  encodeGameServerMessage,
  type MasterMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import { MasterEngine, type MasterRules } from '../../../server-browser/master/master-engine.js';
import { at, tableOf } from './build.js';

const nowhere = { ipv4: null, ipv6: null };

const build = (rules: Partial<MasterRules> = {}, limits = {}) => {
  const clock = new FakeClock();
  const table = tableOf(clock, limits);
  const refused: string[] = [];
  const engine = new MasterEngine(
    clock,
    new ChallengeIssuer(clock, 60_000),
    table,
    {
      deny: new AddressRanges([]),
      allow: new AddressRanges([]),
      white: new AddressRanges([]),
      addressMap: new AddressMap(new Map(), nowhere),
      isBanned: () => false,
      allowsLoopback: () => true,
      minVersion: new Map(),
      joinsPerSecond: undefined,
      ...rules,
    },
    { note: (address, reason) => refused.push(`${address} ${reason}`) },
  );
  const challengeFor = (from: string): number => {
    const [answer] = engine.receive(at(from), { kind: 'challenge-request', echo: null }, false);
    return answer?.kind === 'challenge' ? answer.challenge : 0;
  };
  /** A join as the endpoint passes it on: proven or not, as its bytes say. */
  const join = (
    from: string,
    values: Record<string, string> = {},
    challenge = String(challengeFor(from)),
  ): readonly MasterMessage[] => {
    const message = {
      kind: 'join',
      values: new Map(Object.entries({ protocol: '7', challenge, ...values })),
    } as const;
    const proven = engine.proves(at(from), encodeGameServerMessage(message));
    return engine.receive(at(from), message, proven);
  };
  return { clock, table, engine, refused, challengeFor, join };
};

describe('master engine', () => {
  const server = '192.0.2.1:27015';

  it('gives a challenge between 1 and 2^31-1, with the echo that was asked for', () => {
    const { engine } = build();
    const [answer] = engine.receive(at(server), { kind: 'challenge-request', echo: 7 }, false);
    expect(answer).to.include({ kind: 'challenge', echo: 7 });
    if (answer?.kind === 'challenge') expect(answer.challenge).to.be.within(1, 0x7fffffff);
  });

  it('answers a start of the oldest servers with the same challenge', () => {
    const { engine, challengeFor } = build();
    expect(engine.receive(at(server), { kind: 'start' }, false)).to.deep.equal([
      { kind: 'start-answer', challenge: challengeFor(server) },
    ]);
  });

  it('registers a server under the source of its join, never under an address from its text', () => {
    const { table, join } = build();
    expect(
      join(server, {
        gamedir: 'cstrike',
        address: '203.0.113.9:1',
        addr: '203.0.113.9',
        white: '1',
      }),
    ).to.deep.equal([]);
    const registration = table.find(at(server));
    expect(registration).to.include({ modDir: 'cstrike', whitelisted: false });
    expect(table.size).to.equal(1);
  });

  it('keeps silent and changes nothing for a wrong, missing or foreign challenge', () => {
    const { table, join, challengeFor, refused } = build();
    for (const challenge of [
      '1',
      '',
      'x',
      '-5',
      ` ${challengeFor(server)}`,
      String(challengeFor('192.0.2.1:27016')),
    ]) {
      expect(join(server, {}, challenge)).to.deep.equal([]);
    }
    expect(table.size).to.equal(0);
    expect(new Set(refused)).to.deep.equal(new Set([`${server} challenge`]));
  });

  it('accepts a challenge for at least 60 s and at most 120 s', async () => {
    const { clock, table, join, challengeFor } = build();
    const challenge = String(challengeFor(server));
    await clock.advance(59_000);
    join(server, {}, challenge);
    expect(table.size).to.equal(1);
    table.remove(at(server));
    await clock.advance(61_000);
    join(server, {}, challenge);
    expect(table.size).to.equal(0);
  });

  it('clamps numbers and ignores what it cannot read', () => {
    const { table, join } = build();
    join(server, {
      players: '300',
      max: '-4',
      bots: 'many',
      appid: '4294967296',
      region: '9',
      os: 'x',
      type: 'z',
      gameport: '70000',
      specport: '0',
    });
    expect(table.find(at(server))).to.include({
      players: 255,
      maxPlayers: 0,
      bots: 0,
      appId: 4294967295,
      region: 255,
      os: '',
      serverType: '',
      gamePort: 65535,
      spectatorPort: null,
    });
  });

  it('reads every key of a join', () => {
    const { table, join } = build();
    join(server, {
      players: '3',
      max: '16',
      bots: '1',
      gamedir: 'cstrike',
      map: 'de_dust2',
      password: '1',
      os: 'w',
      lan: '0',
      region: '3',
      dedicated: '1',
      secure: '1',
      version: '1.0.0.70',
      product: 'css',
      appid: '240',
      gametype: 'a,b',
      gameport: '27016',
      specport: '27020',
      nat: '1',
      hostname: 'Name',
      gamedata: 'x,y',
    });
    expect(table.find(at(server))).to.include({
      protocol: 7,
      players: 3,
      maxPlayers: 16,
      bots: 1,
      modDir: 'cstrike',
      map: 'de_dust2',
      password: true,
      os: 'w',
      lan: false,
      region: 3,
      serverType: 'd',
      secure: true,
      version: '1.0.0.70',
      product: 'css',
      appId: 240,
      tags: 'a,b',
      gamePort: 27016,
      spectatorPort: 27020,
      nat: true,
      name: 'Name',
      gameData: 'x,y',
    });
  });

  it('keeps no half character of a name that is too long', () => {
    const { table, join } = build();
    join(server, { hostname: `x${'🎮'.repeat(200)}` });
    expect(table.find(at(server))?.name).to.equal(`x${'🎮'.repeat(127)}`);
  });

  it('removes on a shutdown only the server of exactly that address and port', () => {
    const { engine, table, join } = build();
    join(server);
    engine.receive(at('192.0.2.1:27016'), { kind: 'shutdown' }, false);
    engine.receive(at('192.0.2.2:27015'), { kind: 'shutdown' }, false);
    expect(table.size).to.equal(1);
    engine.receive(at(server), { kind: 'shutdown' }, false);
    expect(table.size).to.equal(0);
  });

  it('refuses denied sources, and all but the allowed ones', () => {
    const denying = build({ deny: new AddressRanges(['192.0.2.0/24', '2001:db8::/32']) });
    for (const from of [server, '[2001:db8::1]:1', '192.0.3.1:1', '[2001:db9::1]:1'])
      denying.join(from);
    expect(denying.table.size).to.equal(2);
    expect(denying.refused).to.deep.equal([`${server} denied`, '[2001:db8::1]:1 denied']);
    const allowing = build({ allow: new AddressRanges(['192.0.2.1/32']) });
    for (const from of [server, '192.0.2.2:1']) allowing.join(from);
    expect(allowing.table.size).to.equal(1);
  });

  it('refuses loopback sources unless they are allowed', () => {
    const { table, join, refused } = build({ allowsLoopback: () => false });
    join('127.0.0.1:27015');
    join('[::1]:27015');
    expect(table.size).to.equal(0);
    expect(refused).to.deep.equal(['127.0.0.1:27015 loopback', '[::1]:27015 loopback']);
    join(server);
    expect(table.size).to.equal(1);
  });

  it('lists a server of the local network under the address that the operator names', () => {
    const addressMap = new AddressMap(new Map([['10.1.0.0/16', '203.0.113.7']]), {
      ipv4: '203.0.113.1',
      ipv6: null,
    });
    const { engine, table, join } = build({ addressMap, allowsLoopback: () => false });
    join('10.1.2.3:27015');
    join('127.0.0.1:27016');
    join('192.168.1.1:27017');
    join(server);
    const listed: string[] = [];
    table.scan({ family: 'ipv4' }, ({ address }) => listed.push(address.toString()) > 0);
    expect(listed).to.deep.equal([
      server,
      '203.0.113.1:27016',
      '203.0.113.1:27017',
      '203.0.113.7:27015',
    ]);
    engine.receive(at('10.1.2.3:27015'), { kind: 'shutdown' }, false);
    expect(table.size).to.equal(3);
  });

  it('refuses more servers of an address than the limit', () => {
    const { table, join, refused } = build({}, { perAddress: 2 });
    for (const port of [1, 2, 3]) join(`192.0.2.1:${port}`);
    expect(table.size).to.equal(2);
    expect(refused).to.deep.equal(['192.0.2.1:3 address-full']);
  });

  it('whitelists servers of the ranges that the operator names', () => {
    const { table, join } = build({ white: new AddressRanges(['192.0.2.1']) });
    join(server);
    expect(table.find(at(server))?.whitelisted).to.equal(true);
  });

  it('tells an outdated server to update, at most every 5 minutes, and marks it', async () => {
    const { clock, table, join, challengeFor } = build({
      minVersion: new Map([['css', '1.0.0.71']]),
    });
    const values = { product: 'css', version: '1.0.0.70' };
    const notice = [
      { kind: 'print', text: 'Your server is out of date, please upgrade' },
      { kind: 'restart-request', challenge: challengeFor(server) },
    ];
    expect(join(server, values)).to.deep.equal(notice);
    expect(table.find(at(server))?.outdated).to.equal(true);
    await clock.advance(200_000);
    expect(join(server, values)).to.deep.equal([]);
    await clock.advance(100_000);
    expect(join(server, values)).to.have.lengthOf(2);
    expect(join(server, { ...values, version: '1.0.0.71' })).to.deep.equal([]);
    expect(table.find(at(server))?.outdated).to.equal(false);
  });

  it('says nothing about versions to a server without the right challenge', () => {
    const { join } = build({ minVersion: new Map([['valve', '0.21']]) });
    expect(join(server, { gamedir: 'valve', version: '0.19' }, '5')).to.deep.equal([]);
    expect(join(server, { gamedir: 'valve', version: '0.19' })).to.have.lengthOf(2);
  });

  it('limits the joins of a /24, without touching others', async () => {
    const { clock, engine } = build({ joinsPerSecond: 2 });
    let taken = 0;
    while (engine.mayJoin(at(server)) && taken < 10_000) taken++;
    expect(taken).to.equal(512);
    expect(engine.mayJoin(at('192.0.2.77:1'))).to.equal(false);
    expect(engine.mayJoin(at('192.0.3.1:1'))).to.equal(true);
    await clock.advance(500);
    expect(engine.mayJoin(at(server))).to.equal(true);
  });
});
