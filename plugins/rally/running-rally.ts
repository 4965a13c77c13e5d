import type { AnonymousEntries } from './anonymous-entries.js';
import type { RallyDefinition } from './definition.js';
import { LiveFeed } from './live-feed.js';
import { RallyClock } from './rally-clock.js';
import { RallyEngine, type RallyEngineOptions } from './rally-engine.js';
import { RallyLog } from './rally-log.js';
import type { RallyRuns, RunRecord } from './rally-run.js';
import { RallyServer, type RallyServerParts } from './rally-server.js';

type Own = 'engine' | 'events' | 'rallyClock' | 'changed' | 'continues';
type OfServer = Omit<RallyServerParts, Own>;

export interface RunningRallyParts extends OfServer {
  readonly runs: RallyRuns;
  readonly anonymous: AnonymousEntries;
  readonly startInterval: number | null;
  readonly mode: RallyEngineOptions['mode'];
  readonly timeScale: number;
  readonly spectatorDelay: number;
}

/** One rally with everybody in it, from its opening until another one takes its place. */
export class RunningRally {
  private constructor(
    /** As it was read; the engine has it without the names of those who were forgotten. */
    readonly definition: RallyDefinition,
    readonly run: RunRecord,
    readonly engine: RallyEngine,
    readonly events: RallyLog,
    readonly rallyClock: RallyClock,
    readonly server: RallyServer,
    readonly live: LiveFeed,
    /** Events that the store held: more than none when it continues. */
    readonly replayed: number,
    private readonly anonymous: AnonymousEntries,
  ) {}

  /** `isStart`: by the start of a node, and not in place of another one. */
  static async open(
    parts: RunningRallyParts,
    definition: RallyDefinition,
    isStart = false,
  ): Promise<RunningRally> {
    const { runs, mode, timeScale, spectatorDelay, clock } = parts;
    const { run, store } = await runs.open(definition);
    const startInterval = parts.startInterval ?? definition.rally.startInterval;
    const nameless = await parts.anonymous.withoutNames(definition);
    const engine = new RallyEngine({ definition: nameless, startInterval, mode });
    const events = new RallyLog(store, engine);
    const replayed = await events.replay();
    const rallyClock = new RallyClock(clock, run.origin, Math.max(1, timeScale));
    const server: RallyServer = new RallyServer({
      ...parts,
      ...{ engine, events, rallyClock, continues: isStart && replayed > 0 },
      changed: () => live.changed(),
    });
    const live: LiveFeed = new LiveFeed(
      ...([engine, server, rallyClock, () => clock.now(), spectatorDelay] as const),
    );
    return new RunningRally(
      ...([definition, run, engine, events, rallyClock, server, live, replayed] as const),
      parts.anonymous,
    );
  }

  /** Takes somebody's name from the cars that he drives, and sends him away. */
  async forget(steamId: bigint): Promise<void> {
    const changed = await this.anonymous.forget(steamId, this.definition);
    for (const entry of changed) {
      const crew = this.engine.crews.get(entry.number);
      if (crew !== undefined) crew.entry = entry;
    }
    this.server.dropPlayer(steamId, 'forgotten');
  }

  /** Drivers and spectators come again by themselves, to what stands in its place. */
  close(): void {
    this.server.close();
    this.live.close();
  }
}
