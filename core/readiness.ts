import type { Maintenance } from './admin/maintenance.js';
import type { BusDriver } from './bus/bus.js';
import { RedisBus } from './bus/redis-bus.js';
import { DescriptorWatch } from './descriptor-watch.js';
import type { Logger } from './logger.js';
import type { MetricsRegistry } from './metrics.js';
import type { PluginState } from './plugin-host.js';
import type { StoreDriver } from './store/store.js';

export interface ReadinessParts {
  readonly store: StoreDriver;
  readonly bus: BusDriver;
  readonly maintenance: Maintenance;
  readonly states: ReadonlyMap<string, PluginState>;
  readonly log: Logger;
}

/** Whether a node should get traffic, and what it does without; for `/readyz` and metrics. */
export class Readiness {
  phase: 'starting' | 'ready' | 'stopping' = 'starting';

  readonly #descriptors: DescriptorWatch;

  constructor(private readonly parts: ReadinessParts) {
    this.#descriptors = new DescriptorWatch(parts.log);
  }

  /** Looks from now on at what nobody tells. */
  watch(): void {
    this.#descriptors.start();
  }

  unwatch(): void {
    this.#descriptors.stop();
  }

  /** Why this node should get no traffic now; empty when it is ready. */
  problems(): string[] {
    const { store, maintenance, states } = this.parts;
    const problems: string[] = [];
    if (this.phase !== 'ready') problems.push(`server is ${this.phase}`);
    const closed = maintenance.problem();
    if (closed !== undefined) problems.push(closed);
    if (store.name !== 'redis') problems.push(...this.#sharedProblems());
    for (const [name, state] of states) {
      if (state !== 'running') problems.push(`plugin ${name}: ${state}`);
    }
    return problems;
  }

  /**
   * What this node does without, though it serves. A lost redis is lost to all nodes alike: were they not ready for
   * it, a balancer would take away the whole community.
   */
  limits(): string[] {
    const few = this.#descriptors.problem;
    return [
      ...(this.parts.store.name === 'redis' ? this.#sharedProblems() : []),
      ...(few === undefined ? [] : [few]),
    ];
  }

  describe(metrics: MetricsRegistry): void {
    const { store, bus } = this.parts;
    const up = (health: string | undefined) => (health === undefined ? 1 : 0);
    const shared = metrics.prefixed('store');
    shared.gauge('up', 'Whether the store can be asked', () => up(store.health()));
    shared.gauge('bus_up', 'Whether words of other nodes arrive', () => up(bus.health()));
    if (bus instanceof RedisBus) {
      shared.total('bus_lost_total', 'Words that never left this node', () => bus.lost);
    }
  }

  #sharedProblems(): string[] {
    const store = this.parts.store.health();
    const bus = this.parts.bus.health();
    return [
      ...(store === undefined ? [] : [`store: ${store}`]),
      ...(bus === undefined ? [] : [`bus: ${bus}`]),
    ];
  }
}
