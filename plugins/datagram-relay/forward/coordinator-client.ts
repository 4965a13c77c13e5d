import { ServerError } from 'beaconry';
import { decodeBase64, encodeBase64 } from '../../coordinator/sdr/armour-codec.js';
import type { SignonAnswer } from '../../coordinator/sdr/player-credentials.js';
import { MAX_SIGNED_TICKET } from '../../coordinator/sdr/relay-ticket-codec.js';

export interface FakeIpTicket {
  readonly identity: string;
  readonly virtualPort: number;
  readonly ticket: Uint8Array;
}

/** The coordinator's HTTP surface, as agents use it. Refusals are ServerErrors with its codes. */
export class CoordinatorClient {
  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {}

  signon(request: Uint8Array): Promise<SignonAnswer> {
    return this.#post('/coordinator/signon', { request: encodeBase64(request) });
  }

  async ticket(appId: number, server: string, virtualPort: number): Promise<Uint8Array> {
    const answer = await this.#post<{ ticket: string }>('/coordinator/tickets', {
      appId,
      server,
      virtualPort,
    });
    return decodeBase64(answer.ticket, MAX_SIGNED_TICKET);
  }

  async loginServer(login: Uint8Array): Promise<void> {
    await this.#post('/coordinator/servers', { login: encodeBase64(login) });
  }

  /** The ticket that stands in the answer to a connect request by FakeIP. */
  async fakeIpTicket(address: string, appId: number): Promise<FakeIpTicket> {
    const answer = await this.#post<{ identity: string; virtualPort: number; ticket: string }>(
      '/v1/fake-ips/connect',
      { address, appId },
    );
    return { ...answer, ticket: decodeBase64(answer.ticket, MAX_SIGNED_TICKET) };
  }

  async #post<T>(path: string, body: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(new URL(path, this.url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
    } catch (cause) {
      throw new ServerError('COORDINATOR_UNREACHABLE', `${this.url} does not answer`, { cause });
    }
    const answer = (await response.json().catch(() => ({}))) as T & {
      error?: { code?: string; message?: string };
    };
    if (response.ok) return answer;
    throw new ServerError(
      answer.error?.code ?? 'COORDINATOR_REFUSED',
      answer.error?.message ?? `${path} answered ${response.status}`,
    );
  }
}
