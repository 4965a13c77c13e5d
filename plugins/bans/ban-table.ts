import { type Bus, type Clock, HttpError, type PeerAddress } from 'beaconry';
import { BanIndex, everywhere } from './ban-index.js';
import { isReason, isScope, type ListedBan } from './ban-lines.js';
import { type BanStore, local } from './ban-store.js';
import { parseSubject, subjectText } from './ban-subject.js';
import type { Ban, BanListOptions, BanSubject, Bans, NewBan } from './public.js';

/** Channel on which nodes say that something changed. */
const channel = 'changed';
/** Bans that are taken up before others get their turn. */
const bansAtOnce = 1000;
const defaultLimit = 1000;

export interface BanTableParts {
  readonly store: BanStore;
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  /** Name of this node. */
  readonly node: string;
  readonly onAdded: (bans: readonly Ban[]) => void;
  readonly onRemoved: (bans: readonly Ban[]) => void;
  readonly onError: (error: unknown) => void;
}

export interface Replaced {
  readonly added: number;
  readonly removed: number;
}

/** All bans of the community in the memory of one node; changes go to the store first, then to all nodes. */
export class BanTable implements Bans {
  readonly #index = new BanIndex();
  readonly #bans = new Map<string, Ban>();
  /** Version of the store that is in memory. */
  #version = -1;
  /** Unix milliseconds at which the next ban is over. */
  #nextEnd = Number.POSITIVE_INFINITY;
  #work: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: BanTableParts) {}

  get size(): number {
    return this.#bans.size;
  }

  isAddressBanned(address: PeerAddress, scope?: string): boolean {
    return this.#index.isAddressBanned(address, scope);
  }
  isServerBanned(address: PeerAddress, scope?: string): boolean {
    return this.#index.isServerBanned(address, scope);
  }
  isSteamIdBanned(steamId: bigint, scope?: string): boolean {
    return this.#index.isSteamIdBanned(steamId, scope);
  }
  isAccountBanned(account: string, scope?: string): boolean {
    return this.#index.isAccountBanned(account, scope);
  }
  find(subject: BanSubject, scope?: string): Ban | undefined {
    return this.#index.find(subject, scope);
  }

  list({ subject, source, offset = 0, limit = defaultLimit }: BanListOptions = {}): Ban[] {
    const wanted = subject === undefined ? undefined : subjectText(parseSubject(subject));
    const found: Ban[] = [];
    let skip = offset;
    for (const ban of this.#bans.values()) {
      if (wanted !== undefined && ban.subject !== wanted) continue;
      if (source !== undefined && ban.source !== source) continue;
      if (skip-- > 0) continue;
      if (found.push(ban) >= limit) break;
    }
    return found;
  }

