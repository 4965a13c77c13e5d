/** An error for people and programs: a sentence that names who, what and the way out, and a stable code. */
export class ServerError extends Error {
  override readonly name: string = 'ServerError';
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One thing wrong with the configuration; `place` is `file:line:column`, `environment NAME` or `--set path`. */
export interface Problem {
  readonly place: string;
  readonly path: string;
  readonly message: string;
}

/** Everything wrong with a configuration, collected in one run; the process ends with exit code 78. */
export class ConfigError extends ServerError {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly Problem[]) {
    super('CONFIG', problems.map(formatProblem).join('\n'));
  }
}

/** One problem as a line: `file:line:column: path: message`. */
export const formatProblem = ({ place, path, message }: Problem): string =>
  `${place}: ${path === '' ? '' : `${path}: `}${message}`;

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
