/** Maps and products repeat from server to server: equal texts are kept once, free of the packet they came in. */
export class TextPool {
  readonly #known = new Map<string, string>();

  constructor(private readonly limit = 65536) {}

  /** The same text; when the pool is full it starts anew, and texts given out stay as they are. */
  keep(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= this.limit) this.#known.clear();
    // A part of a larger text keeps the whole alive; a text made from bytes does not.
    const own = Buffer.from(text).toString();
    this.#known.set(own, own);
    return own;
  }
}
