import type { AuthSession } from 'beaconry/plugins/auth-sessions';
import { EAccountType, SteamID } from 'beaconry/steam';
import type { GamePlayer } from './public.js';

interface Shown {
  name: string;
  score: number;
}

/**
 * Who plays here: open sessions and bots, with names and scores. A failed session counts until
 * `endAuthSession`, as on Steam.
 */
export class ServerPlayers {
  readonly #shown = new Map<bigint, Shown>();
  readonly #bots = new Map<bigint, number>();

  /** A bot with a fresh anonymous game server id. */
  addBot(universe: number, now: number): bigint {
    const [accountId = 0, instance = 0] = crypto.getRandomValues(new Uint32Array(2));
    const bot = SteamID.from({
      ...{ universe, type: EAccountType.AnonGameServer },
      ...{ accountId: accountId || 1, instance: instance & 0xfffff || 1 },
    }).value;
    this.#bots.set(bot, now);
    return bot;
  }

  isBot(steamId: bigint): boolean {
    return this.#bots.has(steamId);
  }

  get bots(): number {
    return this.#bots.size;
  }

  set(steamId: bigint, name: string, score: number): void {
    this.#shown.set(steamId, { name, score });
  }

  removeBot(steamId: bigint): boolean {
    this.#shown.delete(steamId);
    return this.#bots.delete(steamId);
  }

  clear(): void {
    this.#shown.clear();
    this.#bots.clear();
  }

  /** Names of those who left are forgotten on the way. */
  list(sessions: readonly AuthSession[]): GamePlayer[] {
    const present = new Map<bigint, number>(this.#bots);
    for (const session of sessions) present.set(session.steamId, session.begun);
    for (const steamId of this.#shown.keys()) {
      if (!present.has(steamId)) this.#shown.delete(steamId);
    }
    return [...present].map(([steamId, joinedAt]) => {
      const { name, score } = this.#shown.get(steamId) ?? { name: '', score: 0 };
      return { name, score, joinedAt };
    });
  }
}
