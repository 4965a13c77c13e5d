import { renameSync, writeFileSync } from 'node:fs';
import type { ConfigSource } from '../config/config-file.js';
import { messageOf } from '../errors.js';
import { type ReadyReport, Server } from '../server.js';
import { withTimeLimit } from '../time-limit.js';
import { EXIT, exitCodeOf } from './exit-code.js';

export interface RunOptions {
  readonly source: ConfigSource;
  readonly readyFile?: string;
  readonly poison?: boolean;
  /** Called after the ready line. */
  readonly onReady?: (report: ReadyReport) => void;
}

/** Milliseconds that a start may still take once a stop was asked for. */
const STARTING_LIMIT = 500;

/** Runs a server until a signal ends it; the process exits with the code of the contract. */
export async function runServer(options: RunOptions): Promise<void> {
  let server: Server;
  try {
    server = await Server.prepare({ source: options.source, poison: options.poison ?? false });
  } catch (error) {
    fail(error);
    return;
  }
  const { log } = server;
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(EXIT.failed);
    stopping = true;
    // A stop in the middle of a start is a stop too; a plugin that is still being set up cannot hold it up.
    void withTimeLimit(started, STARTING_LIMIT, 'starting')
      .catch(() => undefined)
      .then(() => server.stop())
      .then(() => process.exit(EXIT.stopped));
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  process.on('SIGHUP', () => {
    void server.reload().then(
      (waiting) =>
        log.info(
          waiting.length === 0
            ? 'configuration reloaded'
            : `restart needed for: ${waiting.join(', ')}`,
        ),
      (error) => log.error(`configuration not reloaded, nothing changed:\n${messageOf(error)}`),
    );
  });
  const crash = (error: unknown) => {
    log.fatal({ err: error }, `unexpected: ${messageOf(error)}`);
    process.exit(EXIT.failed);
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash);
  const started = server.start().then(
    (report) => {
      if (!stopping) announce(report, options);
    },
    (error) => {
      if (stopping) log.warn(`the start ended early: ${messageOf(error)}`);
      else fail(error);
    },
  );
  await started;
}

function announce(report: ReadyReport, { readyFile, onReady }: RunOptions): void {
  const json = JSON.stringify(report);
  if (readyFile !== undefined) {
    // A reader must never see half of it.
    writeFileSync(`${readyFile}.part`, `${json}\n`);
    renameSync(`${readyFile}.part`, readyFile);
  }
  process.stdout.write(`beaconry ready ${json}\n`);
  onReady?.(report);
}

/** Prints what is wrong and ends the process with the code that tells which kind of wrong it is. */
export function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(exitCodeOf(error));
}
