import type { ServerColumns } from './listed-server.js';

export type Columns = {
  -readonly [K in keyof ServerColumns]: ServerColumns[K] extends readonly (infer V)[]
    ? V[]
    : ServerColumns[K];
};

/** Columns of numbers that point into the texts. */
const TEXTS = ['map', 'game', 'modDir', 'version', 'tags', 'country', 'source', 'flags'] as const;
/** Texts that may come beyond twice those of the list before unused ones are forgotten. */
const SPARE_TEXTS = 4096;

/**
 * All servers in columns, as the page keeps them: ten thousand objects would take several times the memory. A
 * row keeps its number while its server is listed. Nothing of a browser is used here.
 */
export class ServerTable {
  // Until the list came there are no rows, so no other column is looked at.
  #columns = { event: '', texts: [] as string[], address: [] as string[] } as unknown as Columns;
  readonly #places = new Map<string, number>();
  readonly #rows = new Map<string, number>();
  #revisions = new Uint32Array(0);
  #gone = new Set<number>();
  #free: number[] = [];
  #mostTexts = 0;
  /** Of servers that are no duplicates. */
  servers = 0;
  players = 0;
  bots = 0;

  load(columns: ServerColumns): void {
    this.#columns = columns as Columns;
    this.#places.clear();
    columns.texts.forEach((text, index) => {
      this.#places.set(text, index);
    });
    this.#rows.clear();
    columns.address.forEach((address, row) => {
      this.#rows.set(address, row);
    });
    this.#revisions = new Uint32Array(Math.max(64, columns.address.length * 2));
    this.#gone.clear();
    this.#free = [];
    this.#mostTexts = columns.texts.length * 2 + SPARE_TEXTS;
    this.servers = this.players = this.bots = 0;
    for (let row = 0; row < columns.address.length; row++) this.#count(row, 1);
  }

  get columns(): Columns {
    return this.#columns;
  }
  get size(): number {
    return this.#rows.size;
  }

  rowOf(address: string): number | undefined {
    return this.#rows.get(address);
  }
  rows(): Iterable<number> {
    return this.#rows.values();
  }
  /** Rises with every change of the row. */
  revision(row: number): number {
    return this.#revisions[row] ?? 0;
  }
  isGone(row: number): boolean {
    return this.#gone.has(row);
  }
  text(place: number | undefined): string {
    return this.#columns.texts[place ?? -1] ?? '';
  }
  has(row: number, bit: number): boolean {
    return ((this.#columns.bits[row] ?? 0) & bit) !== 0;
  }
  flags(row: number): string {
    return this.text(this.#columns.flags[row]);
  }

  /** The row of a server that is about to be written, its own or a free one. */
  rowFor(address: string): number {
    const known = this.#rows.get(address);
    if (known !== undefined) {
      this.#count(known, -1);
      return known;
    }
    const row = this.#free.pop() ?? this.#columns.address.length;
    this.#rows.set(address, row);
    this.#columns.address[row] = address;
    return row;
  }
  /** The columns of the row were written. */
  written(row: number): void {
    this.#count(row, 1);
    this.#touch(row);
  }
  /** Where a text stands, which may be new. */
  place(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#columns.texts.push(text) - 1;
    this.#places.set(text, place);
    return place;
  }

  /** The row is free only after `release`: until then the list may still show it. */
  remove(address: string): boolean {
    const row = this.#rows.get(address);
    if (row === undefined) return false;
    this.#rows.delete(address);
    this.#count(row, -1);
    this.#gone.add(row);
    this.#touch(row);
    return true;
  }

  /** No list shows rows that are gone any more. */
  release(): void {
    for (const row of this.#gone) this.#free.push(row);
    this.#gone.clear();
    if (this.#columns.texts.length > this.#mostTexts) this.#forgetTexts();
  }

  /** Some servers write the time or a counter into their tags: a page that is open for days would keep them all. */
  #forgetTexts(): void {
    const old = this.#columns.texts;
    this.#columns.texts = [];
    this.#places.clear();
    for (const row of this.#rows.values()) {
      for (const name of TEXTS) {
        const column = this.#columns[name];
        column[row] = this.place(old[column[row] ?? -1] ?? '');
      }
    }
    this.#mostTexts = this.#columns.texts.length * 2 + SPARE_TEXTS;
  }

  #count(row: number, by: number): void {
    if (this.flags(row).includes('duplicate')) return;
    this.servers += by;
    this.players += by * (this.#columns.players[row] ?? 0);
    this.bots += by * (this.#columns.bots[row] ?? 0);
  }

  #touch(row: number): void {
    if (row >= this.#revisions.length) {
      const more = new Uint32Array(row * 2);
      more.set(this.#revisions);
      this.#revisions = more;
    }
    this.#revisions[row] = (this.#revisions[row] ?? 0) + 1;
  }
}
