import { randomBytes } from 'node:crypto';
import { SipHash } from 'beaconry';
import { readWord, writeWord } from './data-codec.js';
import type { LegForwarder } from './leg-forwarder.js';
import { LegKind, type LegTable } from './leg-table.js';
import { sameBytes } from './relay-keys.js';

/** Tokens of peer-to-peer legs, and legs of peers that named each other's token. */
export class PeerLinks {
  readonly #secret = Int32Array.from({ length: 4 }, () => randomBytes(4).readInt32LE());
  readonly #hash = new SipHash();
  readonly #words = new Int32Array(2);
  /** Session id of the leg that each row wants to be joined with. */
  readonly #wanted = new Map<number, number>();

  constructor(
    private readonly legs: LegTable,
    private readonly forwarder: LegForwarder,
    private readonly unix: () => number,
    /** Legs with a ticket lead to a server and to nobody else. */
    private readonly hasTicket: (row: number) => boolean,
  ) {}

  token(row: number): Uint8Array {
    const token = new Uint8Array(16);
    writeWord(token, 0, this.legs.ids[row] as number);
    writeWord(token, 4, this.unix() + 120);
    this.#tagToken(token, token);
    return token;
  }

  #tagToken(token: Uint8Array, into: Uint8Array): void {
    this.#words[0] = readWord(token, 0);
    this.#words[1] = readWord(token, 4);
    writeWord(into, 8, this.#hash.hash(this.#secret, this.#words));
    writeWord(into, 12, this.#hash.high);
  }

  /** Two peers that named each other's token are joined. */
  link(row: number, token: Uint8Array): void {
    const expected = new Uint8Array(token);
    this.#tagToken(token, expected);
    if (!sameBytes(expected, token) || readWord(token, 4) >>> 0 < this.unix()) return;
    const other = this.legs.find(readWord(token, 0));
    const isClient = (leg: number) => this.legs.kind[leg] === LegKind.client;
    if (other < 0 || other === row || !isClient(row) || !isClient(other)) return;
    if (this.hasTicket(row) || this.hasTicket(other)) return;
    this.#wanted.set(row, this.legs.ids[other] as number);
    if (this.#wanted.get(other) !== this.legs.ids[row]) return;
    const free = (leg: number, wanted: number) =>
      (this.legs.others[leg] as number) < 0 || this.legs.others[leg] === wanted;
    if (!free(row, other) || !free(other, row)) return;
    this.legs.others[row] = other;
    this.legs.others[other] = row;
    this.forwarder.sendControl(row, { type: 'linked' });
    this.forwarder.sendControl(other, { type: 'linked' });
  }

  forget(row: number): void {
    this.#wanted.delete(row);
  }
}
