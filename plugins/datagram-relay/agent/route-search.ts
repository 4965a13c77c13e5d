import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import { Refusal } from '../relay-codec.js';
import { EndReason } from './connection-state.js';
import type { ProbedRelay } from './relay-prober.js';
import { isClearlyBetter, type Route, routeName, routesTo } from './route-choice.js';

const MAX_REFUSALS = 3;
const REFUSED_PAUSE = 10_000;
const HOLD = 15_000;

export interface RouteSearchOptions {
  readonly pop: string;
  relays(): readonly ProbedRelay[];
  network(): { readonly config: NetworkConfig };
}

/** Ways to a server that are worth trying, and what was said against those that were. */
export class RouteSearch {
  /** Ways that refused or did not answer, until when they are left alone. */
  readonly #avoid = new Map<string, number>();
  /** Milliseconds for which some way was clearly better. */
  #betterFor = 0;
  #lookedAt = 0;
  #refusals = 0;
  #refusal = '';
  #refusalCode = 0;

  constructor(private readonly options: RouteSearchOptions) {}

  /** Best first. */
  routes(now: number): readonly Route[] {
    const { pop, relays, network } = this.options;
    return routesTo(pop, relays(), network().config).filter(
      (route) => (this.#avoid.get(routeName(route)) ?? 0) <= now,
    );
  }

  avoid(name: string, now: number, pause = REFUSED_PAUSE): void {
    this.#avoid.set(name, now + pause);
  }

  refused(code: number, text: string): void {
    this.#refusals++;
    this.#refusal = text;
    this.#refusalCode = code;
  }

  /** Why there is nothing left to try; undefined: there is. */
  refusal(now: number): { readonly reason: number; readonly text: string } | undefined {
    const isOver =
      this.#refusals >= MAX_REFUSALS || (this.#refusals > 0 && this.routes(now).length === 0);
    if (!isOver) return undefined;
    const isRight =
      this.#refusalCode === Refusal.ticketExpired || this.#refusalCode <= Refusal.mismatch;
    return {
      reason: isRight ? EndReason.noRights : EndReason.noRelaySession,
      text: `relays refused: ${this.#refusal}`,
    };
  }

  /**
   * A way that has been clearly better than the current one for long enough. A look at which it was not takes off
   * twice its time, so that one late answer does not begin the wait anew.
   */
  better(current: string, now: number): Route | undefined {
    const elapsed = Math.min(500, now - this.#lookedAt);
    this.#lookedAt = now;
    const routes = this.routes(now);
    const [best] = routes;
    const own = routes.find((route) => routeName(route) === current);
    const score = own?.score ?? Number.POSITIVE_INFINITY;
    if (best === undefined || routeName(best) === current || !isClearlyBetter(best.score, score)) {
      this.#betterFor = Math.max(0, this.#betterFor - 2 * elapsed);
      return undefined;
    }
    this.#betterFor += elapsed;
    return this.#betterFor < HOLD ? undefined : best;
  }

  /** The better way is taken. */
  taken(): void {
    this.#betterFor = 0;
  }
}
