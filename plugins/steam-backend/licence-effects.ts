import { EAuthSessionResponse } from 'beaconry/steam';
import type { LocalBackend } from './local-backend.js';
import type { LocalLink } from './local-link.js';

/** What changes of licences, and owners who begin to play, mean for open sessions (6.3, code 2). */
export class LicenceEffects {
  constructor(private readonly backend: LocalBackend) {}

  /** Sessions of the account and of those who borrow from it get their new verdict. */
  async changed(steamId: bigint, appId: number): Promise<void> {
    const concerned = [steamId, ...(await this.backend.licences.borrowers(steamId, appId))];
    for (const one of concerned) await this.recheck(one);
  }

  /** Sessions of one account get their new verdict, on whichever node they were let in. */
  async recheck(steamId: bigint): Promise<void> {
    const recheck = () => this.backend.sessions.recheckLicences(steamId);
    this.backend.licencesChanged(steamId);
    await recheck();
    this.backend.again(recheck);
  }

  /** The account began to play: whoever borrows the game from it has to stop. */
  async playing(link: LocalLink, appId: number): Promise<void> {
    const { licences, sessions, tables } = this.backend;
    await tables.connections.update(link.connection, (record) =>
      record === undefined ? undefined : { ...record, playing: appId },
    );
    if (appId === 0) return;
    for (const borrower of await licences.borrowers(link.steamId, appId)) {
      await sessions.fail(
        borrower,
        EAuthSessionResponse.NoLicenseOrExpired,
        (session) => session.appId === appId && session.owner === link.steamId.toString(),
        true,
      );
    }
  }
}
