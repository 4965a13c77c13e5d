import type { Clock } from 'beaconry';
import { EAccountType, SteamID } from 'beaconry/steam';
import type { BackendTables, ReputationRecord } from './backend-tables.js';

const DAY = 86_400_000;
const fresh: ReputationRecord = { ghostMinutes: 0, refused: 0, refusedDay: 0, lastBan: null };

/**
 * The score of a game server (Steam game server API, section 10): 1000, less 200 for a ban in the last 90 days, less
 * a tenth of its ghost-player minutes (at most 300), less 50 for each heartbeat of today refused for its version (at
 * most 200), never below 0.
 */
export class Reputations {
  constructor(
    private readonly tables: BackendTables,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async score(steamId: bigint): Promise<number> {
    const record = (await this.tables.reputation.get(steamId.toString())) ?? fresh;
    const now = this.clock.now();
    const banned = record.lastBan !== null && now - record.lastBan < 90 * DAY ? 200 : 0;
    const ghosts = Math.min(300, Math.floor(record.ghostMinutes / 10));
    const today = record.refusedDay === Math.floor(now / DAY) ? record.refused : 0;
    return Math.max(0, 1000 - banned - ghosts - Math.min(200, today * 50));
  }

  addGhost(steamId: bigint, milliseconds: number): Promise<unknown> {
    return this.#change(steamId, (record) => ({
      ...record,
      ghostMinutes: record.ghostMinutes + milliseconds / 60_000,
    }));
  }

  addRefused(steamId: bigint): Promise<unknown> {
    const day = Math.floor(this.clock.now() / DAY);
    return this.#change(steamId, (record) => ({
      ...record,
      refused: record.refusedDay === day ? record.refused + 1 : 1,
      refusedDay: day,
    }));
  }

  addBan(steamId: bigint): Promise<unknown> {
    const lastBan = this.clock.now();
    return this.#change(steamId, (record) => ({ ...record, lastBan }));
  }

  /** What nobody added to for 90 days is forgotten. An anonymous id is never seen again, so it gets no record. */
  async #change(
    steamId: bigint,
    change: (record: ReputationRecord) => ReputationRecord,
  ): Promise<unknown> {
    if (new SteamID(steamId).type === EAccountType.AnonGameServer) return undefined;
    return this.tables.reputation.update(
      steamId.toString(),
      (record) => change(record ?? fresh),
      90 * DAY,
    );
  }
}
