import type { Registration } from './public.js';

/** Addresses behind which the same server is believed. */
const mostAddresses = 3;

interface Group {
  readonly key: string;
  readonly members: Set<Registration>;
  /** The oldest member, which is shown. */
  oldest: Registration;
  /** Members of each address. */
  readonly hosts: Map<string, number>;
}

/**
 * Servers that say the same of themselves: name, map and players. Behind more than three addresses they are one
 * server to the reader of a list, and the oldest registration stands for all: not the one that said it first, since
 * whoever wants to hide a server can say beforehand what it is going to say.
 */
export class CloneGroups {
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<Registration, Group>();

  /** Whether another server stands for this one. */
  hides(registration: Registration): boolean {
    const group = this.#groupOf.get(registration);
    if (group === undefined || group.hosts.size <= mostAddresses) return false;
    return group.oldest !== registration;
  }

  /** Says what a server looks like; the servers that this may have hidden or shown. */
  put(registration: Registration, name: string, map: string, players: number): Registration[] {
    const key = JSON.stringify([name, map, players]);
    if (this.#groupOf.get(registration)?.key === key) return [];
    const touched = this.remove(registration);
    if (name === '') return touched;
    const group = this.#groups.get(key) ?? {
      key,
      members: new Set(),
      oldest: registration,
      hosts: new Map(),
    };
    this.#groups.set(key, group);
    const { host } = registration.address;
    const before = group.hosts.size;
    group.members.add(registration);
    const second = group.oldest;
    group.oldest = older(second, registration);
    group.hosts.set(host, (group.hosts.get(host) ?? 0) + 1);
    this.#groupOf.set(registration, group);
    return touched.concat(crosses(before, group) ? [...group.members] : [second, registration]);
  }

  /** The server is gone or not known any more; the others that this may have shown. */
  remove(registration: Registration): Registration[] {
    const group = this.#groupOf.get(registration);
    if (group === undefined) return [];
    const { host } = registration.address;
    const before = group.hosts.size;
    this.#groupOf.delete(registration);
    group.members.delete(registration);
    const left = (group.hosts.get(host) ?? 1) - 1;
    if (left > 0) group.hosts.set(host, left);
    else group.hosts.delete(host);
    if (group.members.size === 0) {
      this.#groups.delete(group.key);
      return [];
    }
    const wasOldest = group.oldest === registration;
    if (wasOldest) group.oldest = [...group.members].reduce(older);
    // Others change only when the group shrinks below the limit, or when the next one stands for it.
    if (crosses(before, group)) return [...group.members];
    return wasOldest ? [group.oldest] : [];
  }
}

const crosses = (before: number, { hosts }: Group): boolean =>
  before > mostAddresses !== hosts.size > mostAddresses;

/** The first of two, where they are of the same age. */
const older = (one: Registration, other: Registration): Registration =>
  other.firstSeen < one.firstSeen ? other : one;
