import { EAccountType, EUniverse } from './enums.js';

/** Top bits of the instance of a chat id. */
export const ChatInstance = { clan: 0x80000, lobby: 0x40000, matchmakingLobby: 0x20000 } as const;

/** The parts of a SteamID; `accountId` is unsigned 32 bits, `instance` 20, `type` 4, `universe` 8. */
export interface SteamIdParts {
  readonly universe: number;
  readonly type: EAccountType;
  readonly instance: number;
  readonly accountId: number;
}

const letters: Readonly<Record<string, EAccountType>> = {
  I: EAccountType.Invalid,
  U: EAccountType.Individual,
  M: EAccountType.Multiseat,
  G: EAccountType.GameServer,
  A: EAccountType.AnonGameServer,
  P: EAccountType.Pending,
  C: EAccountType.ContentServer,
  g: EAccountType.Clan,
  T: EAccountType.Chat,
  L: EAccountType.Chat,
  c: EAccountType.Chat,
  a: EAccountType.AnonUser,
};
const letterOf = new Map<number, string>(
  Object.entries(letters)
    .filter(([letter]) => letter !== 'L' && letter !== 'c')
    .map(([letter, type]) => [type, letter]),
);

const MAX = 0xffffffffffffffffn;
/** Where a bigint is taken apart: shifting it would make another one for each part. */
const halves = new DataView(new ArrayBuffer(8));

/**
 * A 64-bit SteamID: account id in bits 0-31, instance 32-51, type 52-55, universe 56-63
 * (steam-gameserver 5.1). The number itself is always a bigint; it never passes through a JS number.
 */
export class SteamID implements SteamIdParts {
  readonly universe: number;
  readonly type: EAccountType;
  readonly instance: number;
  readonly accountId: number;

  constructor(readonly value: bigint) {
    if (value < 0n || value > MAX) throw new RangeError(`SteamID ${value} is not 64 bits`);
    halves.setBigUint64(0, value);
    const high = halves.getUint32(0);
    this.accountId = halves.getUint32(4);
    this.instance = high & 0xfffff;
    this.type = (high >>> 20) & 0xf;
    this.universe = high >>> 24;
  }

  static from(parts: SteamIdParts): SteamID {
    const { universe, type, instance, accountId } = parts;
    if (!inRange(universe, 0xff) || !inRange(type, 0xf)) throw new RangeError('not a SteamID');
    if (!inRange(instance, 0xfffff) || !inRange(accountId, 0xffffffff)) {
      throw new RangeError(`account ${accountId}, instance ${instance} do not fit a SteamID`);
    }
    return new SteamID(
      (BigInt(universe) << 56n) |
        (BigInt(type) << 52n) |
        (BigInt(instance) << 32n) |
        BigInt(accountId),
    );
  }

  /** The desktop player with that account id. */
  static individual(accountId: number, universe: EUniverse = EUniverse.Public): SteamID {
    return SteamID.from({ universe, type: EAccountType.Individual, instance: 1, accountId });
  }

  /** The group with that account id. */
  static clan(accountId: number, universe: EUniverse = EUniverse.Public): SteamID {
    return SteamID.from({ universe, type: EAccountType.Clan, instance: 0, accountId });
  }

  /** Reads decimal, Steam2 and Steam3 text (5.3); undefined when it is none of them or does not fit. */
  static parse(text: string): SteamID | undefined {
    if (/^\d{1,20}$/.test(text)) {
      const value = BigInt(text);
      return value > MAX ? undefined : new SteamID(value);
    }
    return parseSteam2(text) ?? parseSteam3(text);
  }

  /** A group may be named by its 32-bit account id; undefined for what is no group. */
  static parseGroup(group: bigint, universe: EUniverse): SteamID | undefined {
    if (group > 0n && group <= 0xffffffffn) return SteamID.clan(Number(group), universe);
    if (group < 0n || group > MAX) return undefined;
    const id = new SteamID(group);
    return id.isValid && id.type === EAccountType.Clan ? id : undefined;
  }

