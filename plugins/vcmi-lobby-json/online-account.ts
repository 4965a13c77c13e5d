import type { Account } from './accounts.js';
import type { ServerMessage } from './message-schemas.js';
import type { Outlet } from './outlet.js';
import { isAtLeast } from './text-rules.js';

/** An account with its connection. */
export class OnlineAccount implements Account {
  readonly accountID: string;
  readonly displayName: string;
  /** COMPAT: clients before 1.7.4 do not know `updateGameRoom` and get the whole list. */
  readonly knowsRoomUpdates: boolean;

  constructor(
    account: Account,
    /** What the client calls itself. */
    readonly version: string,
    /** Host part of its address. */
    readonly address: string,
    readonly outlet: Outlet,
  ) {
    this.accountID = account.accountID;
    this.displayName = account.displayName;
    this.knowsRoomUpdates = isAtLeast(version, [1, 7, 4]);
  }

  send(message: ServerMessage | Uint8Array): void {
    this.outlet.send(message);
  }

  fail(reason: string): void {
    this.outlet.send({ type: 'operationFailed', reason });
  }
}
