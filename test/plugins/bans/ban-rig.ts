import type { Bus, Store } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { BanStore } from '../../../plugins/bans/ban-store.js';
import { BanTable } from '../../../plugins/bans/ban-table.js';

/** One community: a store and a bus that all its nodes share. */
export class Community {
  readonly store: Store;
  readonly bus: Bus = new SharedBus();

  constructor(readonly clock: FakeClock = new FakeClock()) {
    this.store = new MemoryStore(clock);
  }

  async node(name = 'one'): Promise<Node> {
    const node = new Node(this, name);
    await node.table.synchronise();
    return node;
  }
}

/** The bans of one node, and what it told its plugins. */
export class Node {
  readonly added: string[] = [];
  readonly removed: string[] = [];
  readonly errors: unknown[] = [];
  readonly table: BanTable;

  constructor({ clock, store, bus }: Community, name: string) {
    this.table = new BanTable({
      store: new BanStore(store),
      bus: bus.namespace(name),
      clock,
      node: name,
      onAdded: (bans) => this.added.push(...bans.map(({ subject }) => subject)),
      onRemoved: (bans) => this.removed.push(...bans.map(({ subject }) => subject)),
      onError: (error) => this.errors.push(error),
    });
    this.table.listen();
  }
}

type Hear = (message: never, from: string) => void;

/** A bus between nodes: the namespace stands for the node here. */
class SharedBus implements Bus {
  readonly shared = true;
  readonly #listeners = new Set<Hear>();
  namespace(node: string): Bus {
    return {
      shared: true,
      onGap: this.onGap,
      publish: (_channel, message) => {
        for (const hear of this.#listeners) setImmediate(() => hear(message as never, node));
      },
      subscribe: (_channel, listener) => {
        this.#listeners.add(listener as Hear);
        return () => this.#listeners.delete(listener as Hear);
      },
      namespace: () => this.namespace(node),
    };
  }
  onGap(): () => void {
    return () => {};
  }
  publish(): void {}
  subscribe(): () => void {
    return () => {};
  }
}

/** A clock for years: it runs no timers, so that a step costs nothing. */
export class LeapingClock extends FakeClock {
  override every(): () => void {
    return () => {};
  }
}
