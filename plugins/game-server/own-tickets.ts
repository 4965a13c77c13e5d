import type { Clock } from 'beaconry';
import {
  EResult,
  ETicketKind,
  type IssuerLink,
  TICKET_BUFFER,
  TicketIssuer,
  ticketIdentity,
} from 'beaconry/steam';

export interface ServerTicket {
  /** 0 when no ticket could be made. */
  readonly id: number;
  readonly buffer: Uint8Array;
  readonly ticket_size: number;
  readonly size: number;
}

const MAX_KEPT = 256;
export const noTicket: ServerTicket = { id: 0, buffer: new Uint8Array(), ticket_size: 0, size: 0 };

/** Tickets that the server issues (6.7), kept by handle for `beginAuthSession(handle, …)`. */
export class OwnTickets {
  readonly #issuer: TicketIssuer;
  readonly #kept = new Map<number, Uint8Array>();

  constructor(clock: Clock, onReady: (handle: number, result: EResult) => void) {
    this.#issuer = new TicketIssuer(clock, (handle, result) => {
      if (result !== EResult.OK) this.#kept.delete(handle);
      onReady(handle, result);
    });
  }

  attach(link: IssuerLink, resumed: boolean): void {
    this.#issuer.attach(link, resumed);
  }

  /** Without it no ticket can be made; a link that is cut meanwhile prepares again when it is back. */
  async prepare(appId: number): Promise<void> {
    await this.#issuer.prepare(appId).catch(() => undefined);
  }

  detach(): void {
    this.#issuer.detach();
  }

  reset(): void {
    this.#issuer.reset();
    this.#kept.clear();
  }

  issue(appId: number, identity: string | bigint | null | undefined): ServerTicket {
    const ticket = this.#issuer.issue(appId, ETicketKind.AuthSession, ticketIdentity(identity));
    if (ticket === undefined) return noTicket;
    const { handle, bytes } = ticket;
    if (bytes.length > TICKET_BUFFER) {
      this.#issuer.cancel(handle);
      return noTicket;
    }
    this.#keep(handle, bytes);
    return { id: handle, buffer: bytes, ticket_size: bytes.length, size: bytes.length };
  }

  get(handle: number): Uint8Array | undefined {
    return this.#kept.get(handle);
  }

  cancel(handle: number): void {
    this.#kept.delete(handle);
    this.#issuer.cancel(handle);
  }

  /** The oldest make room. */
  #keep(handle: number, bytes: Uint8Array): void {
    this.#kept.set(handle, bytes);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > MAX_KEPT && oldest.done !== true) this.#kept.delete(oldest.value);
  }
}
