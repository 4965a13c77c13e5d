import type { Clock, Logger } from 'beaconry';
import type { SteamSignals } from './steam-signals.js';
import { signalAliases } from './steam-signals.js';

export type SignalName = keyof SteamSignals;
export type SignalListener<N extends SignalName> = (data: SteamSignals[N]) => void;
/** A signal that waits to be pumped, by its name. */
export type QueuedSignal = {
  [N in SignalName]: { readonly signal: N; readonly data: SteamSignals[N] };
}[SignalName];

const MAX_QUEUED = 16_384;
const PUMP_WARNING = 20_000;

/**
 * Signals wait here until somebody pumps: they are delivered only from `deliver`, in the order queued, never
 * inside the call that caused them.
 */
export class SignalQueue {
  #queue: QueuedSignal[] = [];
  readonly #listeners = new Map<SignalName, Set<(data: never) => void>>();
  readonly #allListeners = new Set<(signal: QueuedSignal) => void>();
  #delivering = false;
  #cancelWarning: (() => void) | undefined;
  /** Signals lost because nobody pumped. */
  dropped = 0;

  constructor(
    private readonly clock: Clock,
    private readonly log: Pick<Logger, 'warn' | 'error'>,
  ) {}

  get length(): number {
    return this.#queue.length;
  }

  emit<N extends SignalName>(signal: N, data: SteamSignals[N]): void {
    this.#queue.push({ signal, data } as unknown as QueuedSignal);
    if (this.#queue.length > MAX_QUEUED) {
      this.#queue.shift();
      this.dropped++;
    }
    this.#cancelWarning ??= this.clock.after(PUMP_WARNING, () => {
      const say =
        'signals wait and nobody calls runCallbacks(); call it at least 10 times a second';
      this.log.warn({ waiting: this.#queue.length }, say);
    });
  }

  /** Delivers what was queued before the call; what listeners cause waits for the next one. */
  deliver(): void {
    if (this.#delivering) return;
    this.#cancelWarning?.();
    this.#cancelWarning = undefined;
    const queue = this.#queue;
    this.#queue = [];
    this.#delivering = true;
    try {
      for (const queued of queue) this.#deliverOne(queued);
    } finally {
      this.#delivering = false;
    }
  }

  /** Knows the aliases of the names too. */
  on<N extends SignalName>(signal: N | string, listener: SignalListener<N>): () => void {
    const name = signalAliases[signal] ?? (signal as SignalName);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as (data: never) => void));
    return () => listeners.delete(listener as (data: never) => void);
  }

  onAny(listener: (signal: QueuedSignal) => void): () => void {
    this.#allListeners.add(listener);
    return () => this.#allListeners.delete(listener);
  }

  clear(): void {
    this.#queue = [];
    this.#cancelWarning?.();
    this.#cancelWarning = undefined;
  }

  #deliverOne(queued: QueuedSignal): void {
    for (const listener of this.#listeners.get(queued.signal) ?? []) {
      this.#guarded(queued.signal, () => (listener as (data: unknown) => void)(queued.data));
    }
    for (const listener of this.#allListeners) this.#guarded(queued.signal, () => listener(queued));
  }

  #guarded(signal: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.log.error({ err: error, signal }, 'a listener of a signal threw');
    }
  }
}
