/**
 * Addresses that lead to the same game port of the same host: a server that registered under several query
 * ports. One of each group, the smallest, stands for all.
 */
export class GamePortGroups {
  readonly #groups = new Map<string, Set<string>>();

  add(group: string, address: string): void {
    const members = this.#groups.get(group);
    if (members === undefined) this.#groups.set(group, new Set([address]));
    else members.add(address);
  }

  delete(group: string, address: string): void {
    const members = this.#groups.get(group);
    members?.delete(address);
    if (members?.size === 0) this.#groups.delete(group);
  }

  members(group: string): Iterable<string> {
    return this.#groups.get(group) ?? [];
  }

  others(group: string | undefined, address: string): string[] {
    if (group === undefined) return [];
    return [...this.members(group)].filter((member) => member !== address).sort();
  }

  isDuplicate(group: string | undefined, address: string): boolean {
    const members = group === undefined ? undefined : this.#groups.get(group);
    if (members === undefined || members.size < 2) return false;
    for (const member of members) if (member < address) return true;
    return false;
  }
}
