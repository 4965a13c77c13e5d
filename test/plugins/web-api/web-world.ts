import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { startTestServer, type TestServer } from 'beaconry/testing';
import pino from 'pino';
import { WebSocket } from 'ws';

export const APP = 480;
export const PUBLISHER_KEY = 'a-publisher-key-for-tests';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  readonly body: any;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly bearer?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A running server with the web API, its real sockets, and its log. */
export class WebWorld {
  readonly log: string[] = [];
  readonly sockets: WebSocket[] = [];

  private constructor(readonly server: TestServer) {}

  static async start(
    webApi: Readonly<Record<string, unknown>> = {},
    plugins: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      master: {},
      browser: {},
    },
  ): Promise<WebWorld> {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const server = await startTestServer({
      real: true,
      log,
      config: { http: { origins: ['https://friends.example'] } },
      plugins: {
        'game-server': {},
        'steam-backend': {
          accounts: 'self-service',
          anonymousServers: 'full',
          offlineGrace: '300ms',
        },
        'auth-sessions': {},
        social: {},
        'web-api': { publisherKeys: [PUBLISHER_KEY], callsPerSecond: 100_000, ...webApi },
        ...plugins,
      },
    });
    const world = new WebWorld(server);
    Object.assign(world, { log: lines });
    return world;
  }

  get url(): string {
    return `http://${this.server.address('http')}`;
  }
  get adminUrl(): string {
    return `http://${this.server.address('admin')}`;
  }
  get adminToken(): string {
    return readFileSync(join(this.server.server.facts.data, 'management.token'), 'utf8').trim();
  }
  get administration(): SteamAdministration {
    return this.server.get(SteamAdministration);
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { bearer, body, headers } = options;
    const base = path.startsWith('/v1/admin') || path === '/docs' ? this.adminUrl : this.url;
    const answer = await fetch(base + path, {
      method,
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return {
      status: answer.status,
      body: isJson ? JSON.parse(text) : text,
      headers: answer.headers,
    };
  }

  admin(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.call(method, `/v1/admin${path}`, { bearer: this.adminToken, body });
  }

  /** The handle of a new game server; with `on` it is logged on with a token of its own. */
  async gameServer(options: { on?: boolean; queryPort?: number } = {}): Promise<string> {
    const { on = true, queryPort = 27016 } = options;
    const body = { appId: APP, version: '1.0.0.0', gamePort: 27015, queryPort };
    const made = await this.call('POST', '/v1/gameservers', { body });
    const bearer = made.body.handle as string;
    if (on) {
      const token = await this.loginToken();
      await this.call('POST', '/v1/gameservers/self/logon', { bearer, body: { token } });
    }
    return bearer;
  }

  async loginToken(): Promise<string> {
    const { steamId } = await this.administration.createAccount();
    const made = await this.administration.createServerAccount({ owner: steamId, appId: APP });
    return made.loginToken;
  }

  /** A licensed player who is logged on. */
  async player(): Promise<{ steamId: string; accountKey: string; token: string }> {
    const { steamId, accountKey } = await this.administration.createAccount();
    await this.administration.grantLicence({ steamId, appId: APP });
    const body = { accountKey, appId: APP };
    const logon = await this.call('POST', '/v1/logon', { body });
    return { steamId: steamId.toString(), accountKey, token: logon.body.token };
  }

  async ticket(token: string, more: object = {}): Promise<{ handle: number; ticket: string }> {
    const made = await this.call('POST', '/v1/tickets', {
      bearer: token,
      body: { appId: APP, ...more },
    });
    return made.body;
  }

  socket(
    protocol: string | string[] = 'beaconry.v1',
    headers: Record<string, string> = {},
  ): WebSocket {
    const url = `ws://${this.server.address('http')}/v1/ws`;
    const socket = new WebSocket(url, protocol, { headers });
    socket.on('error', () => {});
    this.sockets.push(socket);
    return socket;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    await this.server.stop();
  }
}

/** Frames of a socket in their order. */
export class Frames {
  readonly #frames: unknown[] = [];
  #wake = () => {};
  closed: number | undefined;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data, isBinary) => {
      this.#frames.push(isBinary ? data : JSON.parse(String(data)));
      this.#wake();
    });
    socket.on('close', (code) => {
      this.closed = code;
      this.#wake();
    });
  }

  send(frame: unknown): void {
    const text = JSON.stringify(frame);
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(text);
    else this.socket.once('open', () => this.socket.send(text));
  }

  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  async next(): Promise<any> {
    while (this.#frames.length === 0) {
      if (this.closed !== undefined) throw new Error(`the socket closed with ${this.closed}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift();
  }

  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  async until(fits: (frame: any) => boolean): Promise<any> {
    for (;;) {
      const frame = await this.next();
      if (fits(frame)) return frame;
    }
  }

  async close(): Promise<number> {
    while (this.closed === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.closed;
  }
}
