import { execFile } from 'node:child_process';
import type { Logger } from '../logger.js';

/**
 * Tells systemd how this process does (`Type=notify`). Node has no datagram sockets of the kind that it listens
 * on, so the program systemd-notify speaks for us (`NotifyAccess=all`). Without NOTIFY_SOCKET nothing happens.
 */
export class ServiceManager {
  #turn: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  ready(status: string, log: Logger): Promise<void> {
    return this.#tell(['READY=1', `STATUS=${status}`], log);
  }

  reloading(log: Logger): Promise<void> {
    const now = process.hrtime.bigint() / 1000n;
    return this.#tell(['RELOADING=1', `MONOTONIC_USEC=${now}`], log);
  }

  stopping(log: Logger): Promise<void> {
    return this.#tell(['STOPPING=1'], log);
  }

  /** In the order of the calls; never rejects. */
  #tell(assignments: readonly string[], log: Logger): Promise<void> {
    if ((this.env.NOTIFY_SOCKET ?? '') === '') return this.#turn;
    const tell = () =>
      new Promise<void>((resolve) => {
        const options = { env: this.env as NodeJS.ProcessEnv, timeout: 5000 };
        execFile('systemd-notify', [...assignments], options, (error) => {
          if (error !== null && !this.#failed) {
            this.#failed = true;
            log.warn(
              `systemd-notify does not work (${error.message.trim()}): with Type=notify systemd will believe that the start failed; install the package systemd, or set Type=exec`,
            );
          }
          resolve();
        });
      });
    this.#turn = this.#turn.then(tell);
    return this.#turn;
  }
}