  /** Takes what callers hand in: bigint or any text form. Numbers are refused: they lose digits. */
  static of(id: bigint | string | SteamID): SteamID {
    if (id instanceof SteamID) return id;
    if (typeof id === 'bigint') return new SteamID(id);
    if (typeof id !== 'string') {
      throw new TypeError('a SteamID is a bigint or a text, never a number: digits would be lost');
    }
    const parsed = SteamID.parse(id);
    if (parsed === undefined) throw new TypeError(`"${id.slice(0, 40)}" is not a SteamID`);
    return parsed;
  }

  /** Could be a real identity (5.1): says nothing about whether the account exists. */
  get isValid(): boolean {
    if (this.type < EAccountType.Individual || this.type > EAccountType.AnonUser) return false;
    if (this.universe < EUniverse.Public || this.universe > EUniverse.Dev) return false;
    switch (this.type) {
      case EAccountType.Individual:
        return this.accountId !== 0 && this.instance === 1;
      case EAccountType.Clan:
        return this.accountId !== 0 && this.instance === 0;
      case EAccountType.GameServer:
        return this.accountId !== 0;
      default:
        return true;
    }
  }

  get isIndividual(): boolean {
    return this.type === EAccountType.Individual;
  }

  /** A game server, with an account of its own or anonymous. */
  get isGameServer(): boolean {
    return this.type === EAccountType.GameServer || this.type === EAccountType.AnonGameServer;
  }

  /** `STEAM_1:1:2000000005`; older engines print universe 1 as 0. Individuals only. */
  steam2(olderEngine = false): string {
    if (!this.isIndividual) throw new TypeError(`${this.steam3()} has no Steam2 form`);
    const universe = olderEngine && this.universe === EUniverse.Public ? 0 : this.universe;
    return `STEAM_${universe}:${this.accountId % 2}:${Math.floor(this.accountId / 2)}`;
  }

  /** `[U:1:4000000011]`; the instance is written where it is part of the identity. */
  steam3(): string {
    let letter = letterOf.get(this.type) ?? 'i';
    if (this.type === EAccountType.Chat) {
      if (this.instance & ChatInstance.clan) letter = 'c';
      else if (this.instance & ChatInstance.lobby) letter = 'L';
    }
    const instance =
      this.type === EAccountType.AnonGameServer ||
      this.type === EAccountType.Multiseat ||
      (this.isIndividual && this.instance !== 1);
    return `[${letter}:${this.universe}:${this.accountId}${instance ? `:${this.instance}` : ''}]`;
  }

  toString(): string {
    return this.value.toString();
  }

  toJSON(): string {
    return this.value.toString();
  }
}

function parseSteam2(text: string): SteamID | undefined {
  const match = /^STEAM_([0-5]):([01]):(\d{1,10})$/.exec(text);
  if (match === null) return undefined;
  const accountId = Number(match[3]) * 2 + Number(match[2]);
  // Older engines print 0 for the public universe.
  const universe = Number(match[1]) || EUniverse.Public;
  return fits({ universe, type: EAccountType.Individual, instance: 1, accountId });
}

function parseSteam3(text: string): SteamID | undefined {
  const match = /^\[([a-zA-Z]):(\d{1,3}):(\d{1,10})(?::(\d{1,7})|\((\d{1,7})\))?\]$/.exec(text);
  if (match === null) return undefined;
  const letter = match[1] as string;
  const type = letter === 'i' ? EAccountType.Invalid : letters[letter];
  if (type === undefined) return undefined;
  const written = match[4] ?? match[5];
  let instance =
    written === undefined ? (type === EAccountType.Individual ? 1 : 0) : Number(written);
  if (letter === 'c') instance |= ChatInstance.clan;
  if (letter === 'L') instance |= ChatInstance.lobby;
  return fits({ universe: Number(match[2]), type, instance, accountId: Number(match[3]) });
}

const fits = (parts: SteamIdParts): SteamID | undefined => {
  const right =
    inRange(parts.universe, 0xff) &&
    inRange(parts.instance, 0xfffff) &&
    inRange(parts.accountId, 0xffffffff);
  return right ? SteamID.from(parts) : undefined;
};

const inRange = (value: number, max: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= max;
