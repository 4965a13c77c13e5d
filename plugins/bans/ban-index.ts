import type { PeerAddress } from 'beaconry';
import { parseSubject, prefixOf } from './ban-subject.js';
import { PrefixTree } from './prefix-tree.js';
import type { Ban, BanSubject } from './public.js';

/** Scope of bans that hold everywhere. */
export const everywhere = 'all';

/** Bans of one subject in one scope, of different sources; never empty. */
type Sources = Ban[];

/** Who is banned, by scope, for questions in constant time. */
export class BanIndex {
  readonly #scopes = new Map<string, ScopeIndex>();
  readonly #everywhere = this.#scopeOf(everywhere);

  add(ban: Ban): void {
    this.#scopeOf(ban.scope).add(ban);
  }

  /** Takes out the ban of the same subject, scope and source. */
  remove(ban: Ban): void {
    const scope = this.#scopes.get(ban.scope);
    if (scope === undefined) return;
    scope.remove(ban);
    if (scope.size === 0 && scope !== this.#everywhere) this.#scopes.delete(ban.scope);
  }

  isAddressBanned(address: PeerAddress, scope?: string): boolean {
    if (this.#everywhere.address(address) !== undefined) return true;
    return this.#other(scope)?.address(address) !== undefined;
  }

  isServerBanned(address: PeerAddress, scope?: string): boolean {
    if (this.isAddressBanned(address, scope)) return true;
    if (this.#everywhere.server(address) !== undefined) return true;
    return this.#other(scope)?.server(address) !== undefined;
  }

  isSteamIdBanned(steamId: bigint, scope?: string): boolean {
    return (
      this.#everywhere.steamIds.has(steamId) || this.#other(scope)?.steamIds.has(steamId) === true
    );
  }

  isAccountBanned(account: string, scope?: string): boolean {
    return (
      this.#everywhere.accounts.has(account) || this.#other(scope)?.accounts.has(account) === true
    );
  }

  find(subject: BanSubject, scope?: string): Ban | undefined {
    return this.#everywhere.find(subject) ?? this.#other(scope)?.find(subject);
  }

  /** Scopes and tree nodes in use, for a look at what is left over. */
  get footprint(): { readonly scopes: number; readonly nodes: number } {
    let nodes = 0;
    for (const scope of this.#scopes.values()) nodes += scope.nodes;
    return { scopes: this.#scopes.size, nodes };
  }

  #other(scope: string | undefined): ScopeIndex | undefined {
    return scope === undefined || this.#scopes.size === 1 ? undefined : this.#scopes.get(scope);
  }

  #scopeOf(name: string): ScopeIndex {
    let scope = this.#scopes.get(name);
    if (scope === undefined) {
      scope = new ScopeIndex();
      this.#scopes.set(name, scope);
    }
    return scope;
  }
}

class ScopeIndex {
  /** Apart, since the mapped form would put every IPv4 address below `::/0`. */
  readonly #ipv4 = new PrefixTree<Sources>();
  readonly #ipv6 = new PrefixTree<Sources>();
  readonly #servers = new PrefixTree<Map<number, Sources>>();
  readonly steamIds = new Map<bigint, Sources>();
  readonly accounts = new Map<string, Sources>();
  size = 0;

  get nodes(): number {
    return this.#ipv4.nodes + this.#ipv6.nodes + this.#servers.nodes;
  }

  address(address: PeerAddress): Ban | undefined {
    return (address.isIPv4 ? this.#ipv4 : this.#ipv6).find(address)?.[0];
  }

  server(address: PeerAddress): Ban | undefined {
    return this.#servers.size === 0
      ? undefined
      : this.#servers.find(address)?.get(address.port)?.[0];
  }

  find(subject: BanSubject): Ban | undefined {
    switch (subject.kind) {
      case 'address': {
        const { network, bits } = prefixOf(subject.cidr);
        // Only a range that is at least as wide holds all of the subject.
        const found = this.address(network);
        return found !== undefined && prefixOf(found.subject).bits <= bits ? found : undefined;
      }
      case 'server':
        return this.server(subject.address) ?? this.address(subject.address);
      case 'steam-id':
        return this.steamIds.get(subject.steamId)?.[0];
      case 'account':
        return this.accounts.get(subject.account)?.[0];
    }
  }

  add(ban: Ban): void {
    const slot = this.#slot(parseSubject(ban.subject));
    const known = slot.get();
    const others = known?.filter(({ source }) => source !== ban.source) ?? [];
    this.size += others.length + 1 - (known?.length ?? 0);
    slot.set([...others, ban]);
  }

  remove(ban: Ban): void {
    const slot = this.#slot(parseSubject(ban.subject));
    const known = slot.get();
    if (known === undefined) return;
    const others = known.filter(({ source }) => source !== ban.source);
    this.size -= known.length - others.length;
    if (others.length > 0) slot.set(others);
    else slot.delete();
  }

  /** Where the bans of a subject are kept. */
  #slot(subject: BanSubject): Slot {
    switch (subject.kind) {
      case 'address': {
        const { network, bits } = prefixOf(subject.cidr);
        const tree = network.isIPv4 && bits >= 96 ? this.#ipv4 : this.#ipv6;
        return {
          get: () => tree.get(network, bits),
          set: (bans) => tree.set(network, bits, bans),
          delete: () => void tree.delete(network, bits),
        };
      }
      case 'server':
        return serverSlot(this.#servers, subject.address);
      case 'steam-id':
        return mapSlot(this.steamIds, subject.steamId);
      case 'account':
        return mapSlot(this.accounts, subject.account);
    }
  }
}

interface Slot {
  get(): Sources | undefined;
  set(bans: Sources): void;
  delete(): void;
}

const mapSlot = <K>(map: Map<K, Sources>, key: K): Slot => ({
  get: () => map.get(key),
  set: (bans) => void map.set(key, bans),
  delete: () => void map.delete(key),
});

/** Servers of one address share a node, and differ in their port. */
const serverSlot = (tree: PrefixTree<Map<number, Sources>>, address: PeerAddress): Slot => ({
  get: () => tree.get(address, 128)?.get(address.port),
  set: (bans) => {
    const ports = tree.get(address, 128) ?? new Map<number, Sources>();
    ports.set(address.port, bans);
    tree.set(address, 128, ports);
  },
  delete: () => {
    const ports = tree.get(address, 128);
    ports?.delete(address.port);
    if (ports?.size === 0) tree.delete(address, 128);
  },
});
