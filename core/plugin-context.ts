import type { AuditedAction, AuditLog } from './admin/audit-log.js';
import type { ForgetListener, Forgetting } from './admin/forgetting.js';
import type { Bus } from './bus/bus.js';
import { Cleanup } from './cleanup.js';
import type { Clock } from './clock.js';
import type { CommandCaller, Commands } from './commands/command.js';
import { messageOf, ServerError } from './errors.js';
import type { EventHub } from './event-hub.js';
import type { HttpEndpoint } from './http/http-endpoint.js';
import type { HttpEndpoints, Routes, RoutesOptions } from './http/routes.js';
import type { Logger } from './logger.js';
import type { Metrics, MetricsRegistry } from './metrics.js';
import type { AddressFilter, AddressFilters } from './net/address-filter.js';
import type { TcpEndpoint } from './net/connection.js';
import type { UdpEndpoint } from './net/datagram.js';
import { PeerAddress } from './net/peer-address.js';
import { findEndpoints, PluginTcpEndpoint, PluginUdpEndpoint } from './net/plugin-endpoints.js';
import type { TcpListener } from './net/tcp-listener.js';
import type { UdpListener } from './net/udp-listener.js';
import type { AnyToken, Constructor, Context, Plugin, ServerFacts } from './plugin.js';
import { nameOf, PluginContainer } from './plugin-container.js';
import type { Store } from './store/store.js';
import type { EventToken, ServiceOf } from './tokens.js';

/** Anybody on the internet (an address for documentation, which is nobody's). */
const outsideReader = PeerAddress.of('192.0.2.1', 0);

/** What the server offers to all plugins. */
export interface ServerParts {
  readonly facts: ServerFacts;
  readonly clock: Clock;
  readonly store: Store;
  readonly bus: Bus;
  readonly metrics: MetricsRegistry;
  readonly events: EventHub;
  readonly audit: AuditLog;
  readonly commands: Commands;
  readonly forgetting: Forgetting;
  readonly filters: AddressFilters;
  readonly udp: ReadonlyMap<string, UdpListener>;
  readonly tcp: ReadonlyMap<string, TcpListener>;
  readonly http: ReadonlyMap<string, HttpEndpoint>;
  log(plugin: string): Logger;
}

