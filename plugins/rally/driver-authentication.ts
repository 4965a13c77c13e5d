import { timingSafeEqual } from 'node:crypto';
import { ServerError, type UdpEndpoint } from 'beaconry';
import type { GameServerState, SteamGameServer } from 'beaconry/plugins/game-server';

export interface DriverAuthenticationParts {
  readonly mode: 'ticket' | 'entry-list';
  readonly steam: SteamGameServer | undefined;
  readonly state: GameServerState | undefined;
  readonly endpoint: Pick<UdpEndpoint, 'addresses'>;
  /** Of the bots of this process. */
  readonly botTicket: Uint8Array;
}

const OK = 0;
/** Players are authenticated, and nothing is said about cheats. */
const AUTHENTICATION = 2;

/** Whether drivers are who they say: by an auth session, or by the entry list alone. */
export class DriverAuthentication {
  constructor(private readonly parts: DriverAuthenticationParts) {
    if (parts.mode === 'ticket' && parts.steam === undefined) {
      throw new ServerError(
        'RALLY_AUTHENTICATION',
        'authentication: ticket needs the plugin game-server; without it set authentication: entry-list',
      );
    }
  }

  /** The rally is the game of this process: it logs its server on, unless the configuration did so with a token. */
  start(): void {
    const { mode, steam, state, endpoint } = this.parts;
    if (mode === 'entry-list' || steam === undefined || state === undefined) return;
    const { port } = endpoint.addresses[0] ?? { port: 27015 };
    const { version, name, map, modDir, description, maxPlayers } = state.snapshot;
    const queryPort = port === 65535 ? 1 : port + 1;
    if (!steam.serverInit('', port, queryPort, AUTHENTICATION, version)) return;
    state.update({ serverType: 'd', name, map, modDir, description, maxPlayers });
    steam.logOnAnonymous();
    steam.setAdvertiseServerActive(true);
  }

  /** Begins an auth session. Undefined when the ticket is good for this player, else the refusal. */
  begin(
    ticket: Uint8Array,
    steamId: bigint,
  ): readonly [reason: string, expected: string] | undefined {
    const { mode, steam, botTicket } = this.parts;
    if (mode === 'entry-list') return undefined;
    if (ticket.length === botTicket.length && timingSafeEqual(ticket, botTicket)) return undefined;
    const result = steam?.beginAuthSession(ticket, steamId);
    if (result === OK) return undefined;
    // Without its backend this server knows no issuer whom it could believe.
    if (steam?.loggedOn() !== true) return ['not-ready', ''];
    return ['authentication', `session refused (${result})`];
  }

  end(steamId: bigint): void {
    this.parts.steam?.endAuthSession(steamId);
  }

  /** Told when the backend takes its word back; the returned function ends it. */
  onRefused(refused: (steamId: bigint, why: string) => void): () => void {
    const { steam } = this.parts;
    if (steam === undefined) return () => {};
    return steam.signals.on('validate_auth_ticket_response', ({ auth_id, response }) => {
      if (response !== OK) refused(auth_id, `verdict ${response}`);
    });
  }
}
