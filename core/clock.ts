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
  now(): number {
    return Date.now();
  }
  monotonic(): number {
    return performance.now();
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
