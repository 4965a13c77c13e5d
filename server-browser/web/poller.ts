import type { Clock, PeerAddress } from 'beaconry';
import type { InfoAnswer, PlayersAnswer, QueryClient, RulesAnswer } from 'beaconry/a2s-query';

export interface PollerOptions {
  /** Milliseconds between two questions to one server. */
  readonly interval: number;
  /** Servers asked at the same time. */
  readonly inFlight: number;
}

/** Who hears of answers. */
export interface PollReport {
  answered(address: string, info: InfoAnswer, ping: number): void;
  /** `failures` in a row. */
  failed(address: string, failures: number): void;
  detailed(
    address: string,
    players: PlayersAnswer | undefined,
    rules: RulesAnswer | undefined,
  ): void;
}

interface Target {
  readonly key: string;
  readonly server: { readonly host: string; readonly port: number };
  dueAt: number;
  detailsDueAt: number;
  openUntil: number;
  failures: number;
  busy: boolean;
  /** Part of a round that its second question waits longer, so that servers who came together spread. */
  phase: number;
}

/** Milliseconds between questions for players and rules of a server that nobody looks at. */
const detailsInterval = 600_000;
/** How long a server counts as looked at after a reader asked for its details. */
const openFor = 120_000;
/** Servers looked at at the same time; more change nothing. */
const mostOpen = 64;
const longestBackOff = 600_000;
/** Multiples of it are spread evenly over a round, however many there are. */
const GOLDEN = 0.618034;

/**
 * Asks every server once per round, the longest overdue first; a server that does not answer is asked less
 * and less often. Readers cause no datagram: a server they look at goes first among those that are due, and
 * its next turn brings players and rules too.
 */
export class Poller {
  readonly #targets = new Map<string, Target>();
  readonly #open = new Set<Target>();
  #active = 0;
  /** Questions for INFO that began. */
  asked = 0;

  constructor(
    private readonly client: Pick<QueryClient, 'info' | 'players' | 'rules'>,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly options: PollerOptions,
    private readonly report: PollReport,
  ) {}

  get size(): number {
    return this.#targets.size;
  }
  get active(): number {
    return this.#active;
  }

  add(address: PeerAddress): void {
    const key = address.toString();
    if (this.#targets.has(key)) return;
    const now = this.clock.monotonic();
    this.#targets.set(key, {
      key,
      server: { host: address.host, port: address.port },
      dueAt: now,
      detailsDueAt: now,
      openUntil: 0,
      failures: 0,
      busy: false,
      phase: (this.#targets.size * GOLDEN) % 1,
    });
  }

  remove(key: string): void {
    const target = this.#targets.get(key);
    if (target === undefined) return;
    this.#targets.delete(key);
    this.#open.delete(target);
  }

  /** A reader looks at the details of this server. */
  lookAt(key: string): void {
    const target = this.#targets.get(key);
    if (target === undefined) return;
    const now = this.clock.monotonic();
    for (const one of this.#open) if (one.openUntil <= now) this.#open.delete(one);
    if (this.#open.size >= mostOpen && !this.#open.has(target)) return;
    this.#open.add(target);
    target.openUntil = now + openFor;
  }

  /** Begins the questions that are due, as many as may be under way. Called several times a second. */
  tick(): void {
    let free = this.options.inFlight - this.#active;
    if (free <= 0) return;
    const now = this.clock.monotonic();
    const due: Target[] = [];
    for (const target of this.#targets.values()) {
      if (target.dueAt <= now && !target.busy) due.push(target);
    }
    if (due.length > free) {
      due.sort(
        (one, other) =>
          Number(this.#open.has(other)) - Number(this.#open.has(one)) || one.dueAt - other.dueAt,
      );
    }
    for (const target of due) {
      if (free-- <= 0) return;
      void this.#ask(target, now);
    }
  }

  async #ask(target: Target, now: number): Promise<void> {
    target.busy = true;
    this.#active++;
    this.asked++;
    target.dueAt = now + this.options.interval * (1 + target.phase);
    target.phase = 0;
    try {
      const { info, ping } = await this.client.info(target.server);
      target.failures = 0;
      if (!this.#isTarget(target)) return;
      this.report.answered(target.key, info, ping);
      if (target.openUntil > now || target.detailsDueAt <= now) await this.#askDetails(target, now);
    } catch {
      // Whatever went wrong, the server gave no answer that can be shown.
      target.failures++;
      const wait = this.options.interval * 2 ** Math.min(target.failures - 1, 10);
      target.dueAt = now + Math.max(this.options.interval, Math.min(wait, longestBackOff));
      if (this.#isTarget(target)) this.report.failed(target.key, target.failures);
    } finally {
      target.busy = false;
      this.#active--;
    }
  }

  async #askDetails(target: Target, now: number): Promise<void> {
    target.detailsDueAt = now + detailsInterval;
    const players = await this.client.players(target.server).catch(() => undefined);
    const rules = await this.client.rules(target.server).catch(() => undefined);
    if (this.#isTarget(target)) this.report.detailed(target.key, players, rules);
  }

  /** It may have left the list while it was asked, or come back as another one. */
  #isTarget(target: Target): boolean {
    return this.#targets.get(target.key) === target;
  }
}
