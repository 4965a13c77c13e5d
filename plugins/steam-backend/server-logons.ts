import { EAccountType, EResult, SteamID } from 'beaconry/steam';
import type { ConnectionRecord } from './backend-tables.js';
import type { LocalBackend } from './local-backend.js';
import type { OpenedConnection } from './local-link.js';
import { LocalServerLink } from './local-server-link.js';
import { type Refusal, refused, tooOften } from './logon-guard.js';
import type { LogonAnswer, Resume, ServerEvents, ServerLink, ServerLogon } from './public.js';

type Proven =
  | { readonly steamId: bigint; readonly resumed?: undefined }
  | { readonly steamId: bigint; readonly resumed: Resume; readonly record: ConnectionRecord };

/** How game servers log on: with a login token or anonymously (table of the Steam game server API, section 2.2). */
export class ServerLogons {
  constructor(private readonly backend: LocalBackend) {}

  async logOn(logon: ServerLogon, events: ServerEvents): Promise<LogonAnswer<ServerLink>> {
    const { connections, guard, options, tables } = this.backend;
    const barred = await guard.barred(logon.address);
    if (barred !== undefined) return barred;
    const proven = await this.#prove(logon);
    if ('ok' in proven) return proven;
    const { steamId } = proven;
    const secure = await this.backend.isSecure(steamId, logon.appId, logon.mode);
    const link = async (opened: OpenedConnection): Promise<LogonAnswer<ServerLink>> => {
      const made = new LocalServerLink(this.backend, opened, logon, events, secure);
      if (await connections.isCurrent(made)) return { ok: true, link: made };
      await connections.close(made.connection);
      return refused(EResult.LoggedInElsewhere);
    };
    return this.backend.logonLock.run(steamId.toString(), async () => {
      const { resumed: resume } = proven;
      if (resume !== undefined && (await connections.exists(resume.connection))) {
        return link({ steamId, resume, record: proven.record });
      }
      const online = await tables.online.get(steamId.toString());
      if (options.tokenConflict === 'newer-refused' && online !== undefined) {
        const isHere = connections.heldBy(online) !== undefined;
        if (isHere || (await connections.isHeldElsewhere(online))) {
          return refused(EResult.LoggedInElsewhere);
        }
      }
      const { appId, mode, product, gamePort } = logon;
      const anonymous = logon.token === null;
      const facts = { kind: 'server', appId, mode, product, gamePort, anonymous } as const;
      return link(await this.backend.open(steamId, logon.address, facts));
    });
  }

  async #prove(logon: ServerLogon): Promise<Proven | Refusal> {
    const { connections, guard, options, serverAccounts } = this.backend;
    let steamId: bigint | undefined;
    if (logon.token !== null) {
      const proven = await serverAccounts.prove(logon.token, logon.appId);
      if (guard.knowsTooLittle(logon.address)) return tooOften();
      if (!('steamId' in proven)) {
        if (proven.result === EResult.InvalidPassword) guard.wrongKey(logon.address);
        return refused(proven.result, proven.retrying);
      }
      steamId = proven.steamId;
    } else if (options.anonymousServers === 'refused') return refused(EResult.AccessDenied);
    if (logon.resume !== undefined) {
      const record = await connections.resume(logon.resume);
      if (record === 'wrong') guard.wrongKey(logon.address);
      else if (record !== undefined && isOwn(record, steamId)) {
        return { steamId: BigInt(record.steamId), resumed: logon.resume, record };
      }
    }
    return { steamId: steamId ?? (await this.#newAnonymousId()) };
  }

  async #newAnonymousId(): Promise<bigint> {
    const { serverAccounts, tables } = this.backend;
    for (;;) {
      const [accountId = 0, instance = 0] = crypto.getRandomValues(new Uint32Array(2));
      const steamId = SteamID.from({
        universe: serverAccounts.universe,
        type: EAccountType.AnonGameServer,
        instance: instance & 0xfffff || 1,
        accountId: accountId || 1,
      }).value;
      if ((await tables.online.get(steamId.toString())) === undefined) return steamId;
    }
  }
}

/** Without a token only an anonymous logon is continued: whose token is banned or gone is nobody any more. */
const isOwn = (record: ConnectionRecord, steamId: bigint | undefined): boolean =>
  record.kind === 'server' &&
  (steamId === undefined ? record.anonymous : record.steamId === steamId.toString());
