import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import { checkKey, checkText, encodeValue, joinNamespace, maxScanLimit } from './entry-limits.js';
import { compareKeys, endOfPrefix } from './key-order.js';
import { purgeBatch, purgeInterval } from './keyed-store.js';
import { entryKeys, namespacesKey } from './redis-keys.js';
import type { RedisClient } from './redis-library.js';
import { commandTimeout, type RedisConfig, RedisLink } from './redis-link.js';
import { callScript } from './redis-script-call.js';
import * as scripts from './redis-scripts.js';
import { RedisTime } from './redis-time.js';
import { fromRaw, isAlive, toRaw } from './redis-value.js';
import type { Json, KeepOptions, ScanOptions, Store, StoreDriver } from './store.js';

/** Most rows and bytes that one script looks at, so that no scan holds up the server for others. */
const scanRows = 1000;
const scanBytes = 4 * 1024 * 1024;
/** A write that lost so many races in a row is given up. */
const maxAttempts = 200;

/** The community's state on Redis or Valkey: every node that names the same server and prefix shares it. */
export class RedisStore implements Store {
  constructor(
    private readonly shared: SharedParts,
    private readonly path = '',
  ) {}

  async get<T extends Json>(key: string): Promise<T | undefined> {
    checkKey(key);
    const [hash] = this.#keys();
    const raw = await this.shared.link.ask((client) => client.hget(hash, key));
    return this.#isAlive(raw) ? fromRaw<T>(raw) : undefined;
  }

  async set(key: string, value: Json, options?: KeepOptions): Promise<void> {
    checkKey(key);
    const raw = this.#raw(encodeValue(key, value), options);
    await this.#write(scripts.setScript, [key, raw]);
  }

  async setIfAbsent(key: string, value: Json, options?: KeepOptions): Promise<boolean> {
    checkKey(key);
    const raw = this.#raw(encodeValue(key, value), options);
    return (await this.#write(scripts.setIfAbsentScript, [key, raw])) === 1;
  }

  async take<T extends Json>(key: string): Promise<T | undefined> {
    checkKey(key);
    return fromRaw<T>(await this.#write(scripts.takeScript, [key]));
  }

  async delete(key: string): Promise<boolean> {
    checkKey(key);
    return (await this.#write(scripts.takeScript, [key])) !== null;
  }

  update<T extends Json>(
    key: string,
    change: (current: T | undefined) => T | undefined,
    options?: KeepOptions,
  ): Promise<T | undefined> {
    return this.shared.inTurn(`${this.path}\0${key}`, () => this.#update(key, change, options));
  }

  async scan<T extends Json>(
    prefix: string,
    options: ScanOptions = {},
  ): Promise<(readonly [string, T])[]> {
    const { after = '', limit = 1000 } = options;
    checkText(prefix);
    checkText(after);
    const wanted = Math.min(Math.max(0, Math.trunc(limit)), maxScanLimit);
    const end = endOfPrefix(prefix);
    const to = prefix === '' || end === undefined ? '+' : `(${end}`;
    let from = compareKeys(after, prefix) >= 0 && after !== '' ? `(${after}` : `[${prefix}`;
    const found: (readonly [string, T])[] = [];
    while (found.length < wanted) {
      const rows = Math.min(scanRows, wanted - found.length + 1);
      const parameters = [from, to, wanted - found.length, rows, scanBytes];
      const [last, ...pairs] = (await this.#run(scripts.scanScript, parameters)) as (
        | string
        | null
      )[];
      for (let i = 0; i < pairs.length && found.length < wanted; i += 2) {
        found.push([pairs[i] as string, fromRaw<T>(pairs[i + 1]) as T]);
      }
      if (last === null || last === undefined) break;
      from = `(${last}`;
    }
    return found;
  }

  namespace(name: string): Store {
    return new RedisStore(this.shared, joinNamespace(this.path, name));
  }

  async #update<T extends Json>(
    key: string,
    change: (current: T | undefined) => T | undefined,
    options?: KeepOptions,
  ): Promise<T | undefined> {
    checkKey(key);
    const { link } = this.shared;
    const [hash] = this.#keys();
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (attempt > 3) await pause(Math.random() * Math.min(attempt, 20));
      const raw = await link.ask((client) => client.hget(hash, key));
      const before = this.#isAlive(raw) ? raw : '';
      const next = change(before === '' ? undefined : fromRaw<T>(before));
      const after = next === undefined ? '' : this.#raw(encodeValue(key, next), options);
      if ((await this.#write(scripts.compareAndSetScript, [key, before, after])) === 1) return next;
    }
    throw new ServerError(
      'STORE_BUSY',
      `the entry ${JSON.stringify(key.slice(0, 64))} was changed by others ${maxAttempts} times while this node tried; try again`,
    );
  }

  /** Runs a script that writes, and waits for the replicas that must know of it. */
  async #write(script: string, parameters: readonly (string | number)[]): Promise<unknown> {
    const { link } = this.shared;
    this.shared.note(this.path);
    const { generation } = link;
    const result = await this.#run(script, parameters);
    await link.confirm(generation);
    return result;
  }

  #run(script: string, parameters: readonly (string | number)[]): Promise<unknown> {
    const { link } = this.shared;
    const now = link.time.now();
    const deadline = link.time instanceof RedisTime ? now + commandTimeout : '';
    const rest = [now, deadline, ...parameters];
    return link.ask((client) => callScript(client, script, this.#keys(), rest));
  }

  #keys(): readonly [string, string, string] {
    return entryKeys(this.shared.link.config.prefix, `/${this.path}`);
  }

  #raw(text: string, options: KeepOptions | undefined): string {
    return toRaw(text, this.shared.link.time.now(), options?.ttl);
  }

  #isAlive(raw: string | null): raw is string {
    return isAlive(raw, this.shared.link.time.now());
  }
}

/** What all namespaces of one store share. */
class SharedParts {
  /** Namespaces that Redis knows to be purged. */
  readonly #noted = new Set<string>();
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #namespacesKey: string;

