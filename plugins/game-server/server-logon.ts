import type { Clock, Logger } from 'beaconry';
import type {
  LogonAnswer,
  ServerLogon as LogonRequest,
  Resume,
  ServerEvents,
  ServerLink,
  SteamBackend,
} from 'beaconry/plugins/steam-backend';
import { EResult } from 'beaconry/steam';
import { type ServerEvent, type ServerState, serverTransitions } from './server-states.js';

export interface LogonTimes {
  readonly retryInterval: number;
  readonly logonTimeout: number;
}

/** What the logon tells the interface it belongs to. */
export interface LogonListener extends Omit<ServerEvents, 'lost'> {
  accepted(link: ServerLink, resumed: boolean): void | Promise<void>;
  refused(result: EResult, retrying: boolean): void;
  /** Cut off; a new try follows. */
  lost(result: EResult): void;
  /** Off for good: replaced, expelled or logged off. */
  ended(result: EResult): void;
}

type Request = Omit<LogonRequest, 'resume' | 'address'>;

/** Walks the table of the Steam game server API, section 1.1: logs on, tries again, resumes under the same identity. */
export class ServerLogonMachine {
  #state: ServerState = 'down';
  #request: Request | undefined;
  #link: ServerLink | undefined;
  #resume: Resume | undefined;
  #cancelRetry: (() => void) | undefined;
  /** Rises with each try, so that late answers of an abandoned one are recognised. */
  #attempt = 0;

  constructor(
    private readonly backend: SteamBackend | undefined,
    private readonly address: () => string,
    private readonly times: LogonTimes,
    private readonly clock: Clock,
    private readonly log: Pick<Logger, 'warn'>,
    private readonly listener: LogonListener,
  ) {}

  get state(): ServerState {
    return this.#state;
  }
  get link(): ServerLink | undefined {
    return this.#link;
  }

  init(): boolean {
    return this.#go('init');
  }

  /** False when it was ignored; what comes of it is told later. */
  logOn(request: Request): boolean {
    if (!this.#go('log-on')) {
      this.log.warn({ state: this.#state }, 'logOn was ignored: the server is not logged off');
      return false;
    }
    this.#request = request;
    this.#resume = undefined;
    this.#try();
    return true;
  }

  logOff(): void {
    const was = this.#state;
    if (!this.#go('log-off')) return;
    this.#leave();
    if (was !== 'logging-on') this.listener.ended(EResult.OK);
  }

  shutDown(): void {
    if (!this.#go('shutdown')) return;
    this.#leave();
  }

  #leave(): void {
    this.#attempt++;
    this.#cancelRetry?.();
    const link = this.#link;
    this.#link = undefined;
    link?.logOff().catch(() => undefined);
  }

  #try(): void {
    const attempt = ++this.#attempt;
    const request = this.#request;
    if (request === undefined) return;
    const cancelTimeout = this.clock.after(this.times.logonTimeout, () => {
      if (this.#attempt !== attempt) return;
      this.#attempt++;
      this.#refused(EResult.Timeout, true);
    });
    const resume = this.#resume;
    this.#ask({ ...request, address: this.address(), ...(resume === undefined ? {} : { resume }) })
      .finally(cancelTimeout)
      .then((answer) => {
        if (this.#attempt !== attempt) {
          // Answered too late: nobody waits for this logon any more.
          if (answer.ok) answer.link.drop();
        } else if (answer.ok) this.#accepted(answer.link, resume);
        else this.#refused(answer.result, answer.retrying);
      })
      .catch((error: unknown) => this.log.warn({ err: error }, 'a logon could not be finished'));
  }

  async #ask(request: LogonRequest): Promise<LogonAnswer<ServerLink>> {
    const unreachable = { ok: false, result: EResult.NoConnection, retrying: true } as const;
    if (this.backend === undefined) return unreachable;
    try {
      const attempt = this.#attempt;
      const current = () => this.#attempt === attempt;
      return await this.backend.logOnServer(request, {
        verdict: (verdict) => current() && this.listener.verdict(verdict),
        licences: (steamId, licences) => current() && this.listener.licences(steamId, licences),
        policy: (secure) => current() && this.listener.policy(secure),
        outOfDate: (rejected, text) => current() && this.listener.outOfDate(rejected, text),
        lost: (result, retrying) => current() && this.#lost(result, retrying),
      });
    } catch {
      return unreachable;
    }
  }

  #accepted(link: ServerLink, resume: Resume | undefined): void {
    this.#go('accepted');
    this.#link = link;
    const resumed = resume?.connection === link.resume.connection;
    this.#resume = link.resume;
    void this.listener.accepted(link, resumed);
  }

  #refused(result: EResult, retrying: boolean): void {
    this.#go(retrying ? 'failed' : 'refused');
    if (retrying) this.#retryLater();
    this.listener.refused(result, retrying);
  }

  #lost(result: EResult, retrying: boolean): void {
    this.#link = undefined;
    if (!retrying) {
      this.#go('expelled');
      this.#attempt++;
      this.listener.ended(result);
      return;
    }
    this.#go('connection-lost');
    this.listener.lost(result);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.clock.after(this.times.retryInterval, () => {
      if (this.#state === 'retrying') this.#try();
    });
  }

  #go(event: ServerEvent): boolean {
    const next = serverTransitions[this.#state][event];
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }
}
