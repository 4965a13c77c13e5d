import type { IdentityOptions } from './identities.js';

/** Frames and bytes a second; 0 = no limit. */
export interface RelayRate {
  readonly frames: number;
  readonly bytes: number;
}

/** What the operator sets; times in milliseconds, sizes in bytes. */
export interface RelayOptions extends IdentityOptions {
  readonly maxFrame: number;
  readonly queueLimit: number;
  readonly queueFrames: number;
  readonly totalQueueLimit: number;
  readonly connectTimeout: number;
  readonly frameTimeout: number;
  readonly stallTimeout: number;
  /** 0 = never. */
  readonly idleTimeout: number;
  readonly maxConnections: number;
  /** 0 = no limit. */
  readonly perAddressLimit: number;
  /** New connections a second of one address; 0 = no limit. */
  readonly connectRate: number;
  readonly rate: RelayRate;
  readonly addressRate: RelayRate;
  /** Bytes that one address may send in a day (UTC); 0 = no limit. */
  readonly dailyBytes: number;
  readonly joinKey: string | null;
  /** Run the built-in peer `bootstrap`. */
  readonly bootstrap: boolean;
}

/** Largest body before INIT is done. */
export const FRAME_BEFORE_INIT = 8 * 1024;
/** Slowest pace, in bytes a second, that a begun frame may come in once `frameTimeout` is over. */
export const SLOWEST_FRAME = 32 * 1024;
/** What a refused peer may still send before the connection is cut. */
export const DISCARD_BYTES = 256 * 1024;
/** How long a refused peer may take to read the reason. */
export const REFUSAL_GRACE = 1000;
/** How long a peer that leaves may take to read what is queued for it. */
export const FLUSH_GRACE = 5000;
