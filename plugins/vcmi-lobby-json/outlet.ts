import type { ServerMessage } from './message-schemas.js';

/** Where messages to one connection go. Nothing here throws. */
export interface Outlet {
  /** Takes one message, or one that is encoded already. */
  send(message: ServerMessage | Uint8Array): void;
  /** Flushes, then closes both directions. */
  close(): void;
  /** The other side reads so slowly that lists should wait. */
  readonly isCongested: boolean;
}
