import { OutgoingMessage } from './outgoing-message.js';
import type { Room } from './room.js';
import type { ServerMessage } from './server-message.js';
import type { TextEncoding } from './text-encoding.js';

/** Where the messages to one user go. */
export interface Outlet {
  /** Takes exactly one message; never throws. */
  write(bytes: Buffer): void;
  /** Flushes, then closes both directions. */
  close(): void;
}

/** Whose address it is (an IPv4 address or an IPv6 /64), and whether it is this machine. */
export interface UserAddress {
  readonly party: string;
  readonly isLoopback: boolean;
}

export type Channel = 'global' | 'room';

/** One lobby connection after its first frame; without a name until it is logged in. */
export class LobbyUser {
  name = '';
  clientVersion = '';
  room: Room | undefined;
  /** Named by JOIN; the join itself happens at PSWD. */
  pendingRoom: string | undefined;
  ready = false;
  channel: Channel = 'global';
  /** Periods of the health check in which nothing came. */
  silentPeriods = 0;

  constructor(
    /** Lobby protocol, 1 to 5. */
    readonly version: number,
    readonly encoding: TextEncoding,
    readonly address: UserAddress,
    private readonly outlet: Outlet,
  ) {}

  get isLoggedIn(): boolean {
    return this.name !== '';
  }

  send(message: ServerMessage | OutgoingMessage): void {
    const outgoing = message instanceof OutgoingMessage ? message : new OutgoingMessage(message);
    this.outlet.write(outgoing.bytes(this.encoding));
  }

  sendError(text: string): void {
    this.send({ type: 'ERROR', text });
  }

  /** A line of chat from the server itself. */
  notify(text: string): void {
    this.send({ type: 'MSG', sender: 'System', text });
  }

  close(): void {
    this.outlet.close();
  }
}
