import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../clock.js';
import { PeerAddress } from '../net/peer-address.js';
import { EResult, ETicketKind, WEB_TICKET_BUFFER } from './enums.js';
import { SteamID } from './steam-id.js';
import {
  AUTH_PART_LENGTH,
  encodeAuthPart,
  encodeConnectBlob,
  encodeGameConnect,
  encodeTicket,
} from './ticket-codec.js';

/** What an issuer needs of its logon. */
export interface IssuerLink {
  readonly steamId: bigint;
  readonly connectTokens: readonly bigint[];
  ownership(appId: number): Promise<{ readonly result: EResult; readonly bytes: Uint8Array }>;
  registerTicket(ticket: {
    readonly handle: number;
    readonly appId: number;
    readonly authPart: Uint8Array;
    readonly identity: string | null;
  }): Promise<{ readonly result: EResult; readonly connectTokens: readonly bigint[] }>;
  cancelTicket(connectToken: bigint): Promise<void>;
}

/** A ticket that was issued, and the handle that cancels it. */
export interface Ticket {
  /** Never 0; counts up and wraps. */
  readonly handle: number;
  readonly bytes: Uint8Array;
}

const READY_TIMEOUT = 20_000;
const RENEW_OWNERSHIP = 86_400_000;
/** Tickets one issuer may have alive at once; the oldest is forgotten (not cancelled) beyond. */
const MAX_ACTIVE = 256;

/**
 * Issuer side of the Steam game server API, section 6.1: None -> Requested -> Active -> Dead. A ticket's bytes are
 * complete at once, but nobody should get them before the ready callback came with result 1.
 */
export class TicketIssuer {
  #link: IssuerLink | undefined;
  #tokens: bigint[] = [];
  #count = 0;
  #connectedAt = 0;
  #handle = 0;
  readonly #ownership = new Map<number, { readonly bytes: Uint8Array; readonly at: number }>();
  readonly #alive = new Map<number, bigint>();

  constructor(
    private readonly clock: Clock,
    private readonly onReady: (handle: number, result: EResult, bytes: Uint8Array) => void,
  ) {}

  /** After a logon; with `resumed` the tickets of before are still good. */
  attach(link: IssuerLink, resumed: boolean): void {
    this.#link = link;
    this.#tokens = [...link.connectTokens];
    if (resumed) return;
    this.#count = 0;
    this.#connectedAt = this.clock.monotonic();
    this.#alive.clear();
    this.#ownership.clear();
  }

  /** The link was cut; tickets stay as they are. */
  detach(): void {
    this.#link = undefined;
    this.#tokens = [];
  }

  /** Logged off: every ticket is dead. */
  reset(): void {
    this.detach();
    this.#alive.clear();
    this.#ownership.clear();
  }

  get active(): number {
    return this.#alive.size;
  }

  /** Fetches what tickets for the app are signed with; must have answered 1 before `issue`. */
  async prepare(appId: number): Promise<EResult> {
    const link = this.#link;
    if (link === undefined) return EResult.NotLoggedOn;
    const known = this.#ownership.get(appId);
    const now = this.clock.monotonic();
    if (known !== undefined && now - known.at < RENEW_OWNERSHIP) return EResult.OK;
    const { result, bytes } = await link.ownership(appId);
    if (result === EResult.OK) this.#ownership.set(appId, { bytes, at: now });
    return result;
  }

  /** A new ticket, or undefined when not logged on, not prepared, or out of connect tokens. */
  issue(appId: number, kind: ETicketKind, identity: string | null = null): Ticket | undefined {
    const length = AUTH_PART_LENGTH + 4 + (this.#ownership.get(appId)?.bytes.length ?? 0);
    if (kind === ETicketKind.WebApi && length > WEB_TICKET_BUFFER) return undefined;
    const material = this.#take(appId);
    if (material === undefined) return undefined;
    const { ownership, gameConnect } = material;
    const authPart = encodeAuthPart(gameConnect, {
      word1: 1,
      kind,
      nonce: randomBytes(8),
      connectedFor: Math.floor(this.clock.monotonic() - this.#connectedAt) >>> 0,
      count: ++this.#count,
    });
    const bytes = encodeTicket(authPart, ownership);
    return this.#register(appId, gameConnect.token, authPart, bytes, identity);
  }

  /** The blob of the old connect call; its ready callback comes like that of a ticket. */
  issueConnectBlob(appId: number, identity: string | null = null): Ticket | undefined {
    const material = this.#take(appId);
    if (material === undefined) return undefined;
    const { ownership, gameConnect } = material;
    const bytes = encodeConnectBlob(gameConnect, ownership);
    const authPart = encodeGameConnect(gameConnect);
    return this.#register(appId, gameConnect.token, authPart, bytes, identity);
  }

  /** Verifiers with an open session get code 6. Unknown handles and 0 change nothing. */
  cancel(handle: number): boolean {
    const token = this.#alive.get(handle);
    if (token === undefined) return false;
    this.#alive.delete(handle);
    // A cut link: the backend ends the tickets of connections that do not come back.
    this.#link?.cancelTicket(token).catch(() => undefined);
    return true;
  }

  #take(appId: number) {
    const ownership = this.#ownership.get(appId)?.bytes;
    if (this.#link === undefined || ownership === undefined) return undefined;
    const token = this.#tokens.shift();
    if (token === undefined) return undefined;
    const time = Math.floor(this.clock.now() / 1000);
    return { ownership, gameConnect: { token, steamId: this.#link.steamId, time } };
  }

  #register(
    appId: number,
    token: bigint,
    authPart: Uint8Array,
    bytes: Uint8Array,
    identity: string | null,
  ): Ticket {
    this.#handle = this.#handle === 0xffffffff ? 1 : this.#handle + 1;
    const handle = this.#handle;
    this.#alive.set(handle, token);
    if (this.#alive.size > MAX_ACTIVE) {
      const oldest = this.#alive.keys().next();
      if (oldest.done !== true) this.#alive.delete(oldest.value);
    }
    let told = false;
    const tell = (result: EResult) => {
      if (told) return;
      told = true;
      cancelTimeout();
      if (result !== EResult.OK) this.#alive.delete(handle);
      this.onReady(handle, result, bytes);
    };
    const cancelTimeout = this.clock.after(READY_TIMEOUT, () => tell(EResult.Timeout));
    const link = this.#link as IssuerLink;
    link.registerTicket({ handle, appId, authPart, identity }).then(
      ({ result, connectTokens }) => {
        if (this.#link === link) this.#tokens.push(...connectTokens);
        tell(result);
      },
      () => tell(EResult.NoConnection),
    );
    return { handle, bytes };
  }
}

/** How a ticket names whom it is for: an IP literal, a SteamID, or a name for the Web API. */
export function ticketIdentity(identity: string | bigint | null | undefined): string | null {
  if (identity === null || identity === undefined || identity === '') return null;
  if (typeof identity === 'bigint') return `steamid:${identity}`;
  if (isIP(identity) !== 0) return PeerAddress.of(identity, 0).host;
  const id = /^\d{15,20}$|^\[|^STEAM_/.test(identity) ? SteamID.parse(identity) : undefined;
  return id === undefined ? identity : `steamid:${id.value}`;
}
