import type { Rules } from 'beaconry/plugins/rules';
import { refuse } from '../call-error.js';

/** Rules one game server may have. */
export const MAX_RULES = 512;

/** What the interface writes to. */
export interface RuleTarget {
  setKeyValue(key: string, value: string): void;
  clearAllKeyValues(): void;
}

/** The rules of a hosted game server, changed through its interface so that its limits hold. */
export class RuleView implements Rules {
  version = 0;
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly values: ReadonlyMap<string, string>,
    private readonly target: RuleTarget,
  ) {}

  get size(): number {
    return this.values.size;
  }
  get(key: string): string | undefined {
    return this.values.get(key);
  }
  entries(): IterableIterator<[string, string]> {
    return this.values.entries();
  }

  /** Error 409 `TOO_MANY_RULES`. */
  set(key: string, value: string): void {
    this.merge({ [key]: value });
  }

  merge(rules: Readonly<Record<string, string>>): void {
    const added = Object.keys(rules).filter((key) => !this.values.has(key)).length;
    fits(this.values.size + added);
    for (const [key, value] of Object.entries(rules)) this.target.setKeyValue(key, value);
    this.#changed();
  }

  replace(rules: Readonly<Record<string, string>>): void {
    fits(Object.keys(rules).length);
    this.target.clearAllKeyValues();
    for (const [key, value] of Object.entries(rules)) this.target.setKeyValue(key, value);
    this.#changed();
  }

  delete(key: string): boolean {
    if (!this.values.has(key)) return false;
    this.replace(Object.fromEntries([...this.values].filter(([one]) => one !== key)));
    return true;
  }

  clear(): void {
    this.target.clearAllKeyValues();
    this.#changed();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.values);
  }

  #changed(): void {
    this.version++;
    for (const listener of this.#listeners) listener();
  }
}

const fits = (count: number): void => {
  if (count > MAX_RULES) {
    throw refuse(409, 'TOO_MANY_RULES', `a game server has at most ${MAX_RULES} rules`);
  }
};
