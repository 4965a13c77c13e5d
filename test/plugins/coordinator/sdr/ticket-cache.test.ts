import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeHostedRoute } from '../../../../plugins/coordinator/sdr/hosted-address-codec.js';
import { issueRelayTicket } from '../../../../plugins/coordinator/sdr/relay-ticket.js';
import { TicketCache } from '../../../../plugins/coordinator/sdr/ticket-cache.js';
import { NOW, testKey } from '../credentials.js';

const route = encodeHostedRoute({ pop: 'fra', address: PeerAddress.of('192.0.2.1', 5) });
const ticket = (server: string, hours: number, virtualPort?: number) =>
  issueRelayTicket(
    testKey('signer'),
    [],
    {
      appId: 730,
      client: 'str:alice',
      server,
      expiresAt: NOW + hours * 3600,
      extra: [],
      route,
      ...(virtualPort === undefined ? {} : { virtualPort }),
    },
    NOW,
  );

describe('ticket cache', () => {
  let folder = '';
  let clock: FakeClock;
  const open = () => TicketCache.open(join(folder, 'tickets.json'), clock);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-tickets-'));
    clock = new FakeClock(NOW * 1000);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('finds a ticket by server and virtual port, and says how long it lasts', async () => {
    const cache = await open();
    await cache.add(ticket('str:gs', 6, 7));
    expect(cache.find('str:gs', 7)?.secondsLeft).to.equal(6 * 3600);
    expect(cache.find('str:gs', 8)).to.equal(undefined);
    expect(cache.find('str:other', 7)).to.equal(undefined);
  });

  it('survives a restart, so that a player reconnects without the coordinator', async () => {
    const bytes = ticket('str:gs', 6);
    await (await open()).add(bytes);
    const found = (await open()).find('str:gs', 3);
    expect(found?.bytes).to.deep.equal(bytes);
    expect(found?.ticket.client).to.equal('str:alice');
  });

  it('keeps a ticket whose memory is overwritten afterwards', async () => {
    const bytes = ticket('str:gs', 6);
    const memory = Buffer.from(bytes);
    const cache = await open();
    await cache.add(memory);
    memory.fill(0xff);
    expect(cache.find('str:gs', 3)?.bytes).to.deep.equal(bytes);
  });

  it('shows nothing of the route', async () => {
    const cache = await open();
    expect(await cache.add(ticket('str:gs', 1))).to.not.have.property('route');
    expect(cache.find('str:gs', 0)?.ticket).to.not.have.property('route');
  });

  it('takes of several the one that expires last', async () => {
    const cache = await open();
    for (const hours of [2, 6, 4]) await cache.add(ticket('str:gs', hours));
    expect(cache.find('str:gs', 0)?.secondsLeft).to.equal(6 * 3600);
  });

  it('forgets what has expired', async () => {
    const cache = await open();
    await cache.add(ticket('str:gs', 1));
    clock.jump(3600_000);
    expect(cache.find('str:gs', 0)).to.equal(undefined);
    await cache.add(ticket('str:other', 2));
    expect(cache.size).to.equal(1);
  });

  it('keeps the same ticket once, and at most 256', async () => {
    const cache = await open();
    const bytes = ticket('str:gs', 6);
    await cache.add(bytes);
    await cache.add(bytes);
    expect(cache.size).to.equal(1);
    for (let i = 0; i < 258; i++) await cache.add(ticket(`str:s${i}`, 5));
    expect(cache.size).to.equal(256);
    expect((await open()).size).to.equal(256);
  });

  it('lies in a file of its owner, replaced in one step', async () => {
    await (await open()).add(ticket('str:gs', 6));
    expect(readdirSync(folder)).to.deep.equal(['tickets.json']);
    expect(statSync(join(folder, 'tickets.json')).mode & 0o777).to.equal(0o600);
  });

  it('loses only the entries that are damaged', async () => {
    const good = Buffer.from(ticket('str:gs', 6)).toString('base64');
    writeFileSync(
      join(folder, 'tickets.json'),
      JSON.stringify({ format: 1, tickets: ['***', 5, good, 'AAAA'] }),
    );
    expect((await open()).size).to.be.within(1, 2);
    expect((await open()).find('str:gs', 0)).to.not.equal(undefined);
  });

  it('refuses a file that is something else, and tickets that are none', async () => {
    const code = async (call: Promise<unknown>) =>
      call.then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
    expect(await code((await open()).add(Uint8Array.of(255)))).to.equal('TICKET_MALFORMED');
    for (const text of ['nonsense', 'null', '{"format":2,"tickets":[]}']) {
      writeFileSync(join(folder, 'tickets.json'), text);
      expect(await code(open())).to.equal('TICKET_CACHE');
    }
  });
});
