import { jsonValue } from './json-value.js';

/** A signal as it travels: encoded once, however many read it. */
export interface LoggedSignal {
  readonly seq: number;
  readonly signal: string;
  /** Ids are texts already. */
  readonly data: unknown;
  /** `{"seq":…,"signal":…,"data":…}` */
  readonly text: string;
}

export interface SignalLogLimits {
  /** Signals that are kept; more than a busy server gets in the minute in which a lost socket may come back. */
  readonly count: number;
  /** Characters of all of them together. */
  readonly characters: number;
}

const usual: SignalLogLimits = { count: 8192, characters: 512 * 1024 };

/** The latest signals of one party by rising number, so that a lost reader can go on where it was. */
export class SignalLog {
  readonly #listeners = new Set<(signal: LoggedSignal) => void>();
  /** A ring: `seq` lies at `seq % count`. */
  readonly #ring: (LoggedSignal | undefined)[] = [];
  #seq = 0;
  /** Number of the oldest that is kept, and the length of all of them. */
  #first = 1;
  #characters = 0;

  constructor(private readonly limits: SignalLogLimits = usual) {}

  /** Number of the latest signal; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  append(signal: string, said: unknown): void {
    const data = jsonValue(said);
    const seq = ++this.#seq;
    const logged = { seq, signal, data, text: JSON.stringify({ seq, signal, data }) };
    const { count, characters } = this.limits;
    if (seq - this.#first >= count) this.#dropFirst();
    this.#ring[seq % count] = logged;
    this.#characters += logged.text.length;
    // The latest is always kept: its reader is still to come.
    while (this.#characters > characters && this.#first < seq) this.#dropFirst();
    for (const listener of this.#listeners) listener(logged);
  }

  /** Signals behind that number, and how many of them are gone because nobody read them for too long. */
  after(seq: number): { readonly signals: readonly LoggedSignal[]; readonly lost: number } {
    const from = Math.min(Math.max(0, seq), this.#seq) + 1;
    const first = Math.max(from, this.#first);
    const signals: LoggedSignal[] = [];
    for (let number = first; number <= this.#seq; number++) {
      signals.push(this.#ring[number % this.limits.count] as LoggedSignal);
    }
    return { signals, lost: first - from };
  }

  onAppend(listener: (signal: LoggedSignal) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #dropFirst(): void {
    const slot = this.#first++ % this.limits.count;
    this.#characters -= this.#ring[slot]?.text.length ?? 0;
    this.#ring[slot] = undefined;
  }
}
