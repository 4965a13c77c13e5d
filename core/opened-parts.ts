import { hostname } from 'node:os';
import type { BusDriver } from './bus/bus.js';
import { claimNodeName } from './bus/node-name.js';
import { openBus } from './bus/open-bus.js';
import { type Clock, SystemClock } from './clock.js';
import type { ServerConfig } from './config/server-config.js';
import { takeDataFolder } from './data-folder.js';
import { openedLog, type ServerLog } from './log.js';
import type { Logger } from './logger.js';
import { chooseDriver, type OpenDriver } from './net/drivers/choose-driver.js';
import { openStore } from './store/open-store.js';
import type { StoreDriver } from './store/store.js';

export interface OpenedPartsOptions {
  readonly clock: Clock;
  /** In place of the log that the configuration names. */
  readonly log?: Logger | ServerLog | undefined;
  readonly openDriver?: OpenDriver | undefined;
}

/** What one node opens before anything is set up, and closes after everything is unloaded. */
export class OpenedParts {
  private constructor(
    readonly node: string,
    readonly log: ServerLog,
    readonly openDriver: OpenDriver,
    readonly store: StoreDriver,
    readonly bus: BusDriver,
    private readonly release: () => Promise<void>,
  ) {}

  /** Takes the data folder, opens the store and the bus; what was taken is given back when one of them fails. */
  static async open(config: ServerConfig, options: OpenedPartsOptions): Promise<OpenedParts> {
    const log = openedLog(options.log, config.log);
    const openDriver = options.openDriver ?? (await chooseDriver(config.net, log.log));
    const node = config.node ?? hostname();
    const taken: (() => Promise<void> | void)[] = [takeDataFolder(config.data)];
    const release = async () => {
      for (let give = taken.pop(); give !== undefined; give = taken.pop()) await give();
    };
    try {
      const { clock } = options;
      const store = await openStore(config.store, { clock, log: log.log, data: config.data });
      taken.push(() => store.close());
      if (store.name === 'redis') {
        // Other nodes live in real time, whatever clock this one was given.
        const claim = { clock: new SystemClock(), log: log.log };
        taken.push(await claimNodeName(store.namespace('nodes'), node, claim));
      }
      const bus = await openBus(store, { node, log: log.log });
      taken.push(() => bus.close());
      return new OpenedParts(node, log, openDriver, store, bus, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.release();
    this.log.flush();
  }
}
