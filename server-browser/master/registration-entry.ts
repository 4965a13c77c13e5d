import type { PeerAddress } from 'beaconry';
import type { ServerDescription } from './public.js';
import type { RegistrationColumns } from './registration-columns.js';
import type { Registered, Standing } from './registration-table.js';
import { NONE } from './slots.js';
import type { TextPool } from './text-pool.js';

const serverTypes = ['', 'd', 'l', 'p'] as const;
const systems = ['', 'l', 'w', 'm', 'o'] as const;

/** Bits of `flags`. */
const PASSWORD = 1;
const SECURE = 2;
const LAN = 4;
const NAT = 8;
const WHITELISTED = 16;
const OUTDATED = 32;
const VERIFIED = 64;
const HIDDEN = 128;
const FAKE_IP = 256;

/** One registration: its texts, and its numbers as they stand in the columns. */
export class RegistrationEntry implements Registered {
  name = '';
  map = '';
  modDir = '';
  product = '';
  version = '';
  tags = '';
  gameData = '';

  constructor(
    private readonly columns: RegistrationColumns,
    readonly slot: number,
  ) {}

  /** A new object each time, since addresses stand in columns too. */
  get address(): PeerAddress {
    return this.columns.addresses.read(this.slot);
  }

  readAddress(into: PeerAddress): PeerAddress {
    return this.columns.addresses.read(this.slot, into);
  }

  get protocol(): number {
    return this.columns.protocol[this.slot] as number;
  }
  get players(): number {
    return this.columns.players[this.slot] as number;
  }
  set players(count: number) {
    this.columns.players[this.slot] = count;
  }
  get maxPlayers(): number {
    return this.columns.maxPlayers[this.slot] as number;
  }
  get bots(): number {
    return this.columns.bots[this.slot] as number;
  }
  get appId(): number {
    return this.columns.appId[this.slot] as number;
  }
  get serverType(): ServerDescription['serverType'] {
    return serverTypes[this.columns.serverType[this.slot] as number] ?? '';
  }
  get os(): ServerDescription['os'] {
    return systems[this.columns.os[this.slot] as number] ?? '';
  }
  get region(): number {
    return this.columns.region[this.slot] as number;
  }
  get gamePort(): number | null {
    return portOf(this.columns.gamePort[this.slot] as number);
  }
  get spectatorPort(): number | null {
    return portOf(this.columns.spectatorPort[this.slot] as number);
  }
  get password(): boolean {
    return this.#has(PASSWORD);
  }
  get secure(): boolean {
    return this.#has(SECURE);
  }
  get lan(): boolean {
    return this.#has(LAN);
  }
  get nat(): boolean {
    return this.#has(NAT);
  }
  get whitelisted(): boolean {
    return this.#has(WHITELISTED);
  }
  get outdated(): boolean {
    return this.#has(OUTDATED);
  }
  get verified(): boolean {
    return this.#has(VERIFIED);
  }
  set verified(on: boolean) {
    this.#put(VERIFIED, on);
  }
  get hidden(): boolean {
    return this.#has(HIDDEN);
  }
  set hidden(on: boolean) {
    this.#put(HIDDEN, on);
  }
  get fakeIp(): boolean {
    return this.#has(FAKE_IP);
  }
  get firstSeen(): number {
    return this.columns.firstSeen[this.slot] as number;
  }
  get lastSeen(): number {
    return this.columns.lastSeen[this.slot] as number;
  }
  get joinedAt(): number {
    return this.columns.joinedAt[this.slot] as number;
  }

  /** Takes what is new, texts that many servers share once for all; whether anything was. */
  describe(said: ServerDescription, standing: Standing, texts: TextPool): boolean {
    const { columns, slot } = this;
    let changed = this.#describeTexts(said, texts);
    const put = (column: { [slot: number]: number }, value: number): void => {
      if (column[slot] === value) return;
      column[slot] = value;
      changed = true;
    };
    put(columns.protocol, said.protocol);
    put(columns.players, said.players);
    put(columns.maxPlayers, said.maxPlayers);
    put(columns.bots, said.bots);
    put(columns.appId, said.appId);
    put(columns.region, said.region);
    put(columns.serverType, serverTypes.indexOf(said.serverType));
    put(columns.os, systems.indexOf(said.os));
    put(columns.gamePort, said.gamePort ?? NONE);
    put(columns.spectatorPort, said.spectatorPort ?? NONE);
    put(
      columns.flags,
      ((columns.flags[slot] as number) & (VERIFIED | HIDDEN)) |
        (said.password ? PASSWORD : 0) |
        (said.secure ? SECURE : 0) |
        (said.lan ? LAN : 0) |
        (said.nat ? NAT : 0) |
        (standing.whitelisted ? WHITELISTED : 0) |
        (standing.outdated ? OUTDATED : 0) |
        (standing.fakeIp ? FAKE_IP : 0),
    );
    return changed;
  }

  #describeTexts(said: ServerDescription, texts: TextPool): boolean {
    let changed = false;
    if (this.name !== said.name) {
      // Nearly every name is another one: in the pool they would only push out the rest.
      this.name = ownText(said.name);
      changed = true;
    }
    if (this.map !== said.map) {
      this.map = texts.keep(said.map);
      changed = true;
    }
    if (this.modDir !== said.modDir) {
      this.modDir = texts.keep(said.modDir);
      changed = true;
    }
    if (this.product !== said.product) {
      this.product = texts.keep(said.product);
      changed = true;
    }
    if (this.version !== said.version) {
      this.version = texts.keep(said.version);
      changed = true;
    }
    if (this.tags !== said.tags) {
      this.tags = texts.keep(said.tags);
      changed = true;
    }
    if (this.gameData !== said.gameData) {
      this.gameData = texts.keep(said.gameData);
      changed = true;
    }
    return changed;
  }

  #has(bit: number): boolean {
    return ((this.columns.flags[this.slot] as number) & bit) !== 0;
  }

  #put(bit: number, on: boolean): void {
    const { flags } = this.columns;
    const before = flags[this.slot] as number;
    flags[this.slot] = on ? before | bit : before & ~bit;
  }
}

const portOf = (port: number): number | null => (port === NONE ? null : port);

/** A part of a larger text keeps the whole alive; a text made from bytes does not. */
const ownText = (text: string): string => Buffer.from(text).toString();