/** The context of one plugin: its view of the server, and the memory of all it registered. */
export class PluginContext
  implements Context<readonly AnyToken[], readonly AnyToken[], readonly AnyToken[]>
{
  readonly log: Logger;
  readonly clock: Clock;
  readonly store: Store;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly commands: Commands;
  readonly server: ServerFacts;
  readonly cleanup = new Cleanup();
  readonly provided = new Map<symbol, unknown>();
  readonly reloadListeners: ((config: unknown) => void)[] = [];
  readonly #container: PluginContainer;
  readonly #promised: ReadonlySet<symbol>;

  constructor(
    readonly name: string,
    plugin: Plugin,
    private readonly parts: ServerParts,
    services: ReadonlyMap<symbol, unknown>,
  ) {
    this.log = parts.log(name);
    this.clock = parts.clock;
    this.store = parts.store.namespace(name);
    this.bus = parts.bus.namespace(name);
    this.metrics = parts.metrics.prefixed(name);
    this.commands = parts.commands;
    this.server = parts.facts;
    this.#promised = new Set(plugin.provides ?? []);
    this.#container = new PluginContainer(name, new Set(plugin.optional ?? []));
    for (const token of [...(plugin.requires ?? []), ...(plugin.optional ?? [])]) {
      if (services.has(token)) this.#container.add(token, services.get(token));
    }
  }

  udp(endpoint: string | readonly string[]): UdpEndpoint {
    const listeners = findEndpoints('udp', this.parts.udp, endpoint);
    return new PluginUdpEndpoint(this.name, listeners, (undo) => this.defer(undo));
  }

  tcp(endpoint: string | readonly string[]): TcpEndpoint {
    const listeners = findEndpoints('tcp', this.parts.tcp, endpoint);
    return new PluginTcpEndpoint(this.name, listeners, (undo) => this.defer(undo));
  }

  http(routes: Routes, options: RoutesOptions = {}): HttpEndpoints {
    const { http } = this.parts;
    const wanted = [options.endpoint ?? 'http'].flat();
    const names = options.ifPresent === true ? wanted.filter((name) => http.has(name)) : wanted;
    const endpoints = findEndpoints('http', http, names);
    for (const endpoint of endpoints) {
      if (options.loopbackOnly !== undefined && !endpoint.isLoopback) {
        throw new ServerError(
          'EXPOSED',
          `${this.name} on endpoint ${endpoint.name}, which others can reach: ${options.loopbackOnly}`,
        );
      }
      this.defer(endpoint.add(this.name, routes, options.prefix ?? ''));
    }
    return {
      get addresses() {
        return endpoints.flatMap(({ addresses }) => addresses);
      },
      isSecure: endpoints.every(({ isSecure }) => isSecure),
    };
  }

  httpReader(endpoint: string | readonly string[] = 'http'): PeerAddress | undefined {
    const endpoints = findEndpoints('http', this.parts.http, endpoint);
    return endpoints.every(({ isRemote }) => !isRemote) ? undefined : outsideReader;
  }

  get<K extends AnyToken>(token: K): ServiceOf<K> {
    return this.#container.get(token);
  }

  find<K extends AnyToken>(token: K): ServiceOf<K> | undefined {
    return this.#container.find(token);
  }

  create<T>(Class: Constructor<T>): T {
    return this.#container.create(Class);
  }

  provide<K extends AnyToken>(token: K, part: Constructor<ServiceOf<K>> | ServiceOf<K>): void {
    if (!this.#promised.has(token)) {
      throw new ServerError(
        'UNDECLARED_SERVICE',
        `plugin ${this.name} provides ${nameOf(token)} without naming it in "provides"`,
      );
    }
    if (this.provided.has(token)) {
      throw new ServerError(
        'PROVIDED_TWICE',
        `plugin ${this.name} provides ${nameOf(token)} twice`,
      );
    }
    const instance = typeof part === 'function' ? this.create(part as Constructor<unknown>) : part;
    this.provided.set(token, instance);
    this.#container.add(token, instance);
  }

  on<T>(event: EventToken<T>, listener: (payload: T) => void | Promise<void>): void {
    this.defer(this.parts.events.on(this.name, event, listener));
  }

  emit<T>(event: EventToken<T>, payload: T): void {
    void this.parts.events.emit(event, payload);
  }

  every(ms: number, task: () => void | Promise<void>): () => void {
    let running = false;
    const cancel = this.clock.every(ms, () => {
      // A slow round is not overtaken by the next one.
      if (running) return;
      const result = this.#run(task);
      if (result === undefined) return;
      running = true;
      void result.finally(() => {
        running = false;
      });
    });
    this.defer(cancel);
    return cancel;
  }

  after(ms: number, task: () => void | Promise<void>): () => void {
    const cancel = this.clock.after(ms, () => void this.#run(task));
    this.defer(cancel);
    return cancel;
  }

  audit(caller: CommandCaller, action: AuditedAction): Promise<void> {
    return this.parts.audit.write(caller, { plugin: this.name, ...action });
  }

  refuseAddresses(filter: AddressFilter): () => void {
    this.defer(this.parts.filters.add(filter));
    return () => this.parts.filters.sweep();
  }

  onForget(listener: ForgetListener): void {
    this.defer(this.parts.forgetting.add(this.name, listener));
  }

  defer(cleanup: () => void | Promise<void>): void {
    this.cleanup.add(cleanup);
  }

  onReload(listener: (config: never) => void): void {
    this.reloadListeners.push(listener as (config: unknown) => void);
  }

  #run(task: () => void | Promise<void>): Promise<void> | undefined {
    const failed = (error: unknown) =>
      this.log.error({ err: error }, `a task of plugin ${this.name} failed: ${messageOf(error)}`);
    try {
      const result = task();
      return result instanceof Promise ? result.catch(failed) : undefined;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }
}
