import { type Clock, ServerError } from 'beaconry';
import type { OwnedDlc } from 'beaconry/steam';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables, LicenceRecord } from './backend-tables.js';
import type { Licence } from './public.js';

const MAX_PER_ACCOUNT = 4096;
/** Of one user in one word to a verifier. */
const MAX_TOLD = 4096;

const fitsTicket = (id: number): boolean => Number.isInteger(id) && id >= 0 && id <= 0xffffffff;

/** What an account may play at one moment, and who owns it. */
export interface Owned {
  readonly owners: ReadonlyMap<number, bigint>;
  readonly records: ReadonlyMap<number, LicenceRecord>;
}

/** What verifiers are told of it. */
export const toldOf = ({ owners }: Owned): number[] => [...owners.keys()].slice(0, MAX_TOLD);

/** Licences: own, borrowed from a lender's own one, and those of DLC. */
export class Licences {
  constructor(
    private readonly tables: BackendTables,
    private readonly options: Pick<BackendOptions, 'freeApps'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async grant(licence: Omit<Licence, 'from'>): Promise<Licence> {
    const { steamId, appId, lender } = licence;
    if (lender === steamId)
      throw new ServerError('LENDS_TO_ITSELF', `${steamId} cannot lend to itself`);
    if (![appId, licence.package, licence.dlcOf ?? 0].every(fitsTicket)) {
      const say = 'app ids and packages are whole numbers of 32 bits, as in tickets';
      throw new ServerError('NO_APP_ID', say);
    }
    const held = await this.#held(steamId);
    if (held.length >= MAX_PER_ACCOUNT) {
      throw new ServerError('TOO_MANY_LICENCES', `${steamId} has ${MAX_PER_ACCOUNT} licences`);
    }
    const from = this.clock.now();
    await this.#unlend(steamId, appId);
    await this.tables.licences.set(`${steamId}/${appId}`, {
      package: licence.package,
      from,
      until: licence.until,
      lender: lender === null ? null : lender.toString(),
      dlcOf: licence.dlcOf,
    });
    if (lender !== null) await this.tables.lent.set(`${lender}/${appId}/${steamId}`, from);
    return { ...licence, from };
  }

  async revoke(steamId: bigint, appId: number): Promise<boolean> {
    await this.#unlend(steamId, appId);
    return this.tables.licences.delete(`${steamId}/${appId}`);
  }

  async list(steamId: bigint): Promise<readonly Licence[]> {
    const found = await this.#held(steamId);
    return found.map(([key, record]) => ({
      steamId,
      appId: Number(key.slice(key.indexOf('/') + 1)),
      package: record.package,
      from: record.from,
      until: record.until,
      lender: record.lender === null ? null : BigInt(record.lender),
      dlcOf: record.dlcOf,
    }));
  }

  async owned(steamId: bigint): Promise<Owned> {
    const owners = new Map<number, bigint>();
    const records = new Map<number, LicenceRecord>();
    for (const [key, record] of await this.#held(steamId)) {
      const appId = Number(key.slice(key.indexOf('/') + 1));
      if (!this.#isCurrent(record)) continue;
      if (record.lender !== null && !(await this.#lends(record.lender, appId))) continue;
      owners.set(appId, record.lender === null ? steamId : BigInt(record.lender));
      records.set(appId, record);
    }
    return { owners, records };
  }

  ownerIn(owned: Owned, steamId: bigint, appId: number): bigint | undefined {
    return owned.owners.get(appId) ?? (this.isFree(appId) ? steamId : undefined);
  }

  isFree(appId: number): boolean {
    return this.options.freeApps === 'all' || this.options.freeApps.includes(appId);
  }

  /** Packages and DLC as an ownership ticket for the app lists them. */
  ticketContent(owned: Owned, appId: number): { packages: number[]; dlc: OwnedDlc[] } {
    const own = owned.records.get(appId);
    const dlc: OwnedDlc[] = [];
    for (const [id, record] of owned.records) {
      if (record.dlcOf === appId) dlc.push({ appId: id, packages: [record.package] });
    }
    return { packages: [own?.package ?? 0], dlc: dlc.slice(0, 256) };
  }

  /** Who borrows an app from that account, or anything for app 0. */
  async borrowers(lender: bigint, appId: number): Promise<readonly bigint[]> {
    const prefix = appId === 0 ? `${lender}/` : `${lender}/${appId}/`;
    const lent = await this.tables.lent.all(prefix);
    return [...new Set(lent.map(([key]) => BigInt(key.slice(key.lastIndexOf('/') + 1))))];
  }

  /** Licences that ended, their index entries too; answers whose they were. */
  async sweep(): Promise<readonly { steamId: bigint; appId: number }[]> {
    const ended: { steamId: bigint; appId: number }[] = [];
    for await (const [key, record] of this.tables.licences.entries()) {
      if (record.until === null || record.until > this.clock.now()) continue;
      const [id, app] = key.split('/') as [string, string];
      ended.push({ steamId: BigInt(id), appId: Number(app) });
    }
    for (const { steamId, appId } of ended) await this.revoke(steamId, appId);
    return ended;
  }

  async deleteAll(steamId: bigint): Promise<void> {
    for (const { appId } of await this.list(steamId)) await this.revoke(steamId, appId);
    for (const [key] of await this.tables.lent.all(`${steamId}/`)) {
      const [, appId, borrower] = key.split('/') as [string, string, string];
      await this.tables.licences.delete(`${borrower}/${appId}`);
      await this.tables.lent.delete(key);
    }
  }

  /** One page holds all that an account may have. */
  #held(steamId: bigint): Promise<(readonly [string, LicenceRecord])[]> {
    return this.tables.licences.page(`${steamId}/`, undefined, MAX_PER_ACCOUNT);
  }

  async #unlend(steamId: bigint, appId: number): Promise<void> {
    const current = await this.tables.licences.get(`${steamId}/${appId}`);
    if (current?.lender != null) {
      await this.tables.lent.delete(`${current.lender}/${appId}/${steamId}`);
    }
  }

  async #lends(lender: string, appId: number): Promise<boolean> {
    const own = await this.tables.licences.get(`${lender}/${appId}`);
    return own !== undefined && own.lender === null && this.#isCurrent(own);
  }

  #isCurrent(record: LicenceRecord): boolean {
    const now = this.clock.now();
    return record.from <= now && (record.until === null || record.until > now);
  }
}
