import { createHmac, randomBytes } from 'node:crypto';
import type { Bus } from '../bus/bus.js';
import type { Store } from '../store/store.js';

const key = 'challenge-secret';
const day = 86_400_000;

/** 16 secret bytes by time; nodes that share them accept each other's challenges. */
export interface SecretSource {
  at(time: number): Uint8Array;
  /** Clocks of other nodes may be a little ahead. */
  readonly shared: boolean;
}

/**
 * The secret of a plugin's challenges, one for all nodes and another one each day. Derived from a root in the
 * store, so that nodes that lost the store still agree; a node that is alone keeps its own in memory.
 */
export async function openSharedSecret({
  store,
  bus,
}: {
  readonly store: Store;
  readonly bus: Bus;
}): Promise<{ readonly source: SecretSource; readonly close: () => void }> {
  const own = randomBytes(32).toString('hex');
  if (!bus.shared) return { source: new DailySecret(own, false), close: () => {} };
  const root = await agree(store, own);
  // A store that came back empty gets the root again: nodes that start later must agree with those that run.
  const close = bus.onGap(() => void store.setIfAbsent(key, root).catch(() => {}));
  return { source: new DailySecret(root, true), close };
}

async function agree(store: Store, own: string): Promise<string> {
  if (await store.setIfAbsent(key, own)) return own;
  const known = await store.get<string>(key);
  return typeof known === 'string' ? known : own;
}

class DailySecret implements SecretSource {
  readonly #root: Buffer;
  #period = Number.NaN;
  #secret: Uint8Array = new Uint8Array(16);

  constructor(
    root: string,
    readonly shared: boolean,
  ) {
    this.#root = Buffer.from(root, 'hex');
  }

  at(time: number): Uint8Array {
    const period = Math.floor(time / day);
    if (period !== this.#period) {
      this.#period = period;
      const hash = createHmac('sha256', this.#root).update(String(period)).digest();
      this.#secret = new Uint8Array(hash.subarray(0, 16));
    }
    return this.#secret;
  }
}
