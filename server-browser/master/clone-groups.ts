import type { Registration } from './public.js';

/** Addresses behind which the same server is believed. */
const mostAddresses = 3;

interface Group {
  readonly key: string;
  /** In the order in which they came: the first one is shown. */
  readonly members: Set<Registration>;
  /** Members of each address. */
  readonly hosts: Map<string, number>;
}

/**
 * Servers that say the same of themselves: name, map and players. Behind more than three addresses they are one
 * server to the reader of a list, and the one that came first stands for all.
 */
export class CloneGroups {
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<Registration, Group>();

  /** Whether another server stands for this one. */
  hides(registration: Registration): boolean {
    const group = this.#groupOf.get(registration);
    if (group === undefined || group.hosts.size <= mostAddresses) return false;
    return group.members.values().next().value !== registration;
  }

  /** Says what a server looks like; the servers that this may have hidden or shown. */
  put(registration: Registration, name: string, map: string, players: number): Registration[] {
    const key = JSON.stringify([name, map, players]);
    if (this.#groupOf.get(registration)?.key === key) return [];
    const touched = this.remove(registration);
    if (name === '') return touched;
    const group = this.#groups.get(key) ?? { key, members: new Set(), hosts: new Map() };
    this.#groups.set(key, group);
    const { host } = registration.address;
    const before = group.hosts.size;
    group.members.add(registration);
    group.hosts.set(host, (group.hosts.get(host) ?? 0) + 1);
    this.#groupOf.set(registration, group);
    return touched.concat(crosses(before, group) ? [...group.members] : [registration]);
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
    if (group.members.size === 0) this.#groups.delete(group.key);
    // Others change only when the group shrinks below the limit, or when the next one stands for it.
    return crosses(before, group) ? [...group.members] : first(group);
  }
}

const crosses = (before: number, { hosts }: Group): boolean =>
  before > mostAddresses !== hosts.size > mostAddresses;

const first = ({ members }: Group): Registration[] => {
  const { value } = members.values().next();
  return value === undefined ? [] : [value];
};
