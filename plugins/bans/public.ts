import { eventToken, type PeerAddress, serviceToken } from 'beaconry';

/** Who is kept out. */
export type BanSubject =
  /** A range of addresses; `/32` or `/128` for one. */
  | { readonly kind: 'address'; readonly cidr: string }
  /** One game server. */
  | { readonly kind: 'server'; readonly address: PeerAddress }
  | { readonly kind: 'steam-id'; readonly steamId: bigint }
  /** An account of a lobby, by its exact name or id. */
  | { readonly kind: 'account'; readonly account: string };

/** A ban that holds. */
export interface Ban {
  /** `192.0.2.0/24`, `192.0.2.1:27015`, `76561197960265728` or `account:NAME`, in canonical form. */
  readonly subject: string;
  /**
   * `all`, or one word: for a range of addresses the name of the endpoint that is silent to it, for other
   * subjects the name of the plugin that keeps them out, or an app id.
   */
  readonly scope: string;
  readonly reason: string;
  readonly by: string;
  /** Unix milliseconds since when it is known. */
  readonly from: number;
  /** Unix milliseconds; null for ever. */
  readonly until: number | null;
  /** `local`, or the file or URL of the list it was imported from. */
  readonly source: string;
}

/** A ban to be. */
export interface NewBan {
  /** As a person writes it. */
  readonly subject: string;
  /** Default `all`. */
  readonly scope?: string;
  readonly reason: string;
  readonly by: string;
  /** Unix milliseconds; default for ever. */
  readonly until?: number | null;
}

/** Which bans to list. */
export interface BanListOptions {
  /** Only of this subject, in any form that is understood. */
  readonly subject?: string;
  readonly source?: string;
  /** Continue behind this many. */
  readonly offset?: number;
  readonly limit?: number;
}

/**
 * Who is kept out, here and on all nodes that share the store. Questions cost the same however many bans
 * there are; those about addresses allocate nothing. A scope that is not given asks for bans of scope `all`
 * alone, a given one for both. Ranges of addresses are enforced at every endpoint by the host itself:
 * a plugin asks only about what it alone knows, its servers, SteamIDs and accounts.
 */
export interface Bans {
  readonly size: number;
  isAddressBanned(address: PeerAddress, scope?: string): boolean;
  /** The server itself, or its address. */
  isServerBanned(address: PeerAddress, scope?: string): boolean;
  isSteamIdBanned(steamId: bigint, scope?: string): boolean;
  isAccountBanned(account: string, scope?: string): boolean;
  /** A ban that meets the subject: for a server also one of its address, for a range the widest around it. */
  find(subject: BanSubject, scope?: string): Ban | undefined;
  list(options?: BanListOptions): readonly Ban[];
  /**
   * Bans, or replaces what was said of the subject in that scope; resolves when it is durable.
   * @throws HttpError BAN_SUBJECT, BAN
   */
  add(ban: NewBan): Promise<Ban>;
  /** Lifts a local ban; undefined when there is none. Imported ones go with their list. */
  remove(subject: string, scope?: string): Promise<Ban | undefined>;
}
export const Bans = serviceToken<Bans>('Bans');

/** What reading a list of bans changed. */
export interface ImportResult {
  readonly source: string;
  readonly bans: number;
  readonly added: number;
  readonly removed: number;
}

/** Lists of bans that come from elsewhere. */
export interface BanLists {
  /**
   * Reads a list and puts it in the place of what the same source said before; after an error the old list
   * stays. A file is relative to the folder of the configuration.
   * @throws HttpError BAN_LIST naming the source and what is wrong, with the line
   */
  import(source: string): Promise<ImportResult>;
  /** Forgets everything that came from the source; tells how many bans. */
  forget(source: string): Promise<number>;
  /** Bans as JSON lines, as `import` reads them. */
  export(options?: BanListOptions): string;
}
export const BanLists = serviceToken<BanLists>('BanLists');

/** Heard within a second on every node; what is live and banned by now has to go. */
export const BansAdded = eventToken<{ readonly bans: readonly Ban[] }>('BansAdded');
/** Lifted, expired, or no longer in an imported list. */
export const BansRemoved = eventToken<{ readonly bans: readonly Ban[] }>('BansRemoved');
