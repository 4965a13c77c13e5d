import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export type ChosenIds = 'open' | 'grace' | 'secret';

export interface IdentityOptions {
  /** Who may take an id of his choice (SixtyNine protocol, section 6). */
  readonly chosenIds: ChosenIds;
  /** Milliseconds for which an id with a secret is kept after its connection ended. */
  readonly graceTime: number;
  /** Ids that are only granted with their key, whatever the policy. */
  readonly reservedIds: ReadonlyMap<string, string>;
  /** Kept ids at most; the oldest makes room. */
  readonly keptIds: number;
}

/** What INIT asks for. */
export interface Claim {
  /** The chosen id; undefined asks for a new one. */
  readonly id: string | undefined;
  /** The secret that was sent; '' asks for one, undefined says that the client knows nothing of secrets. */
  readonly secret: string | undefined;
}

export type Grant<Holder> =
  | {
      readonly granted: true;
      readonly id: string;
      readonly secret?: string;
      readonly replaced?: Holder;
    }
  | {
      readonly granted: false;
      readonly refusal: string;
      readonly cause: 'id_taken' | 'id_secret' | 'id_invalid';
    };

interface Entry<Holder> {
  holder: Holder | undefined;
  /** Hash of the secret, when the id has one. */
  secret: Buffer | undefined;
  /** While nobody holds the id: until when it is kept. */
  keptUntil: number;
}

const LONGEST_ID = 128;
/** Half a surrogate pair: no text, and some receivers cannot even read it. */
const HALF_SURROGATE = /\p{Surrogate}/u;

/**
 * Which connection holds which id, and for whom an id is kept. Time comes in as milliseconds of a clock
 * that never jumps.
 */
export class Identities<Holder> {
  readonly #entries = new Map<string, Entry<Holder>>();
  /** Ids without a holder in the order in which they were left. */
  readonly #kept = new Set<string>();

  constructor(
    private readonly options: IdentityOptions,
    private readonly random: (size: number) => Buffer = randomBytes,
  ) {}

  /** The live holder of an id. */
  find(id: string): Holder | undefined {
    return this.#entries.get(id)?.holder;
  }

  get kept(): number {
    return this.#kept.size;
  }

  claim(claim: Claim, holder: Holder, now: number): Grant<Holder> {
    if (claim.id === undefined) return this.#grant(this.#freshId(), claim, holder, undefined);
    const { id } = claim;
    if (Buffer.byteLength(id) > LONGEST_ID || HALF_SURROGATE.test(id)) {
      const refusal = `ClientId: at most ${LONGEST_ID} bytes of text`;
      return { granted: false, refusal, cause: 'id_invalid' };
    }
    const key = this.options.reservedIds.get(id);
    if (key !== undefined && !sameSecret(hash(key), claim.secret)) return wrongSecret(id);
    this.#forget(id, now);
    const entry = this.#entries.get(id);
    const proven =
      key !== undefined || (entry?.secret !== undefined && sameSecret(entry.secret, claim.secret));
    if (entry !== undefined && !proven) {
      const refusal = `ClientId: ${id} is already initialized`;
      return { granted: false, refusal, cause: 'id_taken' };
    }
    if (this.options.chosenIds === 'secret' && !proven) return wrongSecret(id);
    return this.#grant(id, claim, holder, entry);
  }

  /** The holder is gone; an id with a secret is kept for its owner. Others' entries are not touched. */
  release(id: string, holder: Holder, now: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.holder !== holder) return;
    if (entry.secret === undefined || this.options.graceTime === 0) {
      this.#entries.delete(id);
      return;
    }
    entry.holder = undefined;
    entry.keptUntil = now + this.options.graceTime;
    this.#kept.add(id);
    if (this.#kept.size > this.options.keptIds) {
      const [oldest] = this.#kept;
      if (oldest !== undefined) this.#drop(oldest);
    }
  }

  /** Forgets ids that were kept long enough. */
  sweep(now: number): void {
    for (const id of this.#kept) {
      if ((this.#entries.get(id)?.keptUntil ?? 0) > now) break;
      this.#drop(id);
    }
  }

  #grant(
    id: string,
    claim: Claim,
    holder: Holder,
    entry: Entry<Holder> | undefined,
  ): Grant<Holder> {
    const replaced = entry?.holder;
    this.#kept.delete(id);
    const rights = this.options.chosenIds !== 'open' && !this.options.reservedIds.has(id);
    let secret: string | undefined;
    let kept = entry?.secret;
    if (rights && claim.secret !== undefined) {
      // The owner may not have got our last answer, so the secret stays the same when he proves it.
      secret = kept === undefined ? this.random(24).toString('base64url') : claim.secret;
      kept = hash(secret);
    }
    this.#entries.set(id, { holder, secret: kept, keptUntil: 0 });
    return {
      granted: true,
      id,
      ...(secret === undefined ? {} : { secret }),
      ...(replaced === undefined ? {} : { replaced }),
    };
  }

  /** 96 random bits as 16 characters that need no escape in JSON. */
  #freshId(): string {
    for (;;) {
      const id = this.random(12).toString('base64url');
      if (!this.#entries.has(id) && !this.options.reservedIds.has(id)) return id;
    }
  }

  #forget(id: string, now: number): void {
    const entry = this.#entries.get(id);
    if (entry?.holder === undefined && entry !== undefined && entry.keptUntil <= now)
      this.#drop(id);
  }

  #drop(id: string): void {
    this.#kept.delete(id);
    this.#entries.delete(id);
  }
}

const wrongSecret = (id: string): Grant<never> => ({
  granted: false,
  refusal: `ClientId: ${id} needs its secret`,
  cause: 'id_secret',
});

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest();

const sameSecret = (expected: Buffer, secret: string | undefined): boolean =>
  secret !== undefined && secret !== '' && timingSafeEqual(expected, hash(secret));
