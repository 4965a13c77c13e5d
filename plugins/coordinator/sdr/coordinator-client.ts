import { ServerError } from 'beaconry';
import { decodeBase64, encodeBase64 } from './armour-codec.js';
import type { FetchedConfig } from './network-config-cache.js';
import { CONFIG_SIGNATURE_HEADER, MAX_NETWORK_CONFIG } from './network-config-codec.js';
import type { SignonAnswer } from './player-credentials.js';
import type { CheckInAnswer } from './relay-check-in-codec.js';
import { MAX_SIGNED_TICKET } from './relay-ticket-codec.js';

export interface CoordinatorClientOptions {
  /** Such as `https://example.org`. */
  readonly url: string;
  readonly appId: number;
  /** Token of the player; not needed for the config, servers and relays. */
  readonly token?: string;
}

const TIMEOUT = 10_000;

/** The coordinator over HTTP, for clients, hosted servers and relays. Refusals keep their code. */
export class CoordinatorClient {
  constructor(private readonly options: CoordinatorClientOptions) {}

  /** For `NetworkConfigCache`. */
  async config(etag: string | undefined): Promise<FetchedConfig> {
    const headers = etag === undefined ? {} : { 'if-none-match': etag };
    const response = await this.#fetch(`/coordinator/config/${this.options.appId}`, { headers });
    return {
      status: response.status,
      text: await readBounded(response),
      etag: response.headers.get('etag') ?? undefined,
      signature: response.headers.get(CONFIG_SIGNATURE_HEADER) ?? undefined,
    };
  }

  /** For `PlayerCredentials`. */
  signon(request: Uint8Array): Promise<SignonAnswer> {
    return this.#post<SignonAnswer>('/coordinator/signon', { request: encodeBase64(request) });
  }

  /** A signed ticket to the server, for any virtual port unless one is named. */
  async ticket(server: string, virtualPort = -1): Promise<Uint8Array> {
    const { appId } = this.options;
    const body = { appId, server, virtualPort };
    const { ticket } = await this.#post<{ ticket: string }>('/coordinator/tickets', body);
    return decodeBase64(ticket, MAX_SIGNED_TICKET);
  }

  /** Signs a hosted server on; seconds until it has to do so again. */
  async login(login: Uint8Array): Promise<number> {
    const body = { login: encodeBase64(login) };
    return (await this.#post<{ expiresIn: number }>('/coordinator/servers', body)).expiresIn;
  }

  checkIn(checkIn: Uint8Array): Promise<CheckInAnswer> {
    return this.#post('/coordinator/relays', { checkIn: encodeBase64(checkIn) });
  }

  async #post<T>(path: string, body: object): Promise<T> {
    const response = await this.#fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await readBounded(response);
    if (response.ok) return JSON.parse(text) as T;
    throw refusal(response.status, text);
  }

  #fetch(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const { url, token } = this.options;
    const headers =
      token === undefined ? init.headers : { ...init.headers, authorization: `Bearer ${token}` };
    return fetch(new URL(path, url), { ...init, headers, signal: AbortSignal.timeout(TIMEOUT) });
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_NETWORK_CONFIG) {
      throw new ServerError(
        'ANSWER_TOO_LARGE',
        `the coordinator answered more than ${MAX_NETWORK_CONFIG} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refusal(status: number, text: string): ServerError {
  try {
    const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } })
      .error;
    return new ServerError(code, message);
  } catch {
    return new ServerError('COORDINATOR_STATUS', `the coordinator answered ${status}`);
  }
}
