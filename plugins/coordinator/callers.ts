import { HttpError, type HttpScope } from 'beaconry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthenticatedPlayer, GameServerAuthority, PlayerAuthority } from './public.js';
import { isAnonymousGameServer } from './sdr/host-identity-codec.js';

export interface CallersOptions {
  readonly players: PlayerAuthority | undefined;
  readonly servers: GameServerAuthority | undefined;
}

/** Who calls, by bearer token. */
export class Callers {
  constructor(
    private readonly scope: HttpScope,
    private readonly options: CallersOptions,
  ) {}

  async player(request: FastifyRequest): Promise<AuthenticatedPlayer> {
    const { players } = this.options;
    if (players === undefined) {
      throw new HttpError(
        503,
        'NO_PLAYER_AUTHORITY',
        'no enabled plugin logs players on, so nobody can be authenticated',
      );
    }
    const token = bearer(request);
    const player = token === undefined ? undefined : await players.identify(token);
    if (player !== undefined) return player;
    throw new HttpError(
      401,
      'UNAUTHENTICATED',
      'this needs the token of a player as Authorization: Bearer TOKEN',
    );
  }

  /** The identity a ticket is for: a player's own, or whom the admin names. */
  async client(
    request: FastifyRequest,
    reply: FastifyReply,
    appId: number,
    named: string | undefined,
  ): Promise<string> {
    const token = bearer(request);
    const player = token === undefined ? undefined : await this.options.players?.identify(token);
    if (player === undefined) {
      await this.scope.requireAdmin(request, reply);
      if (named !== undefined) return named;
      throw new HttpError(400, 'CLIENT_REQUIRED', 'name the client for whom the ticket is');
    }
    if (named !== undefined && named !== player.identity) {
      throw new HttpError(403, 'FORBIDDEN', 'a player gets tickets for itself only');
    }
    if (player.appId !== undefined && player.appId !== appId) {
      throw new HttpError(403, 'FORBIDDEN', `the player is logged on for app ${player.appId}`);
    }
    return player.identity;
  }

  /** A game server with an account, for its own app, or the admin. */
  async serverOrAdmin(request: FastifyRequest, reply: FastifyReply, appId: number): Promise<void> {
    const token = bearer(request);
    const server = token === undefined ? undefined : await this.options.servers?.identify(token);
    if (server === undefined) {
      await this.scope.requireAdmin(request, reply);
      return;
    }
    if (isAnonymousGameServer(server.identity)) {
      throw new HttpError(
        403,
        'SERVER_ANONYMOUS',
        'anybody can be an anonymous game server; log on with a login token',
      );
    }
    if (server.appId !== appId) {
      throw new HttpError(403, 'FORBIDDEN', `the game server runs app ${server.appId}`);
    }
  }
}

const bearer = (request: FastifyRequest): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
