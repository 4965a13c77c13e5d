import { messageOf } from './errors.js';
import type { Logger } from './logger.js';
import type { EventToken } from './tokens.js';

type Listener = (payload: unknown) => void | Promise<void>;

/** Events inside one process: typed by their token, heard in order of registration. */
export class EventHub {
  readonly #listeners = new Map<symbol, Set<{ readonly owner: string; readonly hear: Listener }>>();

  constructor(private readonly log: Logger) {}

  on<T>(
    owner: string,
    event: EventToken<T>,
    listener: (payload: T) => void | Promise<void>,
  ): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    const entry = { owner, hear: listener as Listener };
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  /** Tells every listener; the promise waits for those that answer with one. Never rejects. */
  async emit<T>(event: EventToken<T>, payload: T): Promise<void> {
    const waiting: Promise<void>[] = [];
    for (const { owner, hear } of [...(this.#listeners.get(event) ?? [])]) {
      const failed = (error: unknown) =>
        this.log.error(
          { plugin: owner, event: event.description, error: messageOf(error) },
          'a listener failed',
        );
      try {
        const heard = hear(payload);
        if (heard instanceof Promise) waiting.push(heard.catch(failed));
      } catch (error) {
        failed(error);
      }
    }
    await Promise.all(waiting);
  }
}
