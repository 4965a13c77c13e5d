import { type Clock, ServerError } from 'beaconry';
import { EClanRank, EClanRelationship, EUniverse, SteamID } from 'beaconry/steam';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables, MemberRecord } from './backend-tables.js';
import type { GroupMember, GroupStatus } from './public.js';

/** Groups with their members, and who has blocked whom. */
export class Groups {
  constructor(
    private readonly tables: BackendTables,
    private readonly options: Pick<BackendOptions, 'publicUniverse'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async create(name: string): Promise<bigint> {
    const next = await this.tables.counters.update('group', (last) => (last ?? 0) + 1);
    const universe = this.options.publicUniverse ? EUniverse.Public : EUniverse.Dev;
    const group = SteamID.clan(next as number, universe).value;
    const record = { name: name.slice(0, 64), created: this.clock.now() };
    await this.tables.groups.set(group.toString(), record);
    return group;
  }

  async get(group: bigint): Promise<{ readonly name: string } | undefined> {
    const record = await this.tables.groups.get(group.toString());
    return record === undefined ? undefined : { name: record.name };
  }

  async delete(group: bigint): Promise<boolean> {
    for (const { steamId } of await this.members(group)) await this.removeMember(group, steamId);
    return this.tables.groups.delete(group.toString());
  }

  async setMember(group: bigint, member: GroupMember): Promise<void> {
    if ((await this.get(group)) === undefined) {
      throw new ServerError('GROUP_NOT_FOUND', `there is no group ${group}; see group-create`);
    }
    const { steamId, relationship, rank } = member;
    await this.tables.members.set(`${group}/${steamId}`, { relationship, rank });
    await this.tables.memberships.set(`${steamId}/${group}`, relationship);
  }

  async removeMember(group: bigint, steamId: bigint): Promise<boolean> {
    await this.tables.memberships.delete(`${steamId}/${group}`);
    return this.tables.members.delete(`${group}/${steamId}`);
  }

  async members(group: bigint): Promise<readonly GroupMember[]> {
    const found = await this.tables.members.all(`${group}/`);
    return found.map(([key, record]) => ({
      steamId: BigInt(key.slice(key.indexOf('/') + 1)),
      relationship: record.relationship,
      rank: record.rank,
    }));
  }

  async groupsOf(steamId: bigint): Promise<readonly bigint[]> {
    const found = await this.tables.memberships.all(`${steamId}/`);
    return found
      .filter(([, relationship]) => relationship === EClanRelationship.Member)
      .map(([key]) => BigInt(key.slice(key.indexOf('/') + 1)));
  }

  /** Member and officer as the Steam game server API, section 2.4, derives them; both false for whoever is unknown. */
  async status(steamId: bigint, group: bigint): Promise<GroupStatus> {
    const record = await this.tables.members.get(`${group}/${steamId}`);
    return { member: isMember(record), officer: isOfficer(record) };
  }

  async isOfficer(steamId: bigint, group: bigint): Promise<boolean> {
    return isOfficer(await this.tables.members.get(`${group}/${steamId}`));
  }

  async block(steamId: bigint, blocked: bigint): Promise<void> {
    await this.tables.blocks.set(`${steamId}/${blocked}`, { since: this.clock.now() });
  }

  unblock(steamId: bigint, blocked: bigint): Promise<boolean> {
    return this.tables.blocks.delete(`${steamId}/${blocked}`);
  }

  async hasBlocked(steamId: bigint, other: bigint): Promise<boolean> {
    return (await this.tables.blocks.get(`${steamId}/${other}`)) !== undefined;
  }

  async blockedBy(steamId: bigint): Promise<readonly bigint[]> {
    const found = await this.tables.blocks.all(`${steamId}/`);
    return found.map(([key]) => BigInt(key.slice(key.indexOf('/') + 1)));
  }

  async deleteAll(steamId: bigint): Promise<void> {
    for (const [key] of await this.tables.memberships.all(`${steamId}/`)) {
      await this.removeMember(BigInt(key.slice(key.indexOf('/') + 1)), steamId);
    }
    for await (const [key] of this.tables.blocks.entries()) {
      const [one, other] = key.split('/');
      if (one === steamId.toString() || other === steamId.toString()) {
        await this.tables.blocks.delete(key);
      }
    }
  }
}

const isMember = (record: MemberRecord | undefined): boolean =>
  record?.relationship === EClanRelationship.Member;
const isOfficer = (record: MemberRecord | undefined): boolean =>
  isMember(record) && (record?.rank === EClanRank.Owner || record?.rank === EClanRank.Officer);
