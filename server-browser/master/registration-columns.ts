import type { PeerAddress } from 'beaconry';
import { AddressColumns, larger } from './address-columns.js';
import { RegistrationEntry } from './registration-entry.js';
import { NONE } from './slots.js';

/**
 * The numbers of all registrations, a typed array for each field: a seventh of what fields of objects need. Slots are
 * handed out and taken back; the arrays grow by doubling.
 */
export class RegistrationColumns {
  readonly addresses = new AddressColumns();
  firstSeen = new Float64Array(0);
  lastSeen = new Float64Array(0);
  /** Monotonic milliseconds of the last join. */
  joinedAt = new Float64Array(0);
  appId = new Uint32Array(0);
  /** -1 for one that was not said. */
  gamePort = new Int32Array(0);
  spectatorPort = new Int32Array(0);
  protocol = new Uint16Array(0);
  players = new Uint8Array(0);
  maxPlayers = new Uint8Array(0);
  bots = new Uint8Array(0);
  region = new Uint8Array(0);
  serverType = new Uint8Array(0);
  os = new Uint8Array(0);
  flags = new Uint16Array(0);
  /** Neighbours in the order of joins. */
  earlier = new Int32Array(0);
  later = new Int32Array(0);
  readonly #entries: (RegistrationEntry | undefined)[] = [];
  readonly #free: number[] = [];

  add(address: PeerAddress): RegistrationEntry {
    const slot = this.#free.pop() ?? this.#entries.length;
    if (slot >= this.players.length) this.#grow();
    const entry = new RegistrationEntry(this, slot);
    this.addresses.write(slot, address);
    this.#entries[slot] = entry;
    this.flags[slot] = 0;
    this.players[slot] = 0;
    this.maxPlayers[slot] = 0;
    this.bots[slot] = 0;
    this.protocol[slot] = 0;
    this.region[slot] = 255;
    this.serverType[slot] = 0;
    this.os[slot] = 0;
    this.appId[slot] = 0;
    this.gamePort[slot] = NONE;
    this.spectatorPort[slot] = NONE;
    this.earlier[slot] = NONE;
    this.later[slot] = NONE;
    return entry;
  }

  /** The object of a slot in use. */
  at(slot: number): RegistrationEntry {
    return this.#entries[slot] as RegistrationEntry;
  }

  /** Takes the slot back; the object must not be read any more. */
  release(slot: number): void {
    this.#entries[slot] = undefined;
    this.#free.push(slot);
  }

  #grow(): void {
    const size = Math.max(64, this.players.length * 2);
    this.addresses.grow(size);
    this.firstSeen = larger(this.firstSeen, new Float64Array(size));
    this.lastSeen = larger(this.lastSeen, new Float64Array(size));
    this.joinedAt = larger(this.joinedAt, new Float64Array(size));
    this.appId = larger(this.appId, new Uint32Array(size));
    this.gamePort = larger(this.gamePort, new Int32Array(size));
    this.spectatorPort = larger(this.spectatorPort, new Int32Array(size));
    this.protocol = larger(this.protocol, new Uint16Array(size));
    this.players = larger(this.players, new Uint8Array(size));
    this.maxPlayers = larger(this.maxPlayers, new Uint8Array(size));
    this.bots = larger(this.bots, new Uint8Array(size));
    this.region = larger(this.region, new Uint8Array(size));
    this.serverType = larger(this.serverType, new Uint8Array(size));
    this.os = larger(this.os, new Uint8Array(size));
    this.flags = larger(this.flags, new Uint16Array(size));
    this.earlier = larger(this.earlier, new Int32Array(size));
    this.later = larger(this.later, new Int32Array(size));
  }
}
