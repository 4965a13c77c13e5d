import type { Command, CommandContext } from './commands/command.js';
import { messageOf, ServerError } from './errors.js';
import type { Logger } from './logger.js';
import type { Plugin } from './plugin.js';
import { nameOf } from './plugin-container.js';
import { PluginContext, type ServerParts } from './plugin-context.js';
import { withTimeLimit } from './time-limit.js';

/** A plugin with its validated configuration, in set-up order. */
export interface LoadedPlugin {
  readonly name: string;
  readonly plugin: Plugin;
  readonly config: unknown;
  readonly onFailure: 'stop' | 'continue';
}

export type PluginState = 'running' | 'failed' | 'skipped';

/** A command of a running plugin. */
export interface HostedCommand {
  readonly plugin: string;
  readonly command: Command;
  readonly context: CommandContext;
}

export interface PluginHostLimits {
  /** Milliseconds one `setup` may take. */
  readonly setup: number;
  /** Milliseconds all plugins together may take to unload; those that are left then are given 50 each. */
  readonly unload: number;
}

/** Sets plugins up in order and unloads them in reverse. */
export class PluginHost {
  readonly #services = new Map<symbol, unknown>();
  readonly #states = new Map<string, PluginState>();
  readonly #running: PluginContext[] = [];
  readonly #commands = new Map<string, HostedCommand>();

  constructor(
    private readonly parts: ServerParts,
    private readonly log: Logger,
    private readonly limits: PluginHostLimits = { setup: 10_000, unload: 700 },
  ) {}

  get states(): ReadonlyMap<string, PluginState> {
    return this.#states;
  }

  get commands(): ReadonlyMap<string, HostedCommand> {
    return this.#commands;
  }

  service(token: symbol): unknown {
    return this.#services.get(token);
  }

  /** Sets all up; a failure is undone, dependents are skipped, and unless told to continue it is thrown. */
  async setUp(plugins: readonly LoadedPlugin[]): Promise<void> {
    for (const loaded of plugins) {
      const missing = loaded.plugin.requires?.find((token) => !this.#services.has(token));
      if (missing !== undefined) {
        this.#states.set(loaded.name, 'skipped');
        this.log.warn(
          { plugin: loaded.name },
          `plugin ${loaded.name} is skipped: the provider of ${nameOf(missing)} failed`,
        );
        continue;
      }
      await this.#setUp(loaded);
    }
  }

  /** Tells the plugin its new section; false when it does not take changes while running. */
  reload(name: string, config: unknown): boolean {
    const context = this.#running.find((running) => running.name === name);
    if (context === undefined || context.reloadListeners.length === 0) return false;
    for (const listener of context.reloadListeners) listener(config);
    return true;
  }

  /** Unloads in reverse order; what fails is logged and stops nobody. */
  async unload(): Promise<void> {
    const deadline = performance.now() + this.limits.unload;
    for (let context = this.#running.pop(); context !== undefined; context = this.#running.pop()) {
      await this.#undo(context, Math.max(50, deadline - performance.now()));
    }
  }

  async #setUp({ name, plugin, config, onFailure }: LoadedPlugin): Promise<void> {
    const context = new PluginContext(name, plugin, this.parts, this.#services);
    try {
      // The one erased place: `definePlugin` has checked config and context against each other.
      await withTimeLimit(
        plugin.setup(context as never, config as never),
        this.limits.setup,
        'setup',
      );
      for (const token of plugin.provides ?? []) {
        if (!context.provided.has(token)) {
          throw new ServerError(
            'NOT_PROVIDED',
            `it promises ${nameOf(token)} in "provides", but setup returned without context.provide()`,
          );
        }
      }
    } catch (cause) {
      this.#states.set(name, 'failed');
      await this.#undo(context);
      const error = new ServerError('PLUGIN_SETUP', `plugin ${name}: ${messageOf(cause)}`, {
        cause,
      });
      if (onFailure === 'stop') throw error;
      this.log.error({ plugin: name, err: cause }, error.message);
      return;
    }
    this.#running.push(context);
    this.#states.set(name, 'running');
    for (const [token, instance] of context.provided) this.#services.set(token, instance);
    for (const command of plugin.commands ?? []) {
      const other = this.#commands.get(command.name);
      if (other !== undefined) {
        throw new ServerError(
          'COMMAND_TAKEN',
          `plugins ${other.plugin} and ${name} both define the command ${command.name}`,
        );
      }
      this.#commands.set(command.name, { plugin: name, command, context });
    }
  }

  async #undo(context: PluginContext, limit = this.limits.unload): Promise<void> {
    try {
      const errors = await withTimeLimit(context.cleanup.run(), limit, 'unloading');
      for (const error of errors) {
        this.log.error({ plugin: context.name, err: error }, `clean-up failed: ${error.message}`);
      }
    } catch (error) {
      this.log.error({ plugin: context.name }, `plugin ${context.name}: ${messageOf(error)}`);
    }
  }
}
