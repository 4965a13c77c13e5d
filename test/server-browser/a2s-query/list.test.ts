import {
  decodeListPage,
  decodeListRequest,
  encodeListPage,
  encodeListRequest,
  LIST_START,
  ListClient,
  type ListOptions,
  QueryError,
  Region,
  type ServerAddress,
} from 'beaconry/a2s-query';
import { FakeClock, hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { byte, cText, survivesRandomBytes, survivesTruncation } from './codec-properties.js';
import { MemorySocket } from './memory-socket.js';
import { vector } from './vectors.js';

const local: ServerAddress = { host: '127.0.0.1', port: 27015 };

describe('list codec', () => {
  const requests = {
    list_all: { region: Region.world, after: LIST_START, filter: '' },
    list_filtered: {
      region: Region.europe,
      after: LIST_START,
      filter: '\\appid\\730\\empty\\1\\nor\\2\\map\\de_dust2\\white\\1\\gametype\\a,b',
    },
    list_quakestat: {
      region: Region.europe,
      after: LIST_START,
      filter: '\\gamedir\\cstrike\\empty\\1\\type\\d',
    },
    list_page2: {
      region: Region.world,
      after: { host: '127.66.2.31', port: 27015 },
      filter: '\\gamedir\\fleet',
    },
  };
  for (const [name, request] of Object.entries(requests)) {
    it(`reads and writes the vector ${name}`, () => {
      expect(decodeListRequest(vector(name, 'master'))).to.deep.equal(request);
      expect(encodeListRequest(request)).to.deep.equal(vector(name, 'master'));
    });
  }

  it('reads the second page as quakestat asks for it', () => {
    expect(decodeListRequest(vector('list_quakestat_page2_bug', 'master'))).to.deep.equal({
      region: Region.world,
      after: { host: '127.66.2.31', port: 27015 },
      filter: '',
    });
  });

  it('reads a filter without its terminating zero', () => {
    const bytes = vector('list_page2', 'master').slice(0, -1);
    expect(decodeListRequest(bytes).filter).to.equal('\\gamedir\\fleet');
  });

  it('reads and writes the vector list_reply', () => {
    const page = { servers: [local], last: true };
    expect(decodeListPage(vector('list_reply', 'master'))).to.deep.equal(page);
    expect(encodeListPage(page)).to.deep.equal(vector('list_reply', 'master'));
  });

  it('reads and writes the answer to a key of Xash3D', () => {
    const page = { servers: [local], last: true, key: 0xdeadbeef };
    const bytes = vector('list_reply_xash_key', 'master');
    expect(decodeListPage(bytes, { keyed: true })).to.deep.equal(page);
    expect(encodeListPage(page)).to.deep.equal(bytes);
  });

  it('takes 127.x for an address where no key was sent', () => {
    const page = { servers: [{ host: '127.0.0.1', port: 27144 }], last: true };
    expect(decodeListPage(encodeListPage(page))).to.deep.equal(page);
  });

  it('reads and writes entries of IPv6', () => {
    const page = {
      servers: [
        { host: '2001:db8::17', port: 27015 },
        { host: '::1', port: 1 },
        { host: '1:2:3:4:5:6:7:8', port: 65535 },
      ],
      last: true,
    };
    expect(encodeListPage(page, true)).to.deep.equal(hex`
      ffffffff 66 0a
      20010db8000000000000000000000017 6987
      00000000000000000000000000000001 0001
      00010002000300040005000600070008 ffff
      00000000000000000000000000000000 0000
    `);
    expect(decodeListPage(encodeListPage(page, true), { ipv6: true })).to.deep.equal(page);
  });

  it('keeps everything on the way there and back', () => {
    const address = fc.record({
      host: fc.ipV4(),
      port: fc.integer({ min: 1, max: 65535 }),
    });
    const page = fc.record({ servers: fc.array(address, { maxLength: 231 }), last: fc.boolean() });
    fc.assert(
      fc.property(page, byte, address, cText(), (page, region, after, filter) => {
        expect(decodeListPage(encodeListPage(page))).to.deep.equal(page);
        const request = { region, after, filter };
        expect(decodeListRequest(encodeListRequest(request))).to.deep.equal(request);
      }),
    );
  });

  it('survives truncation at every length and random bytes', () => {
    const keyed = (bytes: Uint8Array) => decodeListPage(bytes, { keyed: true });
    survivesTruncation(vector('list_reply_xash_key', 'master'), keyed);
    survivesTruncation(vector('list_filtered', 'master'), decodeListRequest);
    survivesRandomBytes(hex`ffffffff 66 0a`, decodeListPage);
    survivesRandomBytes(hex`ffffffff 66 0a 7f`, keyed);
    survivesRandomBytes(hex`31 ff`, decodeListRequest);
  });
});

describe('ListClient', () => {
  const master: ServerAddress = { host: '192.0.2.53', port: 27011 };
  const all = Array.from({ length: 500 }, (_, i) => ({
    host: `198.51.${100 + (i >> 8)}.${i & 255}`,
    port: 27015,
  }));
  let clock: FakeClock;
  let socket: MemorySocket;
  beforeEach(() => {
    clock = new FakeClock();
    socket = new MemorySocket();
  });
  afterEach(() => {
    expect(clock.pending).to.equal(0);
    expect(socket.listeners).to.equal(0);
  });

  const read = async (options: ListOptions = {}) => {
    const servers: ServerAddress[] = [];
    let code = 'ended';
    const reading = (async () => {
      try {
        for await (const server of new ListClient(socket, clock).servers(master, options)) {
          servers.push(server);
        }
      } catch (error) {
        code = error instanceof QueryError ? error.code : String(error);
      }
    })();
    await clock.advance(0);
    await clock.advance(60_000);
    await reading;
    return { servers, code };
  };

  /** Pages of 231 entries behind the one that was named; `overlap` repeats that one, as Valve's perhaps did. */
  const serveList = (overlap = 0) =>
    socket.serve(master, (question, answer) => {
      const { after } = decodeListRequest(question);
      const found = all.findIndex(({ host }) => host === after.host);
      const start = found === -1 ? 0 : found + 1 - overlap;
      const servers = all.slice(start, start + 231);
      answer(encodeListPage({ servers, last: start + 231 >= all.length }));
    });

  it('reads page after page to the end mark, from one socket', async () => {
    serveList();
    expect(await read({ filter: '\\map\\x', region: 3 })).to.deep.equal({
      servers: all,
      code: 'ended',
    });
    const asked = socket.sent.map(({ bytes }) => decodeListRequest(bytes));
    expect(asked.map(({ filter, region }) => filter + region)).to.deep.equal(
      new Array(3).fill('\\map\\x3'),
    );
    expect(asked[1]?.after).to.deep.equal(all[230]);
  });

  it('yields each server once when pages overlap', async () => {
    serveList(1);
    expect((await read()).servers).to.deep.equal(all);
  });

  it('ends with an empty list', async () => {
    socket.serve(master, (_question, answer) =>
      answer(encodeListPage({ servers: [], last: true })),
    );
    expect(await read()).to.deep.equal({ servers: [], code: 'ended' });
  });

  it('asks for a lost page again', async () => {
    let asked = 0;
    socket.serve(master, (_question, answer) => {
      if (++asked === 3) answer(encodeListPage({ servers: all.slice(0, 3), last: true }));
    });
    expect((await read()).servers).to.have.length(3);
  });

  it('gives up on a master that is silent, and keeps what came before', async () => {
    socket.serve(master, (question, answer) => {
      if (decodeListRequest(question).after.port !== 0) return;
      answer(encodeListPage({ servers: all.slice(0, 3), last: false }));
    });
    const { servers, code } = await read({ retries: 1 });
    expect([servers.length, code, socket.sent.length]).to.deep.equal([3, 'TIMEOUT', 3]);
  });

  it('ends when a master sends the same pages in circles', async () => {
    let asked = 0;
    socket.serve(master, (_question, answer) => {
      const start = (asked++ % 2) * 10;
      answer(encodeListPage({ servers: all.slice(start, start + 10), last: false }));
    });
    const { servers, code } = await read();
    expect([servers.length, code, asked]).to.deep.equal([20, 'NO_END', 3]);
  });

  it('ends at the limit of pages when a master never ends', async () => {
    let port = 1;
    socket.serve(master, (_question, answer) => {
      const servers = Array.from({ length: 10 }, () => ({ host: '203.0.113.1', port: port++ }));
      answer(encodeListPage({ servers, last: false }));
    });
    const { servers, code } = await read({ pages: 20 });
    expect([servers.length, code]).to.deep.equal([200, 'NO_END']);
  });

  it('passes over second copies of the page before', async () => {
    const answers: Uint8Array[] = [];
    socket.serve(master, (question, answer) => {
      const { after } = decodeListRequest(question);
      const start = after.port === 0 ? 0 : 10;
      answers.push(encodeListPage({ servers: all.slice(start, start + 10), last: start === 10 }));
      for (const page of answers) answer(page);
    });
    const { servers, code } = await read();
    expect([servers.length, code]).to.deep.equal([20, 'ended']);
  });

  it('hears only the master that was asked', async () => {
    const reading = read({ retries: 0 });
    const page = encodeListPage({ servers: [local], last: true });
    socket.deliver(page, { ...master, port: 1 });
    socket.deliver(page, local);
    socket.deliver(hex`ffffffff 66 0a 01`, master);
    expect((await reading).code).to.equal('TIMEOUT');
  });
});
