import { expect } from 'chai';
import { APP, SteamWorld } from './steam-world.js';

const DAY = 86_400_000;

describe('one simulated year', () => {
  it('of accounts, tickets, sessions and bans leaves every table at its floor', async function () {
    this.timeout(240_000);
    const world = await SteamWorld.start({ accounts: 'self-service', freeApps: [APP] });
    const game = await world.serverOn();
    await game.pump();
    const floor = await world.administration.tableSizes();
    const peak: Record<string, number> = {};

    for (let day = 0; day < 365; day++) {
      const { steamId, accountKey } = await world.administration.createAccount();
      // Strangers make accounts too and never come back.
      await world.backend.createAccount(`203.0.113.${day % 200}`, '');
      const client = world.client();
      await client.logOn({ accountKey });
      const now = world.clock.now();
      const until = now + (1 + (day % 10)) * DAY;
      await world.administration.grantLicence({ steamId, appId: 570, until });
      const ban = { steamId, appId: APP, kind: 'vac', by: 'test', reason: 'test' } as const;
      if (day % 3 === 0) await world.administration.ban({ ...ban, until });
      if (day % 5 === 0) await world.administration.banAddress(`198.51.100.${day % 250}`, until);
      game.server.beginAuthSession(await world.ticket(client), steamId);
      await world.ticket(client);
      await game.pump();
      const group = await world.administration.createGroup('daily');
      await world.administration.setMember(group, { steamId, relationship: 3, rank: 3 });
      const sizes = await world.administration.tableSizes();
      for (const [table, size] of Object.entries(sizes)) {
        peak[table] = Math.max(peak[table] ?? 0, size);
      }
      if (day % 2 === 0) await client.logOff();
      else client.close();
      await world.clock.advance(DAY / 2);
      await game.pump();
      game.server.endAuthSession(steamId);
      await world.administration.deleteGroup(group);
      await world.administration.deleteAccount(steamId);
      await world.clock.advance(DAY / 2);
    }
    expect(peak.sessions).to.be.greaterThan(0);
    expect(peak.accounts).to.be.greaterThan(50);
    // The longest memory is that of accounts that strangers made.
    for (let day = 0; day < 92; day++) await world.clock.advance(DAY);
    const after = await world.administration.tableSizes();
    expect({ ...after, counters: 0 }).to.eql({ ...floor, counters: 0 });
    expect(after.counters).to.be.lessThan(4);
    await world.close();
  });
});
