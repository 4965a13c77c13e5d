import type { AuditLog } from '../admin/audit-log.js';
import type { Section } from '../config/schema.js';
import { messageOf, ServerError } from '../errors.js';
import type { HostedCommand } from '../plugin-host.js';
import { withTimeLimit } from '../time-limit.js';
import type { CommandCaller, Commands, OfferedCommand } from './command.js';
import {
  type GivenParameters,
  positionalParameters,
  publicParameters,
  readParameters,
} from './command-parameters.js';

/** Milliseconds one command may take. */
const LIMIT = 60_000;

/** Runs commands of running plugins, whoever asks; each run is one entry of the audit. */
export class CommandRunner implements Commands {
  constructor(
    private readonly commands: ReadonlyMap<string, HostedCommand>,
    private readonly audit: AuditLog,
    /** Commands of the host itself; plugins cannot take their names. */
    private readonly own: readonly HostedCommand[] = [],
  ) {}

  all(): HostedCommand[] {
    return [...this.own, ...this.commands.values()].sort((one, other) =>
      one.command.name < other.command.name ? -1 : 1,
    );
  }

  list(): OfferedCommand[] {
    return this.all().map(({ plugin, command }) => {
      const positional = positionalParameters(command);
      const options = Object.keys(command.parameters as Section).filter(
        (name) => !positional.includes(name),
      );
      return { name: command.name, plugin, doc: command.doc, positional, options };
    });
  }

  run(
    name: string,
    texts: Readonly<Record<string, string>>,
    caller: CommandCaller,
  ): Promise<unknown> {
    return this.runGiven(name, { kind: 'text', values: texts }, caller);
  }

  /** Errors `NO_COMMAND`, `PARAMETERS`, and whatever the command throws. */
  async runGiven(name: string, given: GivenParameters, caller: CommandCaller): Promise<unknown> {
    const hosted = this.own.find(({ command }) => command.name === name) ?? this.commands.get(name);
    if (hosted === undefined) {
      throw new UnknownCommandError(
        name,
        this.all().map(({ command }) => command.name),
      );
    }
    const { command, context } = hosted;
    const parameters = readParameters(command, given);
    const what = { command: name, parameters: publicParameters(command, given) };
    try {
      const result = await withTimeLimit(
        Promise.resolve(command.run(context, parameters as never, caller)),
        LIMIT,
        `command ${name}`,
      );
      if (command.readOnly !== true) await this.audit.write(caller, { ...what, outcome: 'done' });
      return result ?? null;
    } catch (error) {
      await this.audit.write(caller, { ...what, outcome: `failed: ${messageOf(error)}` });
      throw error;
    }
  }
}

class UnknownCommandError extends ServerError {
  readonly statusCode = 404;
  constructor(name: string, known: readonly string[]) {
    super(
      'NO_COMMAND',
      `no running plugin has a command "${name}"; there are: ${[...known].sort().join(', ') || 'none'}`,
    );
  }
}
