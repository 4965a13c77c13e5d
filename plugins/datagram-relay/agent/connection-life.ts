import { ConnectionState, EndReason } from './connection-state.js';

const TIMEOUT = 10_000;

export interface StateListener {
  onState?(state: ConnectionState): void;
}

/** From the first try to the end: what connections over relays and over plain UDP have in common. */
export abstract class ConnectionLife {
  #state: ConnectionState = ConnectionState.connecting;
  #endReason = 0;
  #endText = '';
  #lastReceived: number;
  abstract listener: StateListener;
  /** Told once when the connection is over. */
  onEnded: (() => void) | undefined;
  readonly stats = { sent: 0, received: 0, rejected: 0 };

  constructor(now: number) {
    this.#lastReceived = now;
  }

  get state(): ConnectionState {
    return this.#state;
  }
  get endReason(): number {
    return this.#endReason;
  }
  get endText(): string {
    return this.#endText;
  }
  get isOpen(): boolean {
    return this.#state <= ConnectionState.connected;
  }

  setState(state: ConnectionState): void {
    if (this.#state === state || !this.isOpen) return;
    this.#state = state;
    this.listener.onState?.(state);
    if (state > ConnectionState.connected) this.onEnded?.();
  }

  /** Ends without telling the far side. */
  fail(
    reason: number,
    text: string,
    state: ConnectionState = ConnectionState.problemDetected,
  ): void {
    if (!this.isOpen) return;
    this.#endReason = reason;
    this.#endText = text;
    this.setState(state);
  }

  /** The far side is there. */
  protected heard(now: number): void {
    this.#lastReceived = now;
  }

  /** True: it was silent for too long, and the connection has ended. */
  protected failWhenSilent(now: number): boolean {
    if (now - this.#lastReceived <= TIMEOUT) return false;
    this.fail(EndReason.timeout, 'nothing came from the other side for 10 s');
    return true;
  }
}
