import { ServerError } from 'beaconry';
import type { Rules } from './public.js';

/** A2S_RULES counts in a signed 16-bit number for some clients; far below it a list is unreadable anyway. */
const MAX_RULES = 4096;

/** The rules in order of their first setting. */
export class RuleTable implements Rules {
  readonly #values = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  #version = 0;

  get size(): number {
    return this.#values.size;
  }

  get version(): number {
    return this.#version;
  }

  set(key: string, value: string): void {
    if (typeof key !== 'string' || typeof value !== 'string' || key === '') {
      throw new ServerError(
        'RULE_TEXT',
        `rule ${JSON.stringify(key)}: key and value must be text, the key not empty; write String(value)`,
      );
    }
    if (this.#values.get(key) === value) return;
    if (!this.#values.has(key) && this.#values.size >= MAX_RULES) {
      throw new ServerError(
        'RULE_COUNT',
        `more than ${MAX_RULES} rules: delete some before adding ${key}`,
      );
    }
    this.#values.set(key, value);
    this.#changed();
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  delete(key: string): boolean {
    const existed = this.#values.delete(key);
    if (existed) this.#changed();
    return existed;
  }

  clear(): void {
    if (this.#values.size === 0) return;
    this.#values.clear();
    this.#changed();
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}
