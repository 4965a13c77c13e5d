import { ConfigError, ServerError } from '../errors.js';

/** Exit codes of the `beaconry` command. */
export const EXIT = { stopped: 0, failed: 1, usage: 2, configuration: 78 } as const;

/** Errors of a start that no restart can mend, since the configuration or a plugin is wrong. */
const CONFIGURATION_CODES: ReadonlySet<string> = new Set([
  'PLUGIN_SETUP',
  'PLUGIN_ORDER',
  'NO_ENDPOINT',
  'PREFIX_TAKEN',
  'ENDPOINT_TAKEN',
  'COMMAND_TAKEN',
  'STORE_TOO_NEW',
  'STORE_FOREIGN',
  'STORE_DRIVER',
  'NO_NATIVE_DRIVER',
  'DATA_FOLDER',
  'SCHEMA',
  'TLS_FILES',
]);

export const exitCodeOf = (error: unknown): number => {
  if (error instanceof ConfigError) return EXIT.configuration;
  if (error instanceof ServerError && error.code === 'USAGE') return EXIT.usage;
  if (error instanceof ServerError && CONFIGURATION_CODES.has(error.code))
    return EXIT.configuration;
  return EXIT.failed;
};
