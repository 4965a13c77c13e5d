import { ServerError } from 'beaconry';
import { decodeBase64, encodeBase64 } from './armour-codec.js';
import type { FetchedConfig } from './network-config-cache.js';
import { CONFIG_SIGNATURE_HEADER, MAX_NETWORK_CONFIG } from './network-config-codec.js';
import type { SignonAnswer } from './player-credentials.js';
import { type CheckInAnswer, readCheckInAnswer } from './relay-check-in-codec.js';
import { MAX_SIGNED_TICKET } from './relay-ticket-codec.js';

export interface CoordinatorClientOptions {
  /** Such as `https://example.org`. */
  readonly url: string;
  readonly appId: number;
  /** Token of the player, or of whoever holds a FakeIP, as of now; not needed for the config, logins and relays. */
  token?(): string | undefined;
}

/** What a player needs to connect to the server behind a FakeIP. */
export interface FakeIpTicket {
  readonly identity: string;
  readonly virtualPort: number;
  readonly ticket: Uint8Array;
}

/** What a hosted server has of its FakeIP. */
export interface FakeIpGrant {
  readonly address: string;
  readonly ports: readonly number[];
  /** Proves the identity to the signaling service and for auto tickets, as long as the lease lives. */
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Who is behind a FakeIP, and the virtual port of the address. */
export interface FakeIpTarget {
  readonly identity: string;
  readonly virtualPort: number;
}

interface Answer {
  readonly response: Response;
  readonly text: string;
}

const TIMEOUT = 10_000;

/**
 * The coordinator over HTTP, for clients, hosted servers and relays. Refusals keep their code; besides them
 * COORDINATOR_UNREACHABLE, COORDINATOR_ANSWER for what is no answer, COORDINATOR_STATUS and ANSWER_TOO_LARGE.
 */
export class CoordinatorClient {
  readonly #url: URL;

  /** TypeError when `url` is none. */
  constructor(private readonly options: CoordinatorClientOptions) {
    this.#url = new URL(options.url);
  }

  /** For `NetworkConfigCache`. */
  async config(etag: string | undefined): Promise<FetchedConfig> {
    const headers = etag === undefined ? {} : { 'if-none-match': etag };
    const path = `/coordinator/config/${this.options.appId}`;
    const { response, text } = await this.#ask(path, { headers });
    return {
      status: response.status,
      text,
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

  /** The ticket that stands in the answer to a connect request by FakeIP. */
  async fakeIpTicket(address: string): Promise<FakeIpTicket> {
    const { appId } = this.options;
    const { identity, virtualPort, ticket } = await this.#post<
      Omit<FakeIpTicket, 'ticket'> & { ticket: string }
    >('/v1/fake-ips/connect', { address, appId });
    return { identity, virtualPort, ticket: decodeBase64(ticket, MAX_SIGNED_TICKET) };
  }

  /** Who is behind a FakeIP; FAKE_IP_NO_MATCH. */
  async fakeIpTarget(address: string): Promise<FakeIpTarget> {
    const path = `/v1/fake-ips/${this.options.appId}/${encodeURIComponent(address)}`;
    const { response, text } = await this.#ask(path, { headers: {} });
    const { identity, virtualPort } = this.#answerOf<FakeIpTarget>(path, response, text);
    if (typeof identity === 'string' && Number.isInteger(virtualPort)) {
      return { identity, virtualPort };
    }
    throw this.#somethingElse(path);
  }

  /** Asks for a FakeIP by a signed login whose app data says so, keeps it, or gives it back. */
  fakeIp(login: Uint8Array): Promise<FakeIpGrant> {
    return this.#post<FakeIpGrant>('/v1/fake-ips/hosted', { login: encodeBase64(login) });
  }

  /** For a server with a FakeIP: a ticket for a player who asked it. */
  async autoTicket(client: string, virtualPort: number): Promise<Uint8Array> {
    const { appId } = this.options;
    const body = { appId, client, virtualPort };
    const { ticket } = await this.#post<{ ticket: string }>('/v1/fake-ips/tickets', body);
    return decodeBase64(ticket, MAX_SIGNED_TICKET);
  }

  /** Signs a hosted server on; seconds until it has to do so again. */
  async login(login: Uint8Array): Promise<number> {
    const body = { login: encodeBase64(login) };
    return (await this.#post<{ expiresIn: number }>('/coordinator/servers', body)).expiresIn;
  }

  /** Checks in a relay. */
  async checkIn(checkIn: Uint8Array): Promise<CheckInAnswer> {
    const body = { checkIn: encodeBase64(checkIn) };
    const answer = readCheckInAnswer(await this.#post<object>('/coordinator/relays', body));
    if (answer === undefined) throw this.#somethingElse('/coordinator/relays');
    return answer;
  }

  async #post<T>(path: string, body: object): Promise<T> {
    const { response, text } = await this.#ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return this.#answerOf<T>(path, response, text);
  }

  #answerOf<T>(path: string, response: Response, text: string): T {
    if (!response.ok) throw this.#refusal(response.status, text);
    const answer = parse(text);
    if (answer === undefined) throw this.#somethingElse(path);
    return answer as T;
  }

  async #ask(
    path: string,
    init: RequestInit & { headers: Record<string, string> },
  ): Promise<Answer> {
    const { url } = this.options;
    const token = this.options.token?.();
    const headers =
      token === undefined ? init.headers : { ...init.headers, authorization: `Bearer ${token}` };
    try {
      const response = await fetch(new URL(path, this.#url), {
        ...init,
        headers,
        // The operator named this host; it is not for whoever answers to name another.
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      });
      return { response, text: await readBounded(response) };
    } catch (cause) {
      if (cause instanceof ServerError) throw cause;
      throw new ServerError('COORDINATOR_UNREACHABLE', `${url} does not answer`, { cause });
    }
  }

  #refusal(status: number, text: string): ServerError {
    const { url } = this.options;
    const answer = parse(text) as { error?: { code?: unknown; message?: unknown } } | undefined;
    const { code, message } = answer?.error ?? {};
    return new ServerError(
      typeof code === 'string' ? code : 'COORDINATOR_STATUS',
      typeof message === 'string' ? message : `${url} answered ${status}`,
    );
  }

  #somethingElse(path: string): ServerError {
    const text = `${this.options.url} answered ${path} with something else`;
    return new ServerError('COORDINATOR_ANSWER', text);
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

/** The object in the text; undefined when it is something else. */
function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
