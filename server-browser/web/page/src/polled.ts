import { signal } from '@preact/signals';
import { ask } from './ask.js';

/** What a route answers, asked again and again while a part of the page shows it. */
export class Polled<T> {
  readonly value = signal<T | null>(null);
  readonly hasFailed = signal(false);
  #timer = 0;

  constructor(
    private readonly path: string,
    private readonly every = 5000,
  ) {}

  readonly start = (): void => {
    void this.#ask();
    this.#timer = window.setInterval(() => {
      if (!document.hidden) void this.#ask();
    }, this.every);
  };
  readonly stop = (): void => clearInterval(this.#timer);

  async #ask(): Promise<void> {
    const answer = await ask<T>(this.path);
    this.hasFailed.value = answer === null;
    // Without that plugin there is nothing to ask for.
    if (answer === 404) this.stop();
    else if (answer !== null) this.value.value = answer;
  }
}
