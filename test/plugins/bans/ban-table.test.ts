import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { Community, LeapingClock } from './ban-rig.js';

const at = (text: string): PeerAddress => PeerAddress.parse(text) ?? new PeerAddress();
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const said = { reason: 'cheats', by: 'somebody' };
const day = 86_400_000;

describe('BanTable', () => {
  it('keeps out a range of addresses, of either family, and nobody beside it', async () => {
    const { table } = await new Community().node();
    await table.add({ ...said, subject: '192.0.2.0/24' });
    await table.add({ ...said, subject: '2001:db8::/32' });
    const banned = ['192.0.2.0:1', '192.0.2.255:9', '[2001:db8:ffff::1]:1', '[::ffff:192.0.2.7]:1'];
    const free = ['192.0.1.255:1', '192.0.3.0:1', '[2001:db9::]:1'];
    expect(banned.filter((text) => !table.isAddressBanned(at(text)))).deep.equal([]);
    expect(free.filter((text) => table.isAddressBanned(at(text)))).deep.equal([]);
  });

  it('does not keep IPv4 out by a ban of all IPv6 addresses, nor the other way', async () => {
    const { table } = await new Community().node();
    await table.add({ ...said, subject: '::/0' });
    expect(table.isAddressBanned(at('192.0.2.1:1'))).equal(false);
    await table.remove('::/0');
    await table.add({ ...said, subject: '0.0.0.0/0' });
    expect(table.isAddressBanned(at('[2001:db8::1]:1'))).equal(false);
    expect(table.isAddressBanned(at('192.0.2.1:1'))).equal(true);
  });

  it('keeps out one server and lets its neighbours of the same address be', async () => {
    const { table } = await new Community().node();
    await table.add({ ...said, subject: '192.0.2.1:27015' });
    expect(table.isServerBanned(at('192.0.2.1:27015'))).equal(true);
    expect(table.isServerBanned(at('192.0.2.1:27016'))).equal(false);
    expect(table.isAddressBanned(at('192.0.2.1:27015'))).equal(false);
    await table.add({ ...said, subject: '192.0.2.1' });
    expect(table.isServerBanned(at('192.0.2.1:27016'))).equal(true);
  });

  it('keeps out SteamIDs and accounts, in the scope that was said', async () => {
    const { table } = await new Community().node();
    await table.add({ ...said, subject: '76561197960265728', scope: '730' });
    await table.add({ ...said, subject: 'account:Mallory' });
    expect(table.isSteamIdBanned(76561197960265728n, '730')).equal(true);
    expect(table.isSteamIdBanned(76561197960265728n, '440')).equal(false);
    expect(table.isSteamIdBanned(76561197960265728n)).equal(false);
    expect(table.isAccountBanned('Mallory', 'vcmi-lobby')).equal(true);
    expect(table.isAccountBanned('mallory')).equal(false);
  });

  it('finds the ban that meets a subject', async () => {
    const { table } = await new Community().node();
    await table.add({ ...said, subject: '192.0.2.0/24', reason: 'a whole network' });
    const found = table.find({ kind: 'server', address: at('192.0.2.9:1') });
    expect(found).include({ subject: '192.0.2.0/24', reason: 'a whole network', by: 'somebody' });
    expect(table.find({ kind: 'address', cidr: '192.0.2.128/25' })).not.equal(undefined);
    expect(table.find({ kind: 'address', cidr: '192.0.0.0/16' })).equal(undefined);
  });

  it('is known again after a restart, since an acknowledged ban is in the store', async () => {
    const community = new Community();
    const before = await community.node();
    await before.table.add({
      ...said,
      subject: '192.0.2.1:27015',
      until: community.clock.now() + day,
    });
    await before.table.replace('list', [
      { subject: 'account:Eve', scope: 'all', reason: '', by: '', from: 0, until: null },
    ]);
    const { table } = await community.node();
    expect(table.isServerBanned(at('192.0.2.1:27015'))).equal(true);
    expect(table.list().map(({ source }) => source)).deep.equal(['local', 'list']);
  });

  it('is over when its time is, within a second, also in the store', async () => {
    const community = new Community();
    const { clock } = community;
    const { table, removed } = await community.node();
    await table.add({ ...said, subject: '192.0.2.1', until: clock.now() + 60_000 });
    await clock.advance(59_000);
    table.expire();
    expect(table.isAddressBanned(at('192.0.2.1:1'))).equal(true);
    await clock.advance(1000);
    table.expire();
    expect(table.isAddressBanned(at('192.0.2.1:1'))).equal(false);
    expect(removed).deep.equal(['192.0.2.1/32']);
    expect(await community.store.scan('local/')).deep.equal([]);
  });

  it('tells every node, which tells its plugins', async () => {
    const community = new Community();
    const one = await community.node('one');
    const other = await community.node('other');
    await one.table.add({ ...said, subject: '192.0.2.1' });
    await settled();
    expect(other.table.isAddressBanned(at('192.0.2.1:1'))).equal(true);
    expect([one.added, other.added]).deep.equal([['192.0.2.1/32'], ['192.0.2.1/32']]);
    await other.table.remove('192.0.2.1');
    await settled();
    expect(one.table.size).equal(0);
    expect([one.removed, other.removed]).deep.equal([['192.0.2.1/32'], ['192.0.2.1/32']]);
    expect([...one.errors, ...other.errors]).deep.equal([]);
  });

  it('takes up what a lost word of another node would have told, at the next look', async () => {
    const community = new Community();
    const one = await community.node('one');
    const other = await community.node('other');
    // Both nodes change at once: neither may take its own version for the newest.
    await Promise.all([
      one.table.add({ ...said, subject: 'account:a' }),
      other.table.add({ ...said, subject: 'account:b' }),
    ]);
    await one.table.synchronise();
    await other.table.synchronise();
    expect([one.table.size, other.table.size]).deep.equal([2, 2]);
  });

  it('holds as long as one source says so', async () => {
    const { table } = await new Community().node();
    const listed = {
      subject: '192.0.2.1/32',
      scope: 'all',
      reason: '',
      by: '',
      from: 0,
      until: null,
    };
    await table.add({ ...said, subject: '192.0.2.1' });
    await table.replace('list', [listed]);
    await table.remove('192.0.2.1');
    expect(table.isAddressBanned(at('192.0.2.1:1'))).equal(true);
    expect(await table.remove('192.0.2.1')).equal(undefined);
    await table.replace('list', []);
    expect(table.isAddressBanned(at('192.0.2.1:1'))).equal(false);
  });

  it('refuses what is no subject, no scope and over already, and says what would do', async () => {
    const { table } = await new Community().node();
    const codeOf = (ban: Parameters<typeof table.add>[0]) =>
      table.add(ban).then(
        () => 'added',
        (error: { code: string }) => error.code,
      );
    for (const subject of ['', '1', '192.0.2.256', '192.0.2.1:0', 'account:', 'account:a\nb']) {
      expect(await codeOf({ ...said, subject }), subject).equal('BAN_SUBJECT');
    }
    expect(await codeOf({ ...said, subject: '192.0.2.1', scope: 'Two Words' })).equal('BAN');
    expect(await codeOf({ ...said, subject: '192.0.2.1', until: 5 })).equal('BAN');
    expect(await codeOf({ ...said, subject: '192.0.2.1', reason: 'x'.repeat(513) })).equal('BAN');
    expect(table.size).equal(0);
  });

  it('returns to its floor after a year of bans that come and expire', async () => {
    const community = new Community(new LeapingClock());
    const { clock } = community;
    const { table } = await community.node();
    const floor = table.footprint;
    for (let today = 0; today < 365; today++) {
      for (let n = 0; n < 4; n++) {
        const until = clock.now() + day * (1 + ((today + n) % 30));
        const host = `10.${today % 200}.${n * 60}`;
        await table.add({ ...said, subject: `${host}.${today % 250}`, until });
        await table.add({ ...said, subject: `${host}.0/${24 - (n % 3)}`, until, scope: `s${n}` });
        await table.add({ ...said, subject: `${host}.1:${1000 + today}`, until });
        await table.add({ ...said, subject: `account:${today}-${n}`, until });
      }
      await clock.advance(day);
      table.expire();
      expect(table.footprint.bans).at.most(31 * 16);
    }
    await clock.advance(31 * day);
    table.expire();
    expect(table.footprint).deep.equal(floor);
    expect(await community.store.scan('local/')).deep.equal([]);
  });
});
