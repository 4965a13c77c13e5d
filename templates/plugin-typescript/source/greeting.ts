import type { Store } from 'beaconry';
import type { NewPluginName } from './public.js';

/** Greets, and keeps in the store how often, so that a restart forgets nothing. */
export class Greeting implements NewPluginName {
  constructor(
    private readonly store: Store,
    private readonly word: string,
  ) {}

  async greet(who: string): Promise<string> {
    const times = await this.store.update<number>(`greeted-${who}`, (before = 0) => before + 1);
    return `${this.word}, ${who}! (${times})`;
  }
}
