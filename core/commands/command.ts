import type { Clock } from '../clock.js';
import type { ConfigOf, Section } from '../config/schema.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import type { ServiceToken } from '../tokens.js';

/** Who runs a command, for the audit entry. */
export interface CommandCaller {
  readonly by: string;
  readonly source: 'cli' | 'http' | 'rcon' | 'plugin';
}

/** A command as those see it who offer people a way to type it. */
export interface OfferedCommand {
  readonly name: string;
  /** `core`, or the plugin whose command it is. */
  readonly plugin: string;
  readonly doc: string;
  /** Names of required parameters, in their order. */
  readonly positional: readonly string[];
  /** Names of all other parameters. */
  readonly options: readonly string[];
}

/** The commands of all running plugins, whoever asks; each run is audited. */
export interface Commands {
  /** In order of names. */
  list(): readonly OfferedCommand[];
  /** Runs one with parameters as a person types them; errors `NO_COMMAND`, `PARAMETERS`, and the command's own. */
  run(
    name: string,
    texts: Readonly<Record<string, string>>,
    caller: CommandCaller,
  ): Promise<unknown>;
}

/** What a command of a plugin may use: the plugin's own context, narrowed. */
export interface CommandContext {
  readonly name: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly store: Store;
  /** A service that the plugin requires or provides. */
  get<T>(token: ServiceToken<T>): T;
}

/**
 * One definition from which the host derives the sub-command (`ban-add` becomes `beaconry ban add`),
 * `POST /v1/admin/commands/NAME`, the RCON line and the audit entry.
 * Required parameters (`default: null`, not nullable) are positional in their order, the others options.
 */
export interface CommandDefinition<S extends Section> {
  readonly name: string;
  readonly doc: string;
  readonly parameters: S;
  /** It changes nothing, so a run that succeeds is not audited. */
  readonly readOnly?: boolean;
  /** Returns what is printed: a text, or data for `--json` and HTTP. */
  run(context: CommandContext, parameters: ConfigOf<S>, caller: CommandCaller): unknown;
}

/** A command with parameters of any kind: what `command` gives. */
// biome-ignore lint/suspicious/noExplicitAny: commands of one plugin differ in their parameters.
export type Command = CommandDefinition<any>;

/** Keeps the types of one command and gives what `commands` of a plugin takes. */
export const command = <const S extends Section>(definition: CommandDefinition<S>): Command =>
  definition;
