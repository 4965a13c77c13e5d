import { isIP } from 'node:net';
import { messageOf, ServerError } from '../errors.js';
import { PeerAddress } from '../net/peer-address.js';
import { SteamID } from '../steam/steam-id.js';

/** One person, as far as a server knows people. */
export interface ForgottenSubject {
  readonly kind: 'steam-id' | 'address' | 'account';
  /** Decimal SteamID, canonical text of an address without port, or name or id of an account of a lobby. */
  readonly text: string;
  /** Every form in which the person may stand in a text that others wrote. */
  readonly forms: readonly string[];
}

/** Removes or blanks what a plugin keeps of somebody, durably; says what, in a few words, or nothing. */
export type ForgetListener = (
  subject: ForgottenSubject,
) => Promise<string | undefined> | string | undefined;

/** Asks everybody who keeps something about people to forget one of them. */
export class Forgetting {
  readonly #listeners = new Map<ForgetListener, string>();

  /** The returned function ends it. */
  add(owner: string, listener: ForgetListener): () => void {
    this.#listeners.set(listener, owner);
    return () => this.#listeners.delete(listener);
  }

  /** A line for each that had something; one that fails is named and stops no other. Error `FORGET_INCOMPLETE`. */
  async forget(text: string): Promise<string[]> {
    const subject = subjectOf(text);
    const lines: string[] = [];
    const failed: string[] = [];
    for (const [listener, owner] of this.#listeners) {
      try {
        const said = await listener(subject);
        if (said !== undefined) lines.push(`${owner}: ${said}`);
      } catch (error) {
        failed.push(`${owner}: ${messageOf(error)}`);
      }
    }
    if (failed.length === 0) return lines;
    throw new ServerError(
      'FORGET_INCOMPLETE',
      `not everything was forgotten, run it again: ${failed.join('; ')}${lines.length === 0 ? '' : ` (done: ${lines.join('; ')})`}`,
    );
  }
}

const accountPrefix = 'account:';
const longestAccount = 100;

function subjectOf(text: string): ForgottenSubject {
  const trimmed = text.trim();
  if (isIP(trimmed) !== 0) {
    const { host } = PeerAddress.of(trimmed, 0);
    return { kind: 'address', text: host, forms: [host] };
  }
  const steamId = SteamID.parse(trimmed);
  if (steamId !== undefined) {
    const decimal = steamId.toString();
    const older = steamId.isIndividual ? [steamId.steam2(), steamId.steam2(true)] : [];
    const forms = [decimal, `steamid:${decimal}`, steamId.steam3(), ...older];
    return { kind: 'steam-id', text: decimal, forms };
  }
  const account = trimmed.startsWith(accountPrefix) ? trimmed.slice(accountPrefix.length) : '';
  if (account !== '' && account.length <= longestAccount) {
    return { kind: 'account', text: account, forms: [accountPrefix + account] };
  }
  throw new ServerError(
    'USAGE',
    // Without what was written: the audit and the log must not remember it.
    `this is neither a SteamID (76561198000000000, [U:1:39734272]) nor an address without port (192.0.2.1) nor an account of a lobby (account:NAME)`,
  );
}
