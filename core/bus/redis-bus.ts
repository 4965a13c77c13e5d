import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { SystemClock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Logger } from '../logger.js';
import type { RedisClient } from '../store/redis-library.js';
import type { RedisLink } from '../store/redis-link.js';
import type { Json } from '../store/store.js';
import type { Bus, BusDriver } from './bus.js';
import { LocalBus } from './local-bus.js';

const beatInterval = 5000;

/** What travels: who said it, as a process and by name, and the message. */
interface Envelope {
  readonly by: string;
  readonly node: string;
  readonly say: Json;
}

/**
 * The bus between nodes, on publish and subscribe of Redis. Words to this node itself take the short way and arrive
 * also while Redis is lost; what others said meanwhile is missed, and `onGap` tells when.
 */
export class RedisBus implements BusDriver {
  readonly name = 'redis';
  readonly shared = true;
  readonly #local: LocalBus;
  readonly #instance = randomBytes(9).toString('base64url');
  readonly #prefix: string;
  readonly #subscriber: RedisClient;
  /** Listeners of a channel; Redis sends what somebody here listens to. */
  readonly #listeners = new Map<string, Set<(message: Json, from: string) => void>>();
  readonly #gaps = new Set<() => void>();
  /** Words that never left this node. */
  lost = 0;
  #ready = false;
  #closed = false;
  #endBeat: () => void = () => {};

  private constructor(
    private readonly link: RedisLink,
    private readonly parts: { readonly node: string; readonly log: Logger },
  ) {
    this.#local = new LocalBus(parts);
    this.#prefix = `${link.config.prefix}:bus:`;
    this.#subscriber = (link.client as Redis).duplicate();
  }

  static async open(
    link: RedisLink,
    parts: { readonly node: string; readonly log: Logger },
  ): Promise<RedisBus> {
    const bus = new RedisBus(link, parts);
    await bus.#open();
    return bus;
  }

  publish(channel: string, message: Json): void {
    this.#local.publish(channel, message);
    if (this.#closed) return;
    const envelope: Envelope = { by: this.#instance, node: this.parts.node, say: message };
    const text = JSON.stringify(envelope);
    this.link
      .ask((client) => client.publish(`${this.#prefix}${channel}`, text))
      .catch(() => {
        this.lost++;
      });
  }

  subscribe(channel: string, listener: (message: Json, from: string) => void): () => void {
    const endLocal = this.#local.subscribe(channel, listener);
    let listeners = this.#listeners.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(channel, listeners);
      if (this.#ready) this.#tell('subscribe', channel);
    }
    // Of its own, so that the same function may listen twice.
    const own = (message: Json, from: string): void => listener(message, from);
    listeners.add(own);
    return () => {
      endLocal();
      listeners.delete(own);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      if (this.#ready && !this.#closed) this.#tell('unsubscribe', channel);
    };
  }

  onGap(listener: () => void): () => void {
    this.#gaps.add(listener);
    return () => this.#gaps.delete(listener);
  }

  namespace(name: string): Bus {
    return this.#local.namespaceOf(this, name);
  }

  health(): string | undefined {
    if (this.#closed) return 'the bus is closed';
    return this.#ready ? undefined : 'redis cannot be reached: words of other nodes do not arrive';
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endBeat();
    this.#subscriber.disconnect();
    this.#listeners.clear();
    this.#gaps.clear();
    await this.#local.close();
  }

  async #open(): Promise<void> {
    const subscriber = this.#subscriber;
    subscriber.on('error', () => {});
    subscriber.on('message', (channel: string, text: string) => this.#hear(channel, text));
    await subscriber.connect();
    await this.#resubscribe();
    this.#ready = true;
    subscriber.on('close', () => {
      this.#ready = false;
    });
    subscriber.on('ready', () => void this.#comeBack());
    // The connection that speaks may come back without the one that hears having been lost.
    this.link.onReturn(() => this.#tellGap());
    this.#endBeat = new SystemClock().every(beatInterval, () => void this.#beat());
  }

  /** A connection that only listens does not notice by itself that its other end is gone. */
  async #beat(): Promise<void> {
    if (!this.#ready) return;
    try {
      await this.#subscriber.ping();
    } catch {
      if (!this.#closed && this.#ready) this.#subscriber.disconnect(true);
    }
  }

  async #comeBack(): Promise<void> {
    try {
      await this.#resubscribe();
      this.#ready = true;
      this.#tellGap();
    } catch (error) {
      if (this.#closed) return;
      this.parts.log.warn(`cannot subscribe at redis (${messageOf(error)}); trying again`);
      this.#subscriber.disconnect(true);
    }
  }

  async #resubscribe(): Promise<void> {
    const channels = [...this.#listeners.keys()].map((channel) => this.#prefix + channel);
    // Never empty: a connection that heard its own subscription confirmed is known to work.
    await this.#subscriber.subscribe(`${this.#prefix}`, ...channels);
  }

  #tell(what: 'subscribe' | 'unsubscribe', channel: string): void {
    this.#subscriber[what](this.#prefix + channel).catch(() => {
      // Lost meanwhile: the next connection subscribes to what is wanted then.
      if (what === 'subscribe' && !this.#closed && this.#ready) this.#subscriber.disconnect(true);
    });
  }

  #tellGap(): void {
    if (this.#closed || !this.#ready || this.link.health() !== undefined) return;
    for (const listener of [...this.#gaps]) {
      try {
        listener();
      } catch (error) {
        this.parts.log.error({ err: error }, 'a listener of the bus failed');
      }
    }
  }

  #hear(fullChannel: string, text: string): void {
    const channel = fullChannel.slice(this.#prefix.length);
    const listeners = this.#listeners.get(channel);
    if (listeners === undefined) return;
    let envelope: Envelope;
    try {
      envelope = JSON.parse(text) as Envelope;
    } catch {
      this.parts.log.warn(
        `what came on bus channel ${channel} is no message of a node; it is dropped`,
      );
      return;
    }
    if (envelope.by === this.#instance) return;
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        // Every listener gets a value of its own.
        const { say } = listeners.size === 1 ? envelope : (JSON.parse(text) as Envelope);
        listener(say, envelope.node);
      } catch (error) {
        this.parts.log.error({ err: error, channel }, 'a listener of the bus failed');
      }
    }
  }
}
