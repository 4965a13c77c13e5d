import { type Clock, canReach, PeerAddress } from 'beaconry';
import type { InfoAnswer, PlayersAnswer, RulesAnswer } from 'beaconry/a2s-query';
import type { Registration, Registrations } from 'beaconry/plugins/master';
import { completeServer } from './complete-server.js';
import type { CountryData } from './country-data.js';
import { DirectoryEntry } from './directory-entry.js';
import { type DirectoryPage, listPage, type PageSource } from './directory-page.js';
import { GamePortGroups } from './game-port-groups.js';
import type { ListedServer, ServerDetail } from './listed-server.js';
import { measurementOf } from './measurement.js';
import type { PollReport } from './poller.js';
import type { AddedServer, ServerDirectory } from './public.js';

export type { DirectoryPage } from './directory-page.js';

/** What changed since it was last asked for. */
export interface DirectoryChanges {
  readonly upserts: readonly ListedServer[];
  /** Those of them of which nothing but players, slots, bots or ping changed. */
  readonly numbers: ReadonlySet<ListedServer>;
  readonly removes: readonly string[];
}

/** Hears which servers are to be asked: registered ones and favourites, never those that others added. */
export interface Targets {
  add(address: PeerAddress): void;
  remove(address: string): void;
}

export interface DirectoryParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly registrations?: Registrations | undefined;
  readonly countries?: CountryData | undefined;
  /** Stands for all readers, who share one list: only servers that it can reach are shown; default all. */
  readonly reader?: PeerAddress | undefined;
}

/** All listed servers, one entry per address: registrations, favourites, what plugins added, and answers. */
export class Directory implements ServerDirectory, PollReport {
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #groups = new GamePortGroups();
  readonly #changed = new Set<string>();
  readonly #pageSource: PageSource;
  #targets: Targets = { add: () => {}, remove: () => {} };
  /** Called with every answer to us; history is made of it. */
  onMeasured: (server: ListedServer) => void = () => {};
  onRemoved: (address: string) => void = () => {};

  constructor(private readonly parts: DirectoryParts) {
    const { registrations, reader } = parts;
    this.#pageSource = {
      registrations,
      reader,
      entries: this.#entries,
      line: (entry) => this.#line(entry),
    };
    for (const registration of parts.registrations?.list('') ?? []) this.register(registration);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** From now on these are told; those that are known already at once. */
  tell(targets: Targets): void {
    this.#targets = targets;
    for (const entry of this.#entries.values()) if (entry.isTarget) targets.add(entry.peer);
  }

  register(registration: Registration): void {
    const isOfUse = registration.fakeIp || this.#isReachable(registration.address);
    if (registration.outdated || registration.lan || !isOfUse) {
      this.unregister(registration);
      return;
    }
    const entry = this.#entry(registration.address);
    entry.registration = registration;
    this.#touch(entry);
  }

  unregister(registration: Registration): void {
    const entry = this.#entries.get(registration.address.toString());
    if (entry?.registration === undefined) return;
    entry.registration = undefined;
    this.#touch(entry);
  }

  favour(address: PeerAddress): () => void {
    const entry = this.#entry(address);
    entry.favourite = true;
    this.#touch(entry);
    return () => {
      entry.favourite = false;
      this.#touch(entry);
    };
  }

  add(source: string, server: AddedServer): () => void {
    const listed = completeServer(source, server);
    const address = PeerAddress.parse(server.address);
    const isOfUse = address === undefined || listed.fakeIp !== undefined;
    if (!isOfUse && !this.#isReachable(address)) return () => {};
    const key = address?.toString() ?? server.address;
    const entry = this.#entryOf(key, address ?? new PeerAddress());
    entry.added.set(source, listed);
    this.#touch(entry);
    return () => {
      if (entry.added.get(source) !== listed) return;
      entry.added.delete(source);
      this.#touch(entry);
    };
  }

  answered(address: string, info: InfoAnswer, ping: number): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.answered(measurementOf(info, ping, this.parts.clock.now()));
    this.#touch(entry);
    this.onMeasured(this.#line(entry));
  }

  failed(address: string, failures: number): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.failures = failures;
    this.#touch(entry);
  }

  detailed(
    address: string,
    players: PlayersAnswer | undefined,
    rules: RulesAnswer | undefined,
  ): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.detailed(players, rules, this.parts.clock.now());
    this.#touch(entry);
  }

  has(address: string): boolean {
    return this.#entries.has(address);
  }

  detail(address: string): ServerDetail | undefined {
    const entry = this.#entries.get(address);
    if (entry === undefined) return undefined;
    return {
      ...this.#line(entry),
      ...entry.details,
      alsoListedAs: this.#groups.others(entry.group, address),
    };
  }

  *all(): Iterable<ListedServer> {
    for (const entry of this.#entries.values()) yield this.#line(entry);
  }

  /** Servers that look different from what was taken the last time, and addresses that are gone. */
  takeChanges(): DirectoryChanges {
    const upserts: ListedServer[] = [];
    const numbers = new Set<ListedServer>();
    const removes: string[] = [];
    for (const address of this.#changed) {
      const entry = this.#entries.get(address);
      if (entry === undefined) removes.push(address);
      else {
        const line = this.#line(entry);
        const news = entry.publish(line);
        if (news !== 'nothing') upserts.push(line);
        if (news === 'numbers') numbers.add(line);
      }
    }
    this.#changed.clear();
    return { upserts, numbers, removes };
  }

  /** Servers that pass a filter in the master's grammar; `after` is the `next` of the page before. */
  page(filter: string, limit: number, after: string | undefined): DirectoryPage {
    return listPage(this.#pageSource, filter, limit, after);
  }

  #isReachable(address: PeerAddress): boolean {
    const { reader } = this.parts;
    return reader === undefined || canReach(reader, address);
  }

  #entry(address: PeerAddress): DirectoryEntry {
    return this.#entryOf(address.toString(), address);
  }

  #entryOf(key: string, address: PeerAddress): DirectoryEntry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const place = this.parts.countries?.find(address.host);
    const entry = new DirectoryEntry(key, address.copy(), place, this.parts.clock.now());
    this.#entries.set(key, entry);
    return entry;
  }

  /** Something about the entry changed; without any source it goes. */
  #touch(entry: DirectoryEntry): void {
    entry.changed();
    this.#changed.add(entry.key);
    if (entry.isTarget) this.#targets.add(entry.peer);
    else this.#targets.remove(entry.key);
    if (!entry.isListed) {
      this.#entries.delete(entry.key);
      this.#regroup(entry, undefined);
      this.onRemoved(entry.key);
      return;
    }
    const line = entry.line(false);
    this.#regroup(entry, `${entry.peer.host} ${line.gamePort}`);
  }

  /** Whether an entry is a duplicate depends on the others of its group. */
  #regroup(entry: DirectoryEntry, group: string | undefined): void {
    if (entry.group === group) return;
    for (const name of [entry.group, group]) {
      if (name === undefined) continue;
      if (name === group) this.#groups.add(name, entry.key);
      else this.#groups.delete(name, entry.key);
      for (const member of this.#groups.members(name)) this.#changed.add(member);
    }
    entry.group = group;
  }

  #line(entry: DirectoryEntry): ListedServer {
    return entry.line(this.#groups.isDuplicate(entry.group, entry.key));
  }
}
