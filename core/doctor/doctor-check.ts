import type { EndpointConfig } from '../config/server-config.js';
import type { UdpExchange } from './udp-exchange.js';

/** One thing the doctor looked at, as one line. */
export interface Finding {
  /** What kind of thing, in a word or two. */
  readonly check: string;
  readonly well: boolean;
  readonly text: string;
  /** What to do; for what is not well. */
  readonly remedy?: string;
}

/** What checks of a plugin may use. */
export interface DoctorContext<C = unknown> {
  /** The plugin's section of the configuration, checked. */
  readonly config: C;
  readonly endpoints: ReadonlyMap<string, EndpointConfig>;
  /** Asks somebody over UDP, and waits for the answer. */
  readonly ask: UdpExchange;
}

/** Checks of a bundled plugin that the configuration enables: the default export of its `doctor.ts`. */
export type DoctorChecks<C = unknown> = (context: DoctorContext<C>) => AsyncIterable<Finding>;

export const well = (check: string, text: string): Finding => ({ check, well: true, text });
export const wrong = (check: string, text: string, remedy: string): Finding => ({
  check,
  well: false,
  text,
  remedy,
});
