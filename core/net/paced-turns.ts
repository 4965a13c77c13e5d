/**
 * Does a few things in each turn of the event loop, in order. The system hands over all connections that wait at
 * once, a thousand in a storm, and those who are here already must not wait for all of them.
 */
export class PacedTurns<Item> {
  /** The oldest first. */
  readonly #waiting: Item[] = [];
  /** Things that came or were done in this turn. */
  #done = 0;

  constructor(
    private readonly perTurn: number,
    private readonly work: (item: Item) => void,
  ) {}

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Does it now, or in one of the next turns. */
  add(item: Item): void {
    if (this.#done === 0) setImmediate(this.#nextTurn);
    if (this.#done++ < this.perTurn) this.work(item);
    else this.#waiting.push(item);
  }

  /** Forgets and returns what waits. */
  clear(): Item[] {
    return this.#waiting.splice(0);
  }

  readonly #nextTurn = (): void => {
    const items = this.#waiting.splice(0, this.perTurn);
    this.#done = items.length;
    if (items.length > 0) setImmediate(this.#nextTurn);
    for (const item of items) this.work(item);
  };
}
