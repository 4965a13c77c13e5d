import { EResult } from 'beaconry/steam';
import type { LocalBackend } from './local-backend.js';

/** Takes accounts out with all that hangs on them. */
export class AccountRemoval {
  constructor(private readonly backend: LocalBackend) {}

  async remove(steamId: bigint): Promise<boolean> {
    const { accounts, departures, groups, licences, serverAccounts } = this.backend;
    const { licenceEffects, sessions, storedBans, tickets } = this.backend;
    await departures.expelled(steamId, EResult.Revoked);
    const borrowers = await licences.borrowers(steamId, 0);
    await licences.deleteAll(steamId);
    for (const borrower of borrowers) await licenceEffects.recheck(borrower);
    await groups.deleteAll(steamId);
    await storedBans.deleteAll(steamId);
    await sessions.forget(steamId);
    await tickets.deleteAll(steamId);
    for (const { steamId: server } of await serverAccounts.list(steamId)) {
      await departures.serverAccountRemoved(server);
      await serverAccounts.delete(server);
    }
    return accounts.delete(steamId);
  }

  /** Those that nobody used for as long as the operator keeps them. */
  async removeIdle(): Promise<void> {
    const { accounts, tables } = this.backend;
    for (const steamId of await accounts.idle()) {
      if ((await tables.online.get(steamId.toString())) === undefined) await this.remove(steamId);
    }
  }
}
