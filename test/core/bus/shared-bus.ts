import type { Bus } from '../../../core/bus/bus.js';
import type { Json } from '../../../core/store/store.js';

type Listener = (message: Json, from: string) => void;

interface Subscription {
  readonly node: string;
  readonly listener: Listener;
}

/**
 * Words between nodes of one process. A node that is cut off neither hears nor is heard by the others, and learns of
 * the gap when it is back.
 */
export class SharedBus {
  readonly #channels = new Map<string, Set<Subscription>>();
  readonly #gaps = new Map<() => void, string>();
  readonly #cut = new Set<string>();

  of(node: string, path = ''): Bus {
    return {
      shared: true,
      publish: (channel, message) => this.#publish(node, `${path}:${channel}`, message),
      subscribe: (channel, listener) => this.#subscribe(node, `${path}:${channel}`, listener),
      onGap: (listener) => {
        this.#gaps.set(listener, node);
        return () => this.#gaps.delete(listener);
      },
      namespace: (name) => this.of(node, `${path}/${name}`),
    };
  }

  cut(node: string): void {
    this.#cut.add(node);
  }

  mend(node: string): void {
    this.#cut.delete(node);
    for (const [listener, of] of this.#gaps) if (of === node) listener();
  }

  #publish(from: string, channel: string, message: Json): void {
    const text = JSON.stringify(message);
    for (const { node, listener } of this.#channels.get(channel) ?? []) {
      const lost = node !== from && (this.#cut.has(node) || this.#cut.has(from));
      if (!lost) setImmediate(() => listener(JSON.parse(text) as Json, from));
    }
  }

  #subscribe(node: string, channel: string, listener: Listener): () => void {
    const subscription = { node, listener };
    const all = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, all.add(subscription));
    return () => all.delete(subscription);
  }
}
