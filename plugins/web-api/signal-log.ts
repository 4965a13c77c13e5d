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

/** More than a busy server gets in the minute in which a lost socket may come back. */
const LIMIT = 8192;

/** The latest signals of one party by rising number, so that a lost reader can go on where it was. */
export class SignalLog {
  readonly #listeners = new Set<(signal: LoggedSignal) => void>();
  /** A ring: `seq` lies at `seq % limit`. */
  readonly #ring: (LoggedSignal | undefined)[] = [];
  #seq = 0;

  constructor(private readonly limit = LIMIT) {}

  /** Number of the latest signal; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  append(signal: string, said: unknown): void {
    const data = jsonValue(said);
    const seq = ++this.#seq;
    const logged = { seq, signal, data, text: JSON.stringify({ seq, signal, data }) };
    this.#ring[seq % this.limit] = logged;
    for (const listener of this.#listeners) listener(logged);
  }

  /** Signals behind that number, and how many of them are gone because nobody read them for too long. */
  after(seq: number): { readonly signals: readonly LoggedSignal[]; readonly lost: number } {
    const from = Math.min(Math.max(0, seq), this.#seq) + 1;
    const first = Math.max(from, this.#seq - this.limit + 1);
    const signals: LoggedSignal[] = [];
    for (let number = first; number <= this.#seq; number++) {
      signals.push(this.#ring[number % this.limit] as LoggedSignal);
    }
    return { signals, lost: first - from };
  }

  onAppend(listener: (signal: LoggedSignal) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
