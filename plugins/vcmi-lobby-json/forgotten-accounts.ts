import type { Context, ForgottenSubject } from 'beaconry';
import type { Account } from './accounts.js';
import type { JsonLobby } from './json-lobby.js';

const channel = 'forgotten';

/**
 * Takes an account out of all that the lobby keeps: its name and cookies, what it said, its name in matches. The node
 * that is asked erases the store; every node, also the one where the account is, erases its memory.
 */
export class ForgottenAccounts {
  constructor(
    private readonly bus: Context['bus'],
    private readonly lobby: JsonLobby,
  ) {}

  /** The returned function ends it. */
  listen(): () => void {
    return this.bus.subscribe(channel, (said) => {
      const account = said as unknown as Account;
      const { accounts, history, archive, names } = this.lobby.parts;
      const { accountID, displayName } = account;
      accounts.unlearn(account);
      history.forget(accountID);
      archive.forget(accountID);
      this.lobby.drop((one) => one.accountID === accountID, 'Your account was deleted');
      const online = this.lobby.online.get(accountID);
      if (online !== undefined) this.lobby.remove(online);
      names.forget({ name: displayName });
    });
  }

  /** What was erased; undefined when there is no such account. */
  async forget({ kind, text }: ForgottenSubject): Promise<string | undefined> {
    if (kind !== 'account') return undefined;
    const { accounts, history, archive } = this.lobby.parts;
    const account = await accounts.named(text);
    if (account === undefined) return undefined;
    // First it must not come again; last what it left, so that running it again finds the rest after a failure.
    const { accountID, displayName } = account;
    this.bus.publish(channel, { accountID, displayName });
    const lines = await history.erase(accountID);
    const matches = await archive.erase(accountID);
    await accounts.remove(account);
    this.bus.publish(channel, { accountID, displayName });
    return `removed the account, ${lines} lines of chat, its name in ${matches} matches`;
  }
}
