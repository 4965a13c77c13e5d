import type { Store } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { BanStore } from '../../../plugins/bans/ban-store.js';
import { BanTable } from '../../../plugins/bans/ban-table.js';
import { SharedBus } from '../../core/bus/shared-bus.js';

/** One community: a store and a bus that all its nodes share. */
export class Community {
  readonly store: Store;
  readonly bus = new SharedBus();

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
      bus: bus.of(name),
      clock,
      node: name,
      onAdded: (bans) => this.added.push(...bans.map(({ subject }) => subject)),
      onRemoved: (bans) => this.removed.push(...bans.map(({ subject }) => subject)),
      onError: (error) => this.errors.push(error),
    });
    this.table.listen();
  }
}

/** A clock for years: it runs no timers, so that a step costs nothing. */
export class LeapingClock extends FakeClock {
  override every(): () => void {
    return () => {};
  }
}
