import { readFileSync } from 'node:fs';
import { type Clock, SystemClock } from '../clock.js';
import { messageOf, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import { examineRedis } from './redis-checks.js';
import { RedisCommunity } from './redis-community.js';
import { connectRedis, isFull, redisFailure } from './redis-connection.js';
import { checkRedisFormat } from './redis-format.js';
import { loadRedis, type RedisClient } from './redis-library.js';
import { RedisPulse } from './redis-pulse.js';
import { loadScripts } from './redis-script-call.js';
import { RedisTime } from './redis-time.js';
import { parseRedisUrl, type RedisTarget } from './redis-url.js';
import { ReplicaConfirmation } from './replica-confirmation.js';

/** The part of the section `store` that the redis driver reads. */
export interface RedisConfig {
  readonly url: string;
  /** Begins every key and channel, so that several communities can share a server. */
  readonly prefix: string;
  /** Replicas that must hold a write before it counts as done. */
  readonly replicas: number;
  readonly durability: 'normal' | 'full';
  /** PEM file of the authority that signed the server's certificate. */
  readonly ca: string | null;
}

export interface RedisParts {
  readonly clock: Clock;
  readonly log: Logger;
}

/** An answer that takes longer is not waited for. */
export const commandTimeout = 3000;

type State = 'starting' | 'ready' | 'lost' | 'closed';

/** One connection to Redis: whether it can be used, what time it is there, and what became of a command. */
export class RedisLink {
  readonly target: RedisTarget;
  readonly time: Pick<Clock, 'now'>;
  /** Raised whenever the connection was lost: what was not answered before is unsure. */
  generation = 0;
  #state: State = 'starting';
  #failure: string | undefined;
  #client!: RedisClient;
  /** Why writes are refused. */
  #refusal: string | undefined;
  #confirmation: ReplicaConfirmation | undefined;
  readonly #community = new RedisCommunity();
  readonly #pulse: RedisPulse;
  readonly #returned = new Set<() => void>();
  #endBeat: () => void = () => {};

  private constructor(
    readonly config: RedisConfig,
    private readonly parts: RedisParts,
  ) {
    this.target = parseRedisUrl(config.url);
    // A clock of a test is the time of its entries too.
    this.time = parts.clock instanceof SystemClock ? new RedisTime(parts.clock) : parts.clock;
    this.#pulse = new RedisPulse({
      time: this.time,
      client: () => this.#client,
      generation: () => this.generation,
    });
  }

  /**
   * Connects and checks the server. Errors: `STORE_URL`, `STORE_OPEN`, `STORE_VOLATILE`, `STORE_REPLICAS`,
   * `STORE_TOO_NEW`, `STORE_NO_REDIS`.
   */
  static async open(config: RedisConfig, parts: RedisParts): Promise<RedisLink> {
    const link = new RedisLink(config, parts);
    await link.#open();
    return link;
  }

  get client(): RedisClient {
    return this.#client;
  }

  /** Why nothing can be asked now; undefined when all is well. */
  health(): string | undefined {
    if (this.#state === 'closed') return 'the store is closed';
    if (this.#state !== 'ready') {
      return `redis at ${this.target.shown} cannot be reached${this.#failure === undefined ? '' : `: ${this.#failure}`}`;
    }
    if (this.#pulse.isSilent) return `redis at ${this.target.shown} does not answer`;
    return this.#failure ?? this.#refusal ?? this.#confirmation?.failure;
  }

  /** Runs when the connection is back: words were missed, and the server may have lost or changed what it held. */
  onReturn(listener: () => void): () => void {
    this.#returned.add(listener);
    return () => this.#returned.delete(listener);
  }

  /**
   * One exchange. Errors: `STORE_UNAVAILABLE` when nothing was sent, `STORE_UNSURE` when it may or may not have
   * happened, `STORE_FAILED` when Redis refused it.
   */
  async ask<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    if (this.#state === 'closed') {
      throw new ServerError('STORE_CLOSED', `the store at ${this.target.shown} is closed`);
    }
    const trouble = this.#state !== 'ready' || this.#pulse.isSilent ? this.health() : undefined;
    if (trouble !== undefined) {
      throw new ServerError('STORE_UNAVAILABLE', `${trouble}; nothing was done, try again later`);
    }
    try {
      return await work(this.#client);
    } catch (error) {
      const failure = redisFailure(error, this.target.shown);
      if (isFull(error)) this.#refusal = failure.message;
      throw failure;
    }
  }

  /** Resolves when as many replicas as configured hold what this connection wrote until now. */
  confirm(generation: number): Promise<void> | undefined {
    return this.#confirmation?.confirm(generation);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const reachable = this.#state === 'ready' && !this.#pulse.isSilent;
    this.#state = 'closed';
    this.#endBeat();
    if (reachable) await this.#client.quit().catch(() => {});
    this.#client.disconnect();
  }

  async #open(): Promise<void> {
    const { shown } = this.target;
    const { log } = this.parts;
    const library = await loadRedis();
    const { replicas, ca } = this.config;
    if (replicas > 0) {
      if (this.target.kind === 'cluster') {
        throw new ServerError(
          'STORE_REPLICAS',
          'store.replicas works with one primary and its replicas, not with redis+cluster: set it to 0, or use redis+sentinel',
        );
      }
      this.#confirmation = new ReplicaConfirmation(this, replicas);
    }
    try {
      this.#client = connectRedis(library, this.target, {
        ...(ca === null ? {} : { ca: readFileSync(ca, 'utf8') }),
        commandTimeout,
        again: () => this.#state !== 'starting' && this.#state !== 'closed',
      });
      this.#client.on('error', (error: Error) => {
        this.#failure = messageOf(error);
      });
      await this.#client.connect();
      await this.#prepare();
    } catch (error) {
      const reason = this.#failure ?? messageOf(error);
      this.#state = 'closed';
      this.#client?.disconnect();
      if (error instanceof ServerError) throw error;
      throw new ServerError(
        'STORE_OPEN',
        `cannot use the redis at ${shown}: ${reason}; start it, or see that store.url names its host, port and password. ` +
          'One node alone needs none: store.driver sqlite',
        { cause: error },
      );
    }
    this.#failure = undefined;
    this.#state = 'ready';
    this.#client.on('close', () => {
      this.generation++;
      if (this.#state !== 'ready') return;
      this.#state = 'lost';
      log.error(`the redis at ${shown} is lost; this node goes on with what it holds`);
    });
    this.#client.on('ready', () => void this.#comeBack());
    this.#endBeat = this.#pulse.start(() => void this.#beat());
  }

  async #comeBack(): Promise<void> {
    if (this.#state === 'closed') return;
    const { log } = this.parts;
    const generation = this.generation;
    try {
      const isNew = await this.#prepare();
      if (this.generation !== generation || (this.#state as State) === 'closed') return;
      this.#state = 'ready';
      this.#failure = undefined;
      this.#pulse.calm();
      if (isNew) {
        log.error(
          `the redis at ${this.target.shown} came back without what it held; nodes write again what they know. ` +
            'Bring back its append-only file or a backup if it had one',
        );
      } else log.warn(`the redis at ${this.target.shown} is back`);
      for (const listener of [...this.#returned]) listener();
    } catch (error) {
      this.#failure = messageOf(error);
      log.error({ err: error }, `the redis at ${this.target.shown} is back, but cannot be used`);
      // The next beat asks again.
    }
  }

  /** What must be true before anything is asked; true when the server holds another community than before, or none. */
  async #prepare(): Promise<boolean> {
    const client = this.#client;
    const { replicas, durability, prefix } = this.config;
    if (this.target.kind !== 'cluster') {
      await examineRedis(client, {
        ...{ shown: this.target.shown, durability },
        // After a failover there is one replica less; writes then wait for it, as they must.
        replicas: this.#state === 'starting' ? replicas : 0,
      });
    }
    await checkRedisFormat(client, prefix, this.target.shown);
    await loadScripts(client);
    await this.#pulse.measure();
    return this.#community.isAnother(client, prefix);
  }

  async #tryWrite(): Promise<void> {
    try {
      await this.#client.set(`${this.config.prefix}:probe`, '1', 'PX', 1000);
      this.#refusal = undefined;
    } catch {
      // The next beat tries again.
    }
  }

  async #beat(): Promise<void> {
    if (this.#state === 'lost' && this.#client.status === 'ready') return this.#comeBack();
    if (this.#state !== 'ready') return;
    if (this.#refusal !== undefined) await this.#tryWrite();
    await this.#pulse.beat();
  }
}
