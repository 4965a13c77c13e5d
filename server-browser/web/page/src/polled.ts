import { signal } from '@preact/signals';

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
    try {
      const response = await fetch(this.path);
      if (!response.ok) throw new Error(String(response.status));
      this.value.value = (await response.json()) as T;
      this.hasFailed.value = false;
    } catch {
      this.hasFailed.value = true;
    }
  }
}
