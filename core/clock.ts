/** Time and timers come from here, so that tests can move time by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the operator sets the clock. */
  now(): number;
  /** Milliseconds since an arbitrary start; never jumps. Use it for lifetimes and rates. */
  monotonic(): number;
  /** Runs the task once after `ms`; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
  /** Runs the task every `ms`; the returned function ends it. */
  every(ms: number, task: () => void): () => void;
}

/** The real time of this machine. */
export class SystemClock implements Clock {
  #isHeld = false;
  #now = 0;
  #monotonic = 0;

  now(): number {
    return this.#isHeld ? this.#now : Date.now();
  }
  monotonic(): number {
    return this.#isHeld ? this.#monotonic : performance.now();
  }

  /**
   * Time stands still until `release`: for a short piece of synchronous work that would ask for it again and again,
   * such as a batch of datagrams. False when it stands still already, which then is for others to end.
   */
  hold(): boolean {
    if (this.#isHeld) return false;
    this.#now = Date.now();
    this.#monotonic = performance.now();
    this.#isHeld = true;
    return true;
  }
  release(): void {
    this.#isHeld = false;
  }

  after(ms: number, task: () => void): () => void {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  }
  every(ms: number, task: () => void): () => void {
    const timer = setInterval(task, ms);
    return () => clearInterval(timer);
  }
}
