import { createHash, timingSafeEqual } from 'node:crypto';
import { roadbookHash } from './orders.js';
import type { RallyEngine } from './rally-engine.js';
import { type Join, PROTOCOL } from './rally-messages.js';

/** Whom a rally takes in: the entry list, the password, the right files, and a ticket that is good. */
export class JoinCheck {
  readonly #passwordHash: Buffer;

  constructor(
    private readonly engine: RallyEngine,
    /** Empty: everybody on the entry list may join. */
    password: string,
  ) {
    this.#passwordHash = hashOf(password);
  }

  /** Undefined for a join that is right, but for its ticket: that is looked at last, since it begins a session. */
  wrongWith(join: Join): readonly [reason: string, expected: string] | undefined {
    const { engine } = this;
    const { definition } = engine.options;
    if (join.protocol !== PROTOCOL) return ['protocol', `${PROTOCOL}`];
    if (!timingSafeEqual(hashOf(join.password), this.#passwordHash)) return ['password', ''];
    const { gameVersion } = definition.rally;
    if (join.gameVersion !== gameVersion) return ['game-version', gameVersion];
    if (join.carsHash !== definition.carsHash) return ['cars-hash', definition.carsHash];
    const crew = engine.crews.get(join.number);
    if (crew === undefined) return ['not-entered', ''];
    const { driverId, codriverId } = crew.entry;
    if (join.steamId !== driverId && (codriverId === 0n || join.steamId !== codriverId)) {
      return ['not-your-entry', ''];
    }
    const roadbook = roadbookHash(engine, crew);
    return join.roadbookHash === roadbook ? undefined : ['roadbook-hash', roadbook];
  }
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
