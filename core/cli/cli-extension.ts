import type { Command } from 'commander';

/**
 * Commands that a bundled folder adds to the `beaconry` command and that need no running node:
 * the default export of its `cli.ts`. A ServerError with code `USAGE` ends with exit code 2.
 */
export type CliExtension = (program: Command) => void;
