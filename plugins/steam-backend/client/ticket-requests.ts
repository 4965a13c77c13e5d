import { type Clock, ServerError } from 'beaconry';
import { EResult, type IssuerLink, type Ticket, TicketIssuer } from 'beaconry/steam';

/** Tickets of a player: each is handed out only when the backend knows it. */
export class TicketRequests {
  readonly #issuer: TicketIssuer;
  readonly #ready = new Map<number, (result: EResult) => void>();
  readonly #readyBefore = new Map<number, EResult>();

  constructor(clock: Clock) {
    this.#issuer = new TicketIssuer(clock, (handle, result) => {
      const waiting = this.#ready.get(handle);
      this.#ready.delete(handle);
      if (waiting === undefined) this.#readyBefore.set(handle, result);
      else waiting(result);
    });
  }

  attach(link: IssuerLink, resumed: boolean): void {
    this.#issuer.attach(link, resumed);
  }

  detach(): void {
    this.#issuer.detach();
  }

  reset(): void {
    this.#issuer.reset();
    this.#readyBefore.clear();
  }

  cancel(handle: number): void {
    this.#issuer.cancel(handle);
  }

  /** Throws ServerError NO_TICKET when none can be made or the backend refuses it. */
  async request(
    appId: number,
    issue: (issuer: TicketIssuer) => Ticket | undefined,
  ): Promise<Ticket> {
    const prepared = await this.#issuer.prepare(appId);
    const ticket = prepared === EResult.OK ? issue(this.#issuer) : undefined;
    if (ticket === undefined) {
      const result = prepared === EResult.OK ? EResult.LimitExceeded : prepared;
      throw new ServerError('NO_TICKET', `no ticket could be made: ${result} ${EResult[result]}`);
    }
    const early = this.#readyBefore.get(ticket.handle);
    this.#readyBefore.delete(ticket.handle);
    const result =
      early ??
      (await new Promise<EResult>((resolve) => {
        this.#ready.set(ticket.handle, resolve);
      }));
    if (result === EResult.OK) return ticket;
    throw new ServerError(
      'NO_TICKET',
      `the backend refused the ticket: ${result} ${EResult[result]}`,
    );
  }
}
