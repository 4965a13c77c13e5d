import type { EResult } from 'beaconry/steam';

/** Who wants to log on as a player; exactly one of the credentials. */
export type PlayerCredential =
  | { readonly accountKey: string }
  | { readonly jwt: string }
  /** A ticket of the real Steam, as its client gave it. */
  | { readonly steamTicket: Uint8Array }
  /** Continues a connection that was cut: nobody who verified its tickets notices. */
  | { readonly resume: Resume };

/** What takes a lost connection up again. */
export interface Resume {
  readonly connection: string;
  readonly secret: string;
}

/** A player who logs on. */
export interface PlayerLogon {
  readonly credential: PlayerCredential;
  /** IP the logon comes from, canonical text; a remote backend uses what it sees itself. */
  readonly address: string;
}

/** A game server that logs on. */
export interface ServerLogon {
  /** 32 hex digits; null for an anonymous server. */
  readonly token: string | null;
  readonly appId: number;
  readonly product: string;
  readonly version: string;
  /** EServerMode. */
  readonly mode: number;
  readonly address: string;
  readonly gamePort: number;
  readonly queryPort: number;
  /** Continues an anonymous logon under the same identity. */
  readonly resume?: Resume;
}

/** The link of who is logged on, or why he is not. */
export type LogonAnswer<L> =
  | { readonly ok: true; readonly link: L }
  | { readonly ok: false; readonly result: EResult; readonly retrying: boolean };
