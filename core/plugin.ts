import type { AuditedAction } from './admin/audit-log.js';
import type { ForgetListener } from './admin/forgetting.js';
import type { Bus } from './bus/bus.js';
import type { Clock } from './clock.js';
import type { Command, CommandCaller, Commands } from './commands/command.js';
import type { ConfigOf, Section } from './config/schema.js';
import type { HttpEndpoints, Routes, RoutesOptions } from './http/routes.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { AddressFilter } from './net/address-filter.js';
import type { TcpEndpoint } from './net/connection.js';
import type { UdpEndpoint } from './net/datagram.js';
import type { PeerAddress } from './net/peer-address.js';
import type { Store } from './store/store.js';
import type { EventToken, ServiceOf, ServiceToken } from './tokens.js';

/** The token of a service of any type. */
// biome-ignore lint/suspicious/noExplicitAny: any service
export type AnyToken = ServiceToken<any>;

/** A part that a class of the plugin can be built from: its constructor takes tokens by `@inject`. */
export type Constructor<T> = new (...args: never[]) => T;

/**
 * What `setup` gets. Everything that is registered through it (routes, handlers, timers, listeners,
 * services) is undone in reverse order when the plugin unloads.
 */
export interface Context<
  Requires extends readonly AnyToken[] = readonly [],
  Optional extends readonly AnyToken[] = readonly [],
  Provides extends readonly AnyToken[] = readonly [],
  Config = unknown,
> {
  /** The plugin's key in the configuration file. */
  readonly name: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly store: Store;
  readonly bus: Bus;
  readonly metrics: Metrics;
  /** Commands of all running plugins, for whoever offers another way to type them, as `rcon` does. */
  readonly commands: Commands;
  /** Facts about this server. */
  readonly server: ServerFacts;
  /** The UDP endpoint of that name, or several as one. */
  udp(endpoint: string | readonly string[]): UdpEndpoint;
  /** The TCP endpoint of that name, or several as one. */
  tcp(endpoint: string | readonly string[]): TcpEndpoint;
  /** Declares HTTP routes; core calls `routes` once, before listening. */
  http(routes: Routes, options?: RoutesOptions): HttpEndpoints;
  /**
   * Stands for everybody who reads these http endpoints, default `http`: game servers that it cannot reach
   * (see `canReach`) are of no use to readers and tell strangers about a network. Undefined where only this
   * machine reads.
   */
  httpReader(endpoint?: string | readonly string[]): PeerAddress | undefined;
  /** A service named in `requires`; another one is a type error and UNDECLARED_SERVICE at run time. */
  get<K extends Requires[number]>(token: K): ServiceOf<K>;
  /** A service named in `optional`, or undefined when no enabled plugin provides it. */
  find<K extends Optional[number]>(token: K): ServiceOf<K> | undefined;
  /** Builds a class of the plugin with its declared services injected; one instance per plugin. */
  create<T>(Class: Constructor<T>): T;
  /** Publishes a service named in `provides`: an instance, or a class to build. */
  provide<K extends Provides[number]>(
    token: K,
    part: Constructor<ServiceOf<K>> | ServiceOf<K>,
  ): void;
  /** Hears an event of core or of another plugin. A listener that throws is logged and stops nobody. */
  on<T>(event: EventToken<T>, listener: (payload: T) => void | Promise<void>): void;
  emit<T>(event: EventToken<T>, payload: T): void;
  /** Writes down who did what; resolves when the entry is durable. Runs of commands are written by the host. */
  audit(caller: CommandCaller, action: AuditedAction): Promise<void>;
  /**
   * Makes endpoints silent to addresses, before any plugin sees what they send; the endpoint `admin` alone
   * is never filtered. Call what it returns when the filter refuses more than before: open connections of
   * refused addresses are cut.
   */
  refuseAddresses(filter: AddressFilter): () => void;
  /** An operator asks to forget somebody: remove or blank what this plugin keeps, and say what it was. */
  onForget(listener: ForgetListener): void;
  every(ms: number, task: () => void | Promise<void>): () => void;
  after(ms: number, task: () => void | Promise<void>): () => void;
  /** Runs when the plugin unloads, in reverse order of registration. */
  defer(cleanup: () => void | Promise<void>): void;
  /** The file was read again (SIGHUP) and this plugin's section is right and changed. */
  onReload(listener: (config: Config) => void): void;
}

/** What a plugin may know of the node that it runs in. */
export interface ServerFacts {
  /** Name of this node. */
  readonly node: string;
  readonly version: string;
  /** Where other nodes reach this one, as configured. */
  readonly nodeAddress: string | null;
  /** Folder of everything we write; exists. */
  readonly data: string;
  /** Folder of the configuration file: relative paths in it start here. */
  readonly configFolder: string;
  readonly publicAddress: { readonly ipv4: string | null; readonly ipv6: string | null };
  /** Milliseconds that kinds of data are kept: the section `retention` of the configuration. */
  readonly retention: { readonly history: number; readonly chat: number; readonly audit: number };
}

/** What `definePlugin` takes: who the plugin is, what it needs and offers, and its set-up. */
export interface PluginDefinition<
  S extends Section,
  R extends readonly AnyToken[],
  O extends readonly AnyToken[],
  P extends readonly AnyToken[],
> {
  readonly name: string;
  /** Major version of the context this plugin was written for. */
  readonly api: 1;
  readonly doc?: string;
  /** Cannot live without these; their providers are set up before. */
  readonly requires?: R;
  /** Used when an enabled plugin provides them; those are set up before too. */
  readonly optional?: O;
  /** Must be provided when `setup` returns. */
  readonly provides?: P;
  readonly config?: S;
  readonly commands?: readonly Command[];
  /** The composition root: get services, build parts, attach handlers. */
  setup(context: Context<R, O, P, ConfigOf<S>>, config: ConfigOf<S>): void | Promise<void>;
}

/** A plugin of any kind: what `definePlugin` gives and a file exports as its default. */
// biome-ignore lint/suspicious/noExplicitAny: the one erased place; a definition is invariant in its config.
export type Plugin = PluginDefinition<any, readonly any[], readonly any[], readonly any[]>;

/** Declares a plugin; the types of `config` and of `context` follow from what it declares. */
export const definePlugin = <
  // biome-ignore lint/complexity/noBannedTypes: a plugin without configuration has no keys.
  const S extends Section = {},
  const R extends readonly AnyToken[] = [],
  const O extends readonly AnyToken[] = [],
  const P extends readonly AnyToken[] = [],
>(
  plugin: PluginDefinition<S, R, O, P>,
): Plugin => plugin;
