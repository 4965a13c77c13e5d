interface Waiting<End> {
  readonly end: End;
  readonly roomID: string;
  readonly until: number;
}

/** Connections of match servers whose guests have not come yet; each can be taken once. */
export class WaitingProxies<End> {
  /** The oldest first; all wait equally long. */
  readonly #waiting = new Map<string, Waiting<End>>();

  constructor(
    private readonly clock: { monotonic(): number },
    /** How long one waits, in milliseconds. */
    private readonly lifetime: number,
    /** It is of no use any more. */
    private readonly drop: (end: End) => void,
  ) {}

  get size(): number {
    return this.#waiting.size;
  }

  add(roomID: string, guestID: string, end: End): void {
    const key = keyOf(roomID, guestID);
    const before = this.#waiting.get(key);
    this.#waiting.delete(key);
    this.#waiting.set(key, { end, roomID, until: this.clock.monotonic() + this.lifetime });
    if (before !== undefined) this.drop(before.end);
  }

  take(roomID: string, guestID: string): End | undefined {
    const key = keyOf(roomID, guestID);
    const end = this.#waiting.get(key)?.end;
    this.#waiting.delete(key);
    return end;
  }

  /** The connection has gone. */
  remove(end: End): void {
    for (const [key, waiting] of this.#waiting) {
      if (waiting.end === end) this.#waiting.delete(key);
    }
  }

  forgetRoom(roomID: string): void {
    for (const [key, waiting] of this.#waiting) {
      if (waiting.roomID !== roomID) continue;
      this.#waiting.delete(key);
      this.drop(waiting.end);
    }
  }

  sweep(): void {
    const now = this.clock.monotonic();
    for (const [key, { end, until }] of this.#waiting) {
      if (until > now) return;
      this.#waiting.delete(key);
      this.drop(end);
    }
  }
}

const keyOf = (roomID: string, guestID: string): string => `${roomID}/${guestID}`;
