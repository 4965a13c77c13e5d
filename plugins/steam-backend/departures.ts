import { EAuthSessionResponse, EResult } from 'beaconry/steam';
import type { ConnectionRecord } from './backend-tables.js';
import type { LocalBackend } from './local-backend.js';
import type { LocalLink } from './local-link.js';

const Response = EAuthSessionResponse;

/** What follows for sessions and tickets when somebody is not connected any more (6.4, 6.5). */
export class Departures {
  constructor(
    private readonly backend: LocalBackend,
    /** Does the work after so many milliseconds, unless the backend is closed before. */
    private readonly later: (ms: number, task: () => Promise<void>) => void,
  ) {}

  /** A goodbye. Players' verifiers hear it after the grace time; a server's own at once. */
  async loggedOff(link: LocalLink): Promise<void> {
    const { connections, options, sessions, tickets } = this.backend;
    const record = await connections.close(link.connection);
    if (record === undefined) return;
    if (record.kind === 'server') {
      await this.#endServer(link.steamId, link.connection, Response.AuthTicketCanceled);
    } else {
      tickets.forget(link.connection);
      await sessions.endAll(link.steamId);
      const { steamId, connection } = link;
      this.later(options.offlineGrace, () => this.offline(steamId, connection));
    }
  }

  /** Somebody logged on in place of that connection. */
  async replaced(steamId: bigint, connection: string): Promise<void> {
    const { connections, tickets } = this.backend;
    const lost = { event: 'lost', result: EResult.LogonSessionReplaced, retrying: false } as const;
    connections.say(steamId, lost, connection);
    const record = await connections.close(connection);
    if (record?.kind === 'server') {
      await this.#endServer(steamId, connection, Response.AuthTicketCanceled);
      return;
    }
    tickets.forget(connection);
    await this.#failAll(steamId, connection, Response.LoggedInElseWhere);
  }

  /** Nobody took the connection up again within its grace time. */
  async gone(connection: string, record: ConnectionRecord): Promise<void> {
    const steamId = BigInt(record.steamId);
    if (record.kind === 'server') {
      await this.#endServer(steamId, connection, Response.UserNotConnectedToSteam);
    } else {
      await this.backend.sessions.endAll(steamId);
      await this.offline(steamId, connection);
    }
  }

  /** Whoever verified a ticket of that connection learns that its issuer is gone. */
  async offline(steamId: bigint, connection: string): Promise<void> {
    this.backend.tickets.forget(connection);
    await this.#failAll(steamId, connection, Response.UserNotConnectedToSteam);
  }

  /** The account is removed or locked: whoever plays with it is logged off. */
  async expelled(steamId: bigint, result: EResult): Promise<void> {
    const { connections, tables } = this.backend;
    const online = await tables.online.get(steamId.toString());
    if (online === undefined) return;
    connections.say(steamId, { event: 'lost', result, retrying: false }, online);
    await connections.close(online);
    await this.offline(steamId, online);
  }

  /** The token of a server is worth nothing any more: whoever uses it is logged off. */
  async serverAccountRemoved(steamId: bigint): Promise<void> {
    const { connections, tables } = this.backend;
    const online = await tables.online.get(steamId.toString());
    if (online === undefined) return;
    const lost = { event: 'lost', result: EResult.GSLTDenied, retrying: false } as const;
    connections.say(steamId, lost, online);
    await connections.close(online);
    await this.#endServer(steamId, online, Response.AuthTicketCanceled);
  }

  async #endServer(
    steamId: bigint,
    connection: string,
    response: EAuthSessionResponse,
  ): Promise<void> {
    const { sessions, tickets } = this.backend;
    await sessions.endAll(steamId);
    for (const token of tickets.registeredBy(connection)) await tickets.cancel(steamId, token);
    tickets.forget(connection);
    await this.#failAll(steamId, connection, response);
  }

  /** Whoever verified a ticket of that connection gets the new verdict. */
  async #failAll(
    steamId: bigint,
    connection: string,
    response: EAuthSessionResponse,
  ): Promise<void> {
    const fail = () =>
      this.backend.sessions.fail(steamId, response, (session) => session.connection === connection);
    await fail();
    this.backend.again(fail);
  }
}
