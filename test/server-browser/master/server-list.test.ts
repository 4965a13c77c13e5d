import type { PeerAddress } from 'beaconry';
import { FakeClock, hex } from 'beaconry/testing';
import { expect } from 'chai';
import {
  decodeListPage,
  decodeListRequest,
  encodeListRequest,
  LIST_START,
} from '../../../server-browser/a2s-query/list-codec.js';
import type { RegistrationTable } from '../../../server-browser/master/registration-table.js';
import { type ListAnswer, ServerList } from '../../../server-browser/master/server-list.js';
import { at, described, tableOf, usual } from './build.js';
import { vector } from './master-vectors.js';

/** On this machine, from where everything can be reached. */
const client = at('127.0.0.1:27005');
const client6 = at('[2001:db8::9]:27005');

const listOf = (table: RegistrationTable, clock = new FakeClock()): ServerList =>
  new ServerList(table, clock, { answers: true, nat: true, searchesPerSecond: undefined });

/** The master's answer to a request as it comes from the wire. */
const answerTo = (
  servers: ServerList,
  filter: string,
  { region = 255, after = LIST_START as { host: string; port: number }, from = client } = {},
): ListAnswer => {
  const request = decodeListRequest(encodeListRequest({ region, after, filter }));
  const answer = servers.answer(from, request);
  if (typeof answer === 'string') throw new Error(answer);
  return answer;
};

/** What a paging client collects, with the number of pages. */
const collect = (
  servers: ServerList,
  filter = '',
  from: PeerAddress = client,
  between?: () => void,
): { addresses: string[]; pages: number } => {
  const addresses: string[] = [];
  let after: { host: string; port: number } = LIST_START;
  for (let pages = 1; pages < 1000; pages++) {
    const [bytes] = answerTo(servers, filter, { after, from }).pages;
    const page = decodeListPage(bytes as Uint8Array, { ipv6: !from.isIPv4 });
    addresses.push(...page.servers.map(({ host, port }) => `${host}:${port}`));
    if (page.last) return { addresses, pages };
    after = page.servers.at(-1) ?? LIST_START;
    between?.();
  }
  throw new Error('the list does not end');
};

