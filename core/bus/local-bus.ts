import { ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Json } from '../store/store.js';
import type { Bus, BusDriver } from './bus.js';

const maxMessageBytes = 1024 * 1024;

type Listener = (message: Json, from: string) => void;

interface Subscription {
  readonly listener: Listener;
  ended: boolean;
}

interface Publication {
  readonly channel: string;
  readonly text: string;
}

/** The bus of a community of one node. Messages are delivered after the publisher's tick, in order. */
export class LocalBus implements BusDriver {
  readonly name = 'local';
  readonly shared = false;
  readonly #node: string;
  readonly #log: Logger;
  readonly #channels = new Map<string, Set<Subscription>>();
  #queue: Publication[] = [];
  #closed = false;

  constructor({ node, log }: { readonly node: string; readonly log: Logger }) {
    this.#node = node;
    this.#log = log;
  }

  publish(channel: string, message: Json): void {
    // Text, as on a bus between nodes: what is published later cannot change under the subscribers.
    const text = JSON.stringify(message);
    if (text === undefined || Buffer.byteLength(text) > maxMessageBytes) {
      throw new ServerError(
        'BUS_MESSAGE',
        `a message on bus channel ${channel} is JSON of at most ${maxMessageBytes} bytes`,
      );
    }
    if (this.#closed || !this.#channels.has(channel)) return;
    this.#queue.push({ channel, text });
    if (this.#queue.length === 1) setImmediate(() => this.#deliver());
  }

  subscribe(channel: string, listener: Listener): () => void {
    const subscription: Subscription = { listener, ended: false };
    const subscriptions = this.#channels.get(channel) ?? new Set();
    subscriptions.add(subscription);
    this.#channels.set(channel, subscriptions);
    return () => {
      subscription.ended = true;
      subscriptions.delete(subscription);
      if (subscriptions.size === 0 && this.#channels.get(channel) === subscriptions) {
        this.#channels.delete(channel);
      }
    };
  }

  namespace(name: string): Bus {
    return this.namespaceOf(this, name);
  }

  /** A namespace of another bus that keeps to the same names. */
  namespaceOf(bus: Bus, name: string): Bus {
    return new BusNamespace(bus, checkName(name));
  }

  /** Nothing is ever missed in one process. */
  onGap(): () => void {
    return () => {};
  }

  health(): string | undefined {
    return this.#closed ? 'the bus is closed' : undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue = [];
    this.#channels.clear();
  }

  #deliver(): void {
    // What listeners publish goes out in the next round, so two of them cannot keep the process busy for ever.
    const round = this.#queue;
    this.#queue = [];
    for (const { channel, text } of round) {
      const subscriptions = this.#channels.get(channel);
      if (subscriptions === undefined) continue;
      for (const subscription of [...subscriptions]) {
        if (!subscription.ended) this.#hand(channel, subscription, JSON.parse(text) as Json);
      }
    }
  }

  #hand(channel: string, { listener }: Subscription, message: Json): void {
    try {
      listener(message, this.#node);
    } catch (error) {
      this.#log.error({ err: error, channel }, 'a listener of the bus failed');
    }
  }
}

/** Channels below `path/`; names have no `/`, so they never meet others'. */
class BusNamespace implements Bus {
  constructor(
    private readonly bus: Bus,
    private readonly path: string,
  ) {}

  get shared(): boolean {
    return this.bus.shared;
  }

  onGap(listener: () => void): () => void {
    return this.bus.onGap(listener);
  }

  publish(channel: string, message: Json): void {
    this.bus.publish(`${this.path}/:${channel}`, message);
  }

  subscribe(channel: string, listener: Listener): () => void {
    return this.bus.subscribe(`${this.path}/:${channel}`, listener);
  }

  namespace(name: string): Bus {
    return new BusNamespace(this.bus, `${this.path}/${checkName(name)}`);
  }
}

function checkName(name: string): string {
  if (name === '' || /[/:]/.test(name)) {
    throw new ServerError(
      'BUS_NAMESPACE',
      `the name of a bus namespace is not empty and has neither '/' nor ':': ${JSON.stringify(name)}`,
    );
  }
  return name;
}