  constructor(
    readonly link: RedisLink,
    private readonly log: Logger,
  ) {
    this.#namespacesKey = namespacesKey(link.config.prefix);
    link.onReturn(() => this.#noted.clear());
  }

  note(path: string): void {
    if (this.#noted.has(path)) return;
    this.#noted.add(path);
    const noted = this.link.ask((client) => client.sadd(this.#namespacesKey, `/${path}`));
    noted.catch(() => this.#noted.delete(path));
  }

  /** Updates of one key from this node do not race each other. */
  inTurn<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const result = before === undefined ? task() : before.then(task, task);
    const done = (): void => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
    const tail: Promise<unknown> = result.then(done, done);
    this.#tails.set(key, tail);
    return result;
  }

  /** Deletes what is over, in bounded batches; harmless when several nodes do it. */
  async purge(): Promise<void> {
    const { link } = this;
    if (link.health() !== undefined) return;
    try {
      const paths = await link.ask((client) => client.smembers(this.#namespacesKey));
      for (const path of paths) {
        const keys = entryKeys(link.config.prefix, path);
        for (let purged = purgeBatch; purged === purgeBatch; ) {
          const rest = [link.time.now(), '', purgeBatch];
          const work = (client: RedisClient) => callScript(client, scripts.purgeScript, keys, rest);
          purged = (await link.ask(work)) as number;
        }
      }
    } catch (error) {
      if (link.health() === undefined) this.log.error({ err: error }, 'cannot purge the store');
    }
  }
}

/** The store of a node, with the connection that the bus of the node shares. */
export class RedisStoreDriver extends RedisStore implements StoreDriver {
  readonly name = 'redis';
  readonly #endPurge: () => void;

  private constructor(
    readonly link: RedisLink,
    shared: SharedParts,
    clock: Clock,
  ) {
    super(shared);
    this.#endPurge = clock.every(purgeInterval, () => void shared.purge());
  }

  /** Errors: those of `RedisLink.open`. */
  static async open(
    config: RedisConfig,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
  ): Promise<RedisStoreDriver> {
    const link = await RedisLink.open(config, { clock, log });
    return new RedisStoreDriver(link, new SharedParts(link, log), clock);
  }

  health(): string | undefined {
    return this.link.health();
  }

  close(): Promise<void> {
    this.#endPurge();
    return this.link.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