describe('server list', () => {
  it('answers with one server and the end mark', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('127.0.0.1:27015'), described(), usual);
    expect(answerTo(listOf(table), '').pages).to.deep.equal([vector('list_reply')]);
  });

  it('answers an empty list with the end mark alone', () => {
    expect(answerTo(listOf(tableOf(new FakeClock())), '').pages).to.deep.equal([
      hex`FFFFFFFF 660A 00000000 0000`,
    ]);
  });

  for (const name of ['list_all', 'list_filtered', 'list_quakestat', 'list_page2']) {
    it(`understands the captured request ${name}`, () => {
      const request = decodeListRequest(vector(name));
      expect(encodeListRequest(request)).to.deep.equal(vector(name));
      expect(listOf(tableOf(new FakeClock())).answer(client, request)).to.be.an('object');
    });
  }

  it('understands the broken second page of quakestat', () => {
    expect(decodeListRequest(vector('list_quakestat_page2_bug'))).to.deep.equal({
      region: 255,
      after: { host: '127.66.2.31', port: 27015 },
      filter: '',
    });
  });

  it('understands a filter without its last zero, as old Xash3D engines send it', () => {
    const request = decodeListRequest(hex`31 FF "0.0.0.0:0" 00 "\\\\gamedir\\\\valve"`);
    expect(request.filter).to.equal('\\gamedir\\valve');
  });

  it('repeats the key of a Xash3D client', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('127.0.0.1:27015'), described(), usual);
    expect(answerTo(listOf(table), '\\key\\deadbeef').pages).to.deep.equal([
      vector('list_reply_xash_key'),
    ]);
  });

  it('passes exactly the servers that a filter wants', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described({ modDir: 'cstrike', players: 3 }), usual);
    table.upsert(at('192.0.2.2:1'), described({ modDir: 'cstrike', players: 0 }), usual);
    table.upsert(at('192.0.2.3:1'), described({ modDir: 'tf', players: 3 }), usual);
    const { filter } = decodeListRequest(vector('list_quakestat'));
    expect(collect(listOf(table), filter).addresses).to.deep.equal(['192.0.2.1:1']);
  });

  it('lists one server of each address when asked to collapse, after filtering', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described({ map: 'other' }), usual);
    for (const port of [2, 3, 4]) table.upsert(at(`192.0.2.1:${port}`), described(), usual);
    table.upsert(at('192.0.2.2:1'), described(), usual);
    expect(
      collect(listOf(table), '\\collapse_addr_hash\\1\\map\\de_dust2').addresses,
    ).to.deep.equal(['192.0.2.1:2', '192.0.2.2:1']);
    const next = answerTo(listOf(table), '\\collapse_addr_hash\\1', {
      after: { host: '192.0.2.1', port: 2 },
    });
    expect(decodeListPage(next.pages[0] as Uint8Array).servers).to.deep.equal([
      { host: '192.0.2.2', port: 1 },
    ]);
  });

  it('collapses only the servers of the region', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described({ region: 4 }), usual);
    table.upsert(at('192.0.2.1:2'), described({ region: 3 }), usual);
    const [page] = answerTo(listOf(table), '\\collapse_addr_hash\\1', { region: 3 }).pages;
    expect(decodeListPage(page as Uint8Array).servers).to.deep.equal([
      { host: '192.0.2.1', port: 2 },
    ]);
  });

  it('lists a region with the servers of the world, and everything for other values', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described({ region: 3 }), usual);
    table.upsert(at('192.0.2.2:1'), described({ region: 4 }), usual);
    table.upsert(at('192.0.2.3:1'), described({ region: 255 }), usual);
    const counts = [0, 3, 4, 8, 254, 255].map((region) => {
      const [page] = answerTo(listOf(table), '', { region }).pages;
      return decodeListPage(page as Uint8Array).servers.length;
    });
    expect(counts).to.deep.equal([1, 2, 2, 3, 3, 3]);
  });

  it('hides servers of a local network, unless a Xash3D client asks for them', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described({ lan: true }), usual);
    expect(collect(listOf(table)).addresses).to.deep.equal([]);
    expect(collect(listOf(table), '\\lan\\1').addresses).to.deep.equal([]);
    expect(collect(listOf(table), '\\clver\\0.21\\lan\\1').addresses).to.deep.equal([
      '192.0.2.1:1',
    ]);
  });

  it('hides outdated servers', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described(), { ...usual, outdated: true });
    expect(collect(listOf(table)).addresses).to.deep.equal([]);
  });

  it('lists servers of the family of the client, IPv6 in entries of 18 bytes', () => {
    const table = tableOf(new FakeClock());
    table.upsert(at('192.0.2.1:1'), described(), usual);
    table.upsert(at('[2001:db8::1]:27015'), described(), usual);
    expect(collect(listOf(table)).addresses).to.deep.equal(['192.0.2.1:1']);
    expect(answerTo(listOf(table), '', { from: client6 }).pages).to.deep.equal([
      hex`FFFFFFFF 660A
        20010DB8000000000000000000000001 6987
        00000000000000000000000000000000 0000`,
    ]);
  });

  it('never sends more than 1392 bytes in one packet', () => {
    const table = tableOf(new FakeClock());
    for (let i = 0; i < 300; i++) {
      table.upsert(at(`10.0.${i >> 8}.${i & 255}:1`), described(), usual);
      table.upsert(at(`[2001:db8::${i.toString(16)}]:1`), described(), usual);
    }
    const servers = listOf(table);
    for (const from of [client, client6]) {
      for (const filter of ['', '\\key\\1', '\\clver\\1']) {
        for (const page of answerTo(servers, filter, { from }).pages) {
          expect(page.length).to.be.at.most(1392);
        }
      }
    }
    expect(answerTo(servers, '').pages[0]).to.have.lengthOf(1392);
    expect(collect(servers, '', client6).addresses).to.have.lengthOf(300);
  });

  for (const count of [230, 231, 232, 461, 462, 463]) {
    it(`pages ${count} servers without losing or repeating one`, () => {
      const table = tableOf(new FakeClock());
      for (let i = 0; i < count; i++)
        table.upsert(at(`10.0.${i >> 8}.${i & 255}:1`), described(), usual);
      const { addresses, pages } = collect(listOf(table));
      expect(new Set(addresses).size).to.equal(count);
      expect(addresses).to.have.lengthOf(count);
      expect(pages).to.equal(Math.floor(count / 231) + 1);
    });
  }

  it('shows every server that stays exactly once while others come and go between pages', () => {
    const table = tableOf(new FakeClock());
    const address = (i: number) => at(`10.${i % 7}.${i >> 8}.${i & 255}:${1 + (i % 3)}`);
    for (let i = 0; i < 2000; i++) table.upsert(address(i), described(), usual);
    let step = 0;
    const { addresses } = collect(listOf(table), '', client, () => {
      for (let i = 0; i < 50; i++) {
        const going = (step * 50 + i) * 4;
        table.remove(address(going % 2000));
        table.upsert(at(`10.${i % 7}.200.${(step * 50 + i) & 255}:9`), described(), usual);
      }
      step++;
    });
    const counts = new Map<string, number>();
    for (const seen of addresses) counts.set(seen, (counts.get(seen) ?? 0) + 1);
    for (let i = 0; i < 2000; i++) {
      if (i % 4 !== 0) expect(counts.get(address(i).toString())).to.equal(1);
    }
    expect(Math.max(...counts.values())).to.equal(1);
  });

  it('sends a Xash3D client everything at once, at most 8 packets, each with the end mark', () => {
    const table = tableOf(new FakeClock());
    for (let i = 0; i < 2500; i++)
      table.upsert(at(`10.0.${i >> 8}.${i & 255}:1`), described(), usual);
    const { pages } = answerTo(listOf(table), '\\clver\\0.21\\nat\\0');
    expect(pages).to.have.lengthOf(8);
    const decoded = pages.map((page) => decodeListPage(page));
    expect(decoded.every(({ last, servers }) => last && servers.length === 230)).to.equal(true);
    expect(
      new Set(decoded.flatMap(({ servers }) => servers.map(({ host }) => host))).size,
    ).to.equal(1840);
  });

  it('names the servers behind NAT that should hear of the client, at most 32', () => {
    const table = tableOf(new FakeClock());
    for (let i = 0; i < 50; i++) table.upsert(at(`10.0.0.${i}:1`), described({ nat: true }), usual);
    table.upsert(at('9.0.0.1:1'), described(), usual);
    expect(answerTo(listOf(table), '\\clver\\0.21\\nat\\1').connect).to.have.lengthOf(32);
    expect(answerTo(listOf(table), '\\clver\\0.21\\nat\\0').connect).to.have.lengthOf(0);
    expect(answerTo(listOf(table), '\\nat\\1').connect).to.have.lengthOf(0);
  });

  it('answers from what it kept until the table changes', () => {
    const table = tableOf(new FakeClock());
    const servers = listOf(table);
    table.upsert(at('192.0.2.1:1'), described(), usual);
    const first = answerTo(servers, '');
    expect(answerTo(servers, '')).to.equal(first);
    table.upsert(at('192.0.2.2:1'), described(), usual);
    expect(collect(servers).addresses).to.deep.equal(['192.0.2.1:1', '192.0.2.2:1']);
  });

  it('lists no server whose time is over, kept answers included', async () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    const servers = listOf(table, clock);
    table.upsert(at('192.0.2.1:1'), described(), usual);
    expect(collect(servers).addresses).to.have.lengthOf(1);
    await clock.advance(300_000);
    expect(collect(servers).addresses).to.have.lengthOf(0);
  });

  it('refuses a filter past the limits', () => {
    const servers = listOf(tableOf(new FakeClock()));
    const request = { region: 255, after: LIST_START, filter: '\\a\\1'.repeat(65) };
    expect(servers.answer(client, request)).to.equal('filter');
  });

  it('searches only so much each second, and goes on answering what it kept', async () => {
    const clock = new FakeClock();
    const table = tableOf(clock);
    for (let i = 0; i < 100; i++) table.upsert(at(`10.0.0.${i}:1`), described(), usual);
    const servers = new ServerList(table, clock, {
      answers: true,
      nat: false,
      searchesPerSecond: undefined,
      workPerSecond: 1000,
    });
    const ask = (map: number) =>
      servers.answer(client, { region: 255, after: LIST_START, filter: `\\map\\${map}` });
    const results = Array.from({ length: 7 }, (_, i) => typeof ask(i));
    expect(results.filter((result) => result === 'object')).to.have.lengthOf(3);
    expect(ask(6)).to.equal('search');
    expect(ask(0)).to.be.an('object');
    await clock.advance(1000);
    expect(ask(6)).to.be.an('object');
  });

  it('lets one /24 search only so often, without touching others', () => {
    const clock = new FakeClock();
    const servers = new ServerList(tableOf(clock), clock, {
      answers: true,
      nat: false,
      searchesPerSecond: 1,
    });
    const ask = (from: PeerAddress, map: number) =>
      typeof servers.answer(from, { region: 255, after: LIST_START, filter: `\\map\\${map}` });
    for (let i = 0; i < 128; i++) expect(ask(client, i)).to.equal('object');
    expect(ask(client, 128)).to.equal('string');
    expect(ask(at('203.0.113.1:1'), 128)).to.equal('object');
  });
});
