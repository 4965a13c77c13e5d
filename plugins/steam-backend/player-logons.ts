import { isLoopback, PeerAddress } from 'beaconry';
import { EAuthSessionResponse, EResult } from 'beaconry/steam';
import type { LocalBackend } from './local-backend.js';
import { LocalPlayerLink } from './local-player-link.js';
import { refused, tooOften } from './logon-guard.js';
import type {
  AccountCreated,
  LinkEvents,
  LogonAnswer,
  PlayerLink,
  PlayerLogon,
  Resume,
} from './public.js';

/** How players log on: with a proof of who they are, or by taking up a connection that was cut. */
export class PlayerLogons {
  constructor(private readonly backend: LocalBackend) {}

  async logOn(logon: PlayerLogon, events: LinkEvents): Promise<LogonAnswer<PlayerLink>> {
    const { accounts, connections, guard } = this.backend;
    const barred = await guard.barred(logon.address);
    if (barred !== undefined) return barred;
    const { credential } = logon;
    if ('resume' in credential) return this.#resume(credential.resume, logon, events);
    const steamId = await accounts.prove(credential);
    const account = steamId === undefined ? undefined : await accounts.get(steamId);
    if (guard.knowsTooLittle(logon.address)) return tooOften();
    if (steamId === undefined || account === undefined) {
      guard.wrongKey(logon.address);
      return refused(EResult.InvalidPassword);
    }
    if (account.locked) return refused(EResult.AccountDisabled);
    await accounts.noteLogon(steamId);
    const { address } = logon;
    return this.backend.logonLock.run(steamId.toString(), async () => {
      const opened = await this.backend.open(steamId, address, {
        ...{ kind: 'player', appId: 0, mode: 0, product: '', gamePort: 0, anonymous: false },
      });
      const link = new LocalPlayerLink(this.backend, opened, address, events, account.verified);
      if (!(await connections.isCurrent(link))) {
        await connections.close(link.connection);
        return refused(EResult.LoggedInElsewhere);
      }
      await this.#endFormerSessions(link);
      return { ok: true, link };
    });
  }

  /** Self-service: whoever asks gets a key, where the operator allows that. */
  async createAccount(
    address: string,
    name: string,
  ): Promise<{ readonly result: EResult; readonly account?: AccountCreated }> {
    const { accounts, allowOpenAccounts } = this.backend.options;
    const toStrangers =
      accounts === 'open' && !allowOpenAccounts && !isLoopback(PeerAddress.of(address, 0));
    if (accounts === 'closed' || toStrangers) return { result: EResult.AccessDenied };
    if (!this.backend.guard.mayCreateAccount(address)) return { result: EResult.RateLimitExceeded };
    const origin = accounts === 'open' ? 'open' : 'self-service';
    return { result: EResult.OK, account: await this.backend.accounts.create(name, origin) };
  }

  async #resume(
    resume: Resume,
    logon: PlayerLogon,
    events: LinkEvents,
  ): Promise<LogonAnswer<PlayerLink>> {
    const { accounts, connections, guard } = this.backend;
    const record = await connections.resume(resume);
    if (guard.knowsTooLittle(logon.address)) return tooOften();
    if (record === 'wrong') guard.wrongKey(logon.address);
    if (record === undefined || record === 'wrong' || record.kind !== 'player') {
      return refused(EResult.Expired);
    }
    const steamId = BigInt(record.steamId);
    const account = await accounts.get(steamId);
    if (account === undefined || account.locked) return refused(EResult.AccountDisabled);
    const { address } = logon;
    return this.backend.logonLock.run(record.steamId, async () => {
      // Somebody may have taken its place meanwhile.
      if (!(await connections.exists(resume.connection))) return refused(EResult.Expired);
      const opened = { steamId, resume, record };
      const link = new LocalPlayerLink(this.backend, opened, address, events, account.verified);
      return { ok: true, link };
    });
  }

  /** Tickets of connections before this one are void: who went off and came back plays with none of them. */
  #endFormerSessions(link: LocalPlayerLink): Promise<void> {
    return this.backend.sessions.fail(
      link.steamId,
      EAuthSessionResponse.AuthTicketInvalid,
      (session) => session.connection !== link.connection,
    );
  }
}
