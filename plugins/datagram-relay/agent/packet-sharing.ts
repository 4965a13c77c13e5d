import type { Clock } from 'beaconry';
import { type AgentControl, encodeAgentControl } from './agent-control-codec.js';
import { MAX_WHOLE } from './fragments.js';

/** How long a small message may wait for others to share its packet (Nagle). */
const WAIT = 5;
/** Bytes before each of those that share a packet. */
const LENGTH = 2;

/** Gathers small messages for a moment, so that several travel in one packet. */
export class PacketSharing {
  #controls: AgentControl[] = [];
  #bytes = 1;
  #stopTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly send: (control: AgentControl) => void,
  ) {}

  /** Leaves with the next ones, and after 5 ms by itself. */
  add(control: AgentControl): void {
    const { length } = encodeAgentControl(control);
    if (this.#bytes + LENGTH + length > MAX_WHOLE) this.flush();
    this.#controls.push(control);
    this.#bytes += LENGTH + length;
    this.#stopTimer ??= this.clock.after(WAIT, () => this.flush());
  }

  /** Sends at once what waits. */
  flush(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const controls = this.#controls;
    const [only] = controls;
    if (only === undefined) return;
    this.#controls = [];
    this.#bytes = 1;
    this.send(controls.length === 1 ? only : { type: 'several', controls });
  }

  /** Nothing leaves any more. */
  close(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#controls = [];
  }
}
