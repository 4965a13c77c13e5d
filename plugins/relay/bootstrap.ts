import { idBytes } from './frame-writer.js';

/** Id of the built-in peer that tells who is there. */
export const BOOTSTRAP = 'bootstrap';
const LONGEST_GROUP = 128;

interface Group {
  readonly ids: Set<string>;
  /** The list as it stands between the quotes of a payload; made when it is asked for. */
  encoded: Buffer | undefined;
}

/** The groups that peers say they belong to; a peer that names none belongs to the group ''. */
export class Groups {
  readonly #groups = new Map<string, Group>();

  get size(): number {
    return this.#groups.size;
  }

  /** Is it a name that we keep? */
  static accepts(group: string): boolean {
    return Buffer.byteLength(group) <= LONGEST_GROUP;
  }

  join(group: string, id: string): void {
    let known = this.#groups.get(group);
    if (known === undefined) {
      known = { ids: new Set(), encoded: undefined };
      this.#groups.set(group, known);
    }
    known.ids.add(id);
    known.encoded = undefined;
  }

  leave(group: string, id: string): void {
    const known = this.#groups.get(group);
    if (known === undefined || !known.ids.delete(id)) return;
    known.encoded = undefined;
    if (known.ids.size === 0) this.#groups.delete(group);
  }

  /** A JSON array of the ids in a group, escaped as the text of a payload. */
  list(group: string): Buffer {
    const known = this.#groups.get(group);
    if (known === undefined) return idBytes('[]');
    known.encoded ??= idBytes(JSON.stringify([...known.ids]));
    return known.encoded;
  }
}
