import type { Clock } from 'beaconry';
import { EResult } from 'beaconry/steam';
import { authPartText, readAuthPart } from './auth-part.js';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables } from './backend-tables.js';
import type { TicketRegistration } from './public.js';
import { newConnectToken } from './secrets.js';

const MAX_PER_CONNECTION = 256;

interface Offered {
  readonly tokens: Set<bigint>;
  /** Registered by this connection, oldest first. */
  readonly registered: bigint[];
}

/** Game-connect tokens and the tickets made with them. A ticket exists once its token is in the store. */
export class IssuedTickets {
  readonly #offered = new Map<string, Offered>();

  constructor(
    private readonly tables: BackendTables,
    private readonly options: Pick<BackendOptions, 'connectTokenPool' | 'ticketLifetime'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Connections whose tokens are kept here. */
  get size(): number {
    return this.#offered.size;
  }

  /** A fresh pool for a connection; tokens of an earlier pool that were not used are void. */
  newPool(connection: string): readonly bigint[] {
    const registered = this.#offered.get(connection)?.registered ?? [];
    const tokens = Array.from({ length: this.options.connectTokenPool }, newConnectToken);
    this.#offered.set(connection, { tokens: new Set(tokens), registered });
    return tokens;
  }

  /** The token of a ticket that was not registered is given back, or the pool of its issuer would run dry. */
  notUsed(connection: string, ticket: TicketRegistration): readonly bigint[] {
    const token = readAuthPart(ticket.authPart)?.token;
    const isOffered = token !== undefined && this.#offered.get(connection)?.tokens.has(token);
    return isOffered === true ? [token] : [];
  }

  forget(connection: string): void {
    this.#offered.delete(connection);
  }

  /** Durable when it resolves; answers the token that replaces the used one. */
  async register(
    connection: string,
    steamId: bigint,
    ticket: TicketRegistration,
  ): Promise<{ result: EResult; connectTokens: readonly bigint[] }> {
    const offered = this.#offered.get(connection);
    const part = readAuthPart(ticket.authPart);
    if (offered === undefined || part === undefined || part.steamId !== steamId) {
      return { result: EResult.InvalidParam, connectTokens: [] };
    }
    if ((ticket.identity?.length ?? 0) > 255) {
      return { result: EResult.InvalidParam, connectTokens: [] };
    }
    if (!offered.tokens.delete(part.token)) {
      return { result: EResult.DuplicateRequest, connectTokens: [] };
    }
    const isNew = await this.tables.connectTokens.setIfAbsent(
      part.token.toString(),
      {
        steamId: steamId.toString(),
        connection,
        issued: this.clock.now(),
        ticket: {
          handle: ticket.handle,
          appId: ticket.appId,
          authPart: authPartText(ticket.authPart),
          identity: ticket.identity,
          state: 'active',
        },
        consumedBy: null,
        consumedAt: null,
      },
      this.options.ticketLifetime,
    );
    const fresh = newConnectToken();
    offered.tokens.add(fresh);
    if (!isNew) return { result: EResult.DuplicateRequest, connectTokens: [fresh] };
    offered.registered.push(part.token);
    if (offered.registered.length > MAX_PER_CONNECTION) {
      await this.tables.connectTokens.delete(String(offered.registered.shift()));
    }
    return { result: EResult.OK, connectTokens: [fresh] };
  }

  /** True when that ticket was active and belonged to the SteamID. */
  async cancel(steamId: bigint, token: bigint): Promise<boolean> {
    let cancelled = false;
    await this.tables.connectTokens.update(
      token.toString(),
      (record) => {
        cancelled = false;
        if (record?.ticket == null || record.steamId !== steamId.toString()) return record;
        cancelled = record.ticket.state === 'active';
        return { ...record, ticket: { ...record.ticket, state: 'cancelled' } };
      },
      this.options.ticketLifetime,
    );
    return cancelled;
  }

  /** Deletes every ticket of a SteamID; whoever shows one again is refused as with an unknown ticket. */
  async deleteAll(steamId: bigint): Promise<void> {
    const issuer = steamId.toString();
    for await (const [token, record] of this.tables.connectTokens.entries()) {
      if (record.steamId === issuer) await this.tables.connectTokens.delete(token);
    }
  }

  /** Tickets of a connection that is over, as far as this node knows them. */
  registeredBy(connection: string): readonly bigint[] {
    return this.#offered.get(connection)?.registered ?? [];
  }
}
