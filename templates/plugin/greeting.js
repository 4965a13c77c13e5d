/** @import { Store } from 'beaconry' */
/** @import { Greeter } from './public.js' */

/**
 * Greets, and keeps in the store how often, so that a restart forgets nothing.
 * @implements {Greeter}
 */
export class Greeting {
  #store;
  #word;

  /**
   * @param {Store} store
   * @param {string} word
   */
  constructor(store, word) {
    this.#store = store;
    this.#word = word;
  }

  /** @param {string} who */
  async greet(who) {
    /** @type {number | undefined} */
    const times = await this.#store.update(
      `greeted-${who}`,
      (/** @type {number} */ before = 0) => before + 1,
    );
    return `${this.#word}, ${who}! (${times})`;
  }
}
