import { TrustedIssuers } from 'beaconry/steam';

/** Whose tickets the backend of the last logon believes; nobody's before the first. */
export class BackendIssuers {
  #current = new TrustedIssuers([]);
  #keys = '';

  get current(): TrustedIssuers {
    return this.#current;
  }

  /** Logging on again with the same keys costs nothing. */
  use(keys: readonly string[]): void {
    const joined = keys.join('\n');
    if (joined === this.#keys) return;
    this.#keys = joined;
    this.#current = new TrustedIssuers(keys);
  }
}
