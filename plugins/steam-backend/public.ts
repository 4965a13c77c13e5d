import { serviceToken } from 'beaconry';
import type { EResult } from 'beaconry/steam';
import type { LogonAnswer, PlayerLogon, ServerLogon } from './logon.js';
import type { LinkEvents, PlayerLink, ServerEvents, ServerLink } from './steam-link.js';
import type { AccountCreated } from './steam-records.js';

export type { BanKind, SteamBan } from './ban-lookup.js';
export { BanLookup } from './ban-lookup.js';
export type { LogonAnswer, PlayerCredential, PlayerLogon, Resume, ServerLogon } from './logon.js';
export { SteamAdministration } from './steam-administration.js';
export type {
  Compatibility,
  GroupStatus,
  LinkEvents,
  PlayerLink,
  Reputation,
  ServerEvents,
  ServerLink,
  ServerReport,
  SessionUpload,
  SteamLink,
  TicketRegistration,
  Verdict,
} from './steam-link.js';
export type {
  Account,
  AccountChange,
  AccountCreated,
  GroupMember,
  Licence,
  ServerAccount,
  TicketOwner,
} from './steam-records.js';

/** The part of Steam's servers, in this process or behind a URL: the same interface, the same answers. */
export interface SteamBackend {
  readonly kind: 'local' | 'remote';
  logOnServer(logon: ServerLogon, events: ServerEvents): Promise<LogonAnswer<ServerLink>>;
  logOnPlayer(logon: PlayerLogon, events: LinkEvents): Promise<LogonAnswer<PlayerLink>>;
  /** Self-service: refused with 15 when accounts are closed, 84 when asked too often. */
  createAccount(
    address: string,
    name: string,
  ): Promise<{ readonly result: EResult; readonly account?: AccountCreated }>;
}
export const SteamBackend = serviceToken<SteamBackend>('SteamBackend');
