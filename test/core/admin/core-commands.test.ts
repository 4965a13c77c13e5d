import type { ServerError } from 'beaconry';
import { hex, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';

const info = hex`ff ff ff ff 54 "Source Engine Query" 00`;

describe('commands that every node has', () => {
  let test: TestServer;
  afterEach(() => test.stop());
  const start = async (plugins = {}) => {
    test = await startTestServer({
      plugins: { 'game-server': {}, rules: {}, a2s: {}, ...plugins },
    });
  };
  const answers = (from: string) => test.ask('game', info, from).length;

  describe('maintenance', () => {
    it('makes endpoints silent to all but the ranges that are let in, until it is over', async () => {
      await start();
      await test.command('maintenance-on', { allow: '[192.0.2.0/24, "2001:db8::/32"]' });
      expect(answers('192.0.2.7:1')).equal(1);
      expect(answers('[2001:db8::7]:1')).equal(1);
      expect(answers('198.51.100.7:1')).equal(0);
      expect(answers('[2001:db9::7]:1')).equal(0);
      await test.command('maintenance-off');
      expect(answers('198.51.100.7:1')).equal(1);
      expect(await test.command('maintenance-off')).equal('there was no maintenance');
    });

    it('refuses HTTP, except on the endpoint admin, and the node says that it is not ready', async () => {
      await start();
      await test.command('maintenance-on');
      expect((await test.request('/healthz')).statusCode).equal(403);
      const ready = await test.request('/readyz', 'admin');
      expect(ready.statusCode).equal(503);
      expect(ready.body).contain('in maintenance since');
    });

    it('refuses a range that is none', async () => {
      await start();
      const failed = await test
        .command('maintenance-on', { allow: '[here]' })
        .catch((error) => error as ServerError);
      expect((failed as ServerError).code).equal('PARAMETERS');
      expect(answers('198.51.100.7:1')).equal(1);
    });
  });

  describe('forget', () => {
    it('removes the account of a SteamID, and the audit does not remember whom', async () => {
      await start({ 'steam-backend': {} });
      const { steamId } = (await test.command('account-add', { name: 'Ann' })) as {
        steamId: string;
      };
      await test.command('account-lock', { steamId });
      const said = await test.command('forget', { subject: steamId });
      expect(said).equal('audit: blanked in 1 entries\nsteam-backend: removed the account');
      expect(await test.command('account-list')).deep.equal([]);
      const audit = JSON.stringify(await test.server.audit.newest(100));
      expect(audit).not.contain(steamId);
      expect(audit).contain('[forgotten]').and.contain('[redacted]');
    });

    it('blanks an address in the audit, and no other that begins or ends like it', async () => {
      await start();
      for (const host of ['192.0.2.1', '192.0.2.10', '10.192.0.2.1', '2001:db8::1']) {
        await test.server.audit.write({ by: `admin at ${host}`, source: 'http' }, { did: 'x' });
      }
      expect(await test.command('forget', { subject: '192.0.2.1' })).equal(
        'audit: blanked in 1 entries',
      );
      await test.command('forget', { subject: '2001:0db8:0:0::1' });
      const by = (await test.server.audit.newest(100)).map((entry) => entry.by);
      expect(by.filter((one) => one.startsWith('admin')).reverse()).deep.equal([
        'admin at [forgotten]',
        'admin at 192.0.2.10',
        'admin at 10.192.0.2.1',
        'admin at [forgotten]',
      ]);
    });

    it('says so when nothing was kept, and what a subject is', async () => {
      await start();
      expect(await test.command('forget', { subject: '76561197960287930' })).equal(
        'nothing was kept',
      );
      const failed = await test
        .command('forget', { subject: 'Ann' })
        .catch((error) => error as ServerError);
      expect((failed as ServerError).message)
        .contain('neither a SteamID')
        .and.contain('nor an address')
        .and.contain('account:NAME');
      // Neither who it was nor what was written by mistake.
      expect(JSON.stringify(await test.server.audit.newest(100))).not.contain('Ann');
    });
  });
});
