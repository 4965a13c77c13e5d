import { ServerError } from 'beaconry';
import type { Coordinator } from 'beaconry/plugins/coordinator';
import { GLOBAL_PORT } from './fake-ip-range.js';
import type { FakeIps, PlayerAccounts } from './public.js';

export interface AutoTicketParts {
  readonly fakeIps: FakeIps;
  readonly coordinator: Coordinator | undefined;
  readonly accounts: PlayerAccounts | undefined;
}

/** For whom a server wants a ticket to one of its FakeIP's ports. */
export interface AutoTicketWish {
  readonly appId: number;
  readonly server: string;
  readonly client: string;
  readonly virtualPort: number;
}

/**
 * Tickets that a server behind a FakeIP answers a connect request with: made for a player who is logged on and holds
 * the app, while the server says that players may come. Nobody else gets a ticket to a FakeIP.
 */
export class AutoTickets {
  constructor(private readonly parts: AutoTicketParts) {}

  /**
   * FAKE_IP_NO_MATCH without a lease, SERVER_CLOSED, FAKE_IP_PORTS, NO_ACCOUNTS, NOT_LOGGED_ON, NO_LICENCE,
   * NO_COORDINATOR, and the codes of `issueTicket`.
   */
  async forServer(wish: AutoTicketWish): Promise<Uint8Array> {
    const { fakeIps, accounts } = this.parts;
    const { appId, server, client, virtualPort } = wish;
    const lease = await fakeIps.lease(appId, server);
    if (lease === undefined) {
      throw new ServerError('FAKE_IP_NO_MATCH', `${server} has no FakeIP of app ${appId}`);
    }
    if (lease.ports[virtualPort - GLOBAL_PORT] === undefined) {
      throw new ServerError('FAKE_IP_PORTS', `virtual port ${virtualPort} is none of its FakeIP`);
    }
    if (accounts === undefined) {
      throw new ServerError('NO_ACCOUNTS', 'no enabled plugin knows who is logged on');
    }
    if (!lease.open) throw closed();
    if (!(await accounts.isLoggedOn(client))) {
      throw new ServerError('NOT_LOGGED_ON', `${client} has no live session`);
    }
    if (!(await accounts.holds(client, appId))) throw unlicensed(appId);
    return this.#issue(wish);
  }

  /** For a player whose session is proven, and his licence; FAKE_IP_NO_MATCH, SERVER_CLOSED, NO_COORDINATOR. */
  async forPlayer(
    client: string,
    appId: number,
    address: string,
  ): Promise<{
    readonly identity: string;
    readonly virtualPort: number;
    readonly ticket: Uint8Array;
  }> {
    const owner = await this.parts.fakeIps.find(appId, address);
    if (owner === undefined) throw new ServerError('FAKE_IP_NO_MATCH', `nobody is at ${address}`);
    if (!owner.open) throw closed();
    const { identity, index } = owner;
    const virtualPort = GLOBAL_PORT + index;
    const ticket = await this.#issue({ appId, client, server: identity, virtualPort });
    return { identity, virtualPort, ticket };
  }

  #issue(wish: AutoTicketWish): Promise<Uint8Array> {
    const { coordinator } = this.parts;
    if (coordinator !== undefined) return coordinator.issueTicket(wish);
    throw new ServerError('NO_COORDINATOR', 'no enabled plugin makes tickets');
  }
}

const closed = () => new ServerError('SERVER_CLOSED', 'the server is full or closed');

export const unlicensed = (appId: number) =>
  new ServerError('NO_LICENCE', `the account holds no licence of app ${appId}`);