  async add({ subject, scope = everywhere, reason, by, until = null }: NewBan): Promise<Ban> {
    const now = this.parts.clock.now();
    checkScope(scope);
    if (!isReason(reason)) throw new HttpError(400, 'BAN', 'the reason is too long, or no text');
    if (until !== null && until <= now) throw new HttpError(400, 'BAN', 'the ban is over already');
    const ban: Ban = {
      subject: subjectText(parseSubject(subject)),
      scope,
      reason,
      by,
      from: now,
      until,
      source: local,
    };
    return this.#inTurn(async () => {
      await this.parts.store.put(ban, this.parts.clock.now());
      await this.#changed();
      await this.#take([ban], []);
      return ban;
    });
  }

  async remove(subject: string, scope: string = everywhere): Promise<Ban | undefined> {
    const wanted = subjectText(parseSubject(subject));
    return this.#inTurn(async () => {
      const ban = this.#bans.get(keyOf({ source: local, scope, subject: wanted }));
      if (ban === undefined) return undefined;
      await this.parts.store.delete(ban);
      await this.#changed();
      await this.#take([], [ban]);
      return ban;
    });
  }

  /** Puts a list in the place of everything that came from its source. */
  replace(source: string, listed: readonly ListedBan[]): Promise<Replaced> {
    return this.#inTurn(async () => {
      const bans = listed.map((ban) => ({ ...ban, source }));
      const before = [...this.#bans.values()].filter((ban) => ban.source === source);
      const change = differences(before, bans);
      if (change.added.length > 0 || change.removed.length > 0) {
        await this.parts.store.replace(source, bans);
        await this.#changed();
        await this.#take(change.added, change.removed);
      }
      return { added: change.added.length, removed: change.removed.length };
    });
  }

  /** Takes out what is over; called each second. */
  expire(): void {
    const now = this.parts.clock.now();
    if (now < this.#nextEnd) return;
    const over: Ban[] = [];
    this.#nextEnd = Number.POSITIVE_INFINITY;
    for (const ban of this.#bans.values()) {
      if (ban.until === null) continue;
      if (ban.until <= now) over.push(ban);
      else this.#nextEnd = Math.min(this.#nextEnd, ban.until);
    }
    for (const ban of over) this.#drop(ban);
    if (over.length > 0) this.parts.onRemoved(over);
  }

  /** Reads the store again when another node changed it. */
  synchronise(): Promise<void> {
    return this.#inTurn(async () => {
      const version = await this.parts.store.version();
      if (version === this.#version) return;
      const kept = await this.parts.store.load();
      const now = this.parts.clock.now();
      const live = kept.filter(({ until }) => until === null || until > now);
      const { added, removed } = differences([...this.#bans.values()], live);
      await this.#take(added, removed);
      this.#version = version;
    });
  }

  /** Hears what other nodes change; the returned function ends it. */
  listen(): () => void {
    const { bus, node, onError } = this.parts;
    const ends = [
      bus.subscribe(channel, (_message, from) => {
        if (from !== node) this.synchronise().catch(onError);
      }),
      bus.onGap(() => this.#catchUp().catch(onError)),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  /** The store is back. When it knows less than it did, it is told again: nobody gets in because redis forgot. */
  async #catchUp(): Promise<void> {
    const { store, clock } = this.parts;
    if ((await store.version()) < this.#version) {
      await this.#inTurn(async () => {
        for (const ban of this.#bans.values()) {
          if (ban.source === local) await store.put(ban, clock.now());
        }
        await this.#changed();
      });
    }
    await this.synchronise();
  }

  get footprint(): { readonly bans: number; readonly scopes: number; readonly nodes: number } {
    return { bans: this.#bans.size, ...this.#index.footprint };
  }

  /** The store has a change of this node: others read it now, and this one need not. */
  async #changed(): Promise<void> {
    const version = await this.parts.store.raiseVersion(this.#version);
    if (version === this.#version + 1) this.#version = version;
    this.parts.bus.publish(channel, version);
  }

  async #take(added: readonly Ban[], removed: readonly Ban[]): Promise<void> {
    for (const [count, ban] of removed.entries()) {
      this.#drop(ban);
      if (count % bansAtOnce === bansAtOnce - 1) await nextTurn();
    }
    for (const [count, ban] of added.entries()) {
      this.#bans.set(keyOf(ban), ban);
      this.#index.add(ban);
      this.#nextEnd = Math.min(this.#nextEnd, ban.until ?? Number.POSITIVE_INFINITY);
      if (count % bansAtOnce === bansAtOnce - 1) await nextTurn();
    }
    if (removed.length > 0) this.parts.onRemoved(removed);
    if (added.length > 0) this.parts.onAdded(added);
  }

  #drop(ban: Ban): void {
    this.#bans.delete(keyOf(ban));
    this.#index.remove(ban);
  }

  /** One change after the other, so that memory and store agree on who was last. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#work.then(task);
    this.#work = done.catch(() => {});
    return done;
  }
}

const keyOf = ({ source, scope, subject }: Pick<Ban, 'source' | 'scope' | 'subject'>): string =>
  `${scope} ${subject} ${source}`;

/** What must be added and removed to come from one to the other; a changed ban is added again. */
function differences(before: readonly Ban[], after: readonly Ban[]) {
  const known = new Map(before.map((ban) => [keyOf(ban), ban]));
  const added = after.filter((ban) => {
    const key = keyOf(ban);
    const old = known.get(key);
    known.delete(key);
    return old === undefined || !isSame(old, ban);
  });
  return { added, removed: [...known.values()] };
}

/** A list that gives no time for a ban says another one each time it is read. */
const isSame = (one: Ban, other: Ban): boolean =>
  one.until === other.until && one.reason === other.reason && one.by === other.by;

function checkScope(scope: string): void {
  if (!isScope(scope)) {
    throw new HttpError(400, 'BAN', 'a scope is "all" or one word of a-z, 0-9 and "-"');
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
