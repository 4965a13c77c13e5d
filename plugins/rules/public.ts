import { serviceToken } from 'beaconry';

/** The rules (server variables) that A2S_RULES shows. Keys keep the order in which they were first set. */
export interface Rules {
  set(key: string, value: string): void;
  get(key: string): string | undefined;
  delete(key: string): boolean;
  clear(): void;
  entries(): IterableIterator<[string, string]>;
  readonly size: number;
  /** Rises with each change. */
  readonly version: number;
  /** The returned function ends it. */
  onChange(listener: () => void): () => void;
}
export const Rules = serviceToken<Rules>('Rules');
