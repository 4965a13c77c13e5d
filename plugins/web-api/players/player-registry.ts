import { type Clock, type Logger, ServerError } from 'beaconry';
import type { PlayerCredential, SteamBackend } from 'beaconry/plugins/steam-backend';
import { EResult } from 'beaconry/steam';
import { SteamClient } from 'beaconry/steam-client';
import { AddressCount } from '../address-count.js';
import { hashBearer, newBearerSecret } from '../bearer-secret.js';
import { refuse } from '../call-error.js';
import { unauthenticated } from '../callers.js';
import { PlayerConnection } from './player-connection.js';

export interface PlayerOptions {
  readonly maxPlayers: number;
  readonly maxPlayersPerAddress: number;
  /** Milliseconds. */
  readonly playerTimeout: number;
}

export type LogonCredential = Exclude<PlayerCredential, { readonly resume: unknown }>;

/** Players that are logged on through this process, by their tokens or account keys. */
export class PlayerRegistry {
  /** By hash of the token, and of the account key where one was used. */
  readonly #bySecret = new Map<string, PlayerConnection>();
  readonly #players = new Set<PlayerConnection>();
  readonly #logons = new Map<string, Promise<PlayerConnection>>();
  readonly #count: AddressCount;

  constructor(
    private readonly backend: SteamBackend,
    private readonly options: PlayerOptions,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.#count = new AddressCount('players', options.maxPlayers, options.maxPlayersPerAddress);
  }

  get size(): number {
    return this.#players.size;
  }

  all(): Iterable<PlayerConnection> {
    return this.#players;
  }

  /** Errors 401, 403, 429 and 503 `LOGON_REFUSED` with the EResult in `details.result`. */
  async logOn(
    credential: LogonCredential,
    appId: number | undefined,
    address: string,
  ): Promise<{ readonly player: PlayerConnection; readonly token: string }> {
    const release = this.#count.take(address);
    const { backend, clock, log } = this;
    const client = new SteamClient({ backend, clock, log, address });
    try {
      const steamId = await client.logOn(credential);
      const player = new PlayerConnection(client, steamId, appId, address, clock);
      if (appId !== undefined) await client.setPlaying(appId);
      const token = newBearerSecret();
      const secrets = [hashBearer(token)];
      if ('accountKey' in credential) secrets.push(hashBearer(credential.accountKey));
      for (const secret of secrets) this.#bySecret.set(secret, player);
      this.#players.add(player);
      player.onEnd(() => {
        release();
        this.#players.delete(player);
        for (const secret of secrets) {
          if (this.#bySecret.get(secret) === player) this.#bySecret.delete(secret);
        }
      });
      return { player, token };
    } catch (error) {
      client.close();
      release();
      throw error instanceof ServerError ? refusedLogon(error) : error;
    }
  }

  /** Whose token or account key it is, if he is logged on here. */
  find(bearer: string): PlayerConnection | undefined {
    const player = this.#bySecret.get(hashBearer(bearer));
    player?.touch();
    return player;
  }

  /** The same; an account key logs its owner on. Error 401 `UNAUTHENTICATED`. */
  async get(bearer: string, address: string): Promise<PlayerConnection> {
    const known = this.find(bearer);
    if (known !== undefined) return known;
    if (!/^[0-9a-f]{64}$/.test(bearer)) {
      throw unauthenticated('this is no token of a player, or it expired; log on again');
    }
    const key = hashBearer(bearer);
    const underWay =
      this.#logons.get(key) ??
      this.logOn({ accountKey: bearer }, undefined, address)
        .then(({ player }) => player)
        .finally(() => this.#logons.delete(key));
    this.#logons.set(key, underWay);
    return underWay;
  }

  /** Says goodbye to the backend: his tickets are dead. */
  async logOff(player: PlayerConnection): Promise<void> {
    await player.client.logOff();
    player.end();
  }

  /** Logs off whoever was silent for too long. */
  expire(): void {
    const before = this.clock.monotonic() - this.options.playerTimeout;
    for (const player of [...this.#players]) {
      if (player.sockets > 0 || player.lastUsed > before) continue;
      this.logOff(player).catch(() => player.end());
    }
  }

  close(): void {
    for (const player of [...this.#players]) player.end();
  }
}

/** The status that fits the result in the message of the client. */
function refusedLogon(error: ServerError): ServerError {
  if (error.code !== 'LOGON_REFUSED') return refuse(503, 'LOGON_REFUSED', error.message);
  const { result } = error as ServerError & { readonly result: EResult };
  const status = statuses.get(result) ?? 403;
  return refuse(status, 'LOGON_REFUSED', error.message, { result });
}

const statuses = new Map<EResult, number>([
  [EResult.InvalidPassword, 401],
  [EResult.InvalidParam, 400],
  [EResult.RateLimitExceeded, 429],
  [EResult.NoConnection, 503],
  [EResult.Timeout, 503],
  [EResult.ServiceUnavailable, 503],
]);
