import { type Clock, ServerError } from 'beaconry';
import { EResult } from 'beaconry/steam';
import {
  encodePlayerLogon,
  encodeServerLogon,
  FieldReader,
  type JsonObject,
} from './backend-codec.js';
import { deliver } from './link-event.js';
import type {
  AccountCreated,
  LinkEvents,
  LogonAnswer,
  PlayerLink,
  PlayerLogon,
  ServerEvents,
  ServerLink,
  ServerLogon,
  SteamBackend,
  SteamLink,
} from './public.js';
import { RemotePlayerLink, RemoteServerLink } from './remote-links.js';
import { RemoteSocket } from './remote-socket.js';

const PATH = '/v1/backend';

/**
 * A backend in another process: the same interface over one WebSocket. When the line is cut every link hears
 * `lost(3, true)`; logging on again with `resume` continues where it was.
 */
export class RemoteBackend implements SteamBackend {
  readonly kind = 'remote';
  readonly #url: string;
  #socket: RemoteSocket | undefined;
  #closed = false;

  constructor(
    url: string,
    private readonly clock: Clock,
  ) {
    this.#url = backendUrl(url);
  }

  async logOnServer(logon: ServerLogon, events: ServerEvents): Promise<LogonAnswer<ServerLink>> {
    return this.#logOn(
      'logOnServer',
      encodeServerLogon(logon),
      events,
      (...parts) => new RemoteServerLink(...parts),
    );
  }

  async logOnPlayer(logon: PlayerLogon, events: LinkEvents): Promise<LogonAnswer<PlayerLink>> {
    return this.#logOn(
      'logOnPlayer',
      encodePlayerLogon(logon),
      events,
      (...parts) => new RemotePlayerLink(...parts),
    );
  }

  async createAccount(
    _address: string,
    name: string,
  ): Promise<{ readonly result: EResult; readonly account?: AccountCreated }> {
    const socket = this.#connected();
    const answer = FieldReader.of(await socket.call('createAccount', { name }));
    const result = answer.nat('result');
    if (!answer.has('steamId')) return { result };
    const account = { steamId: answer.u64('steamId'), accountKey: answer.text('accountKey') };
    return { result, account };
  }

  /** Lets go of every link; the backend sees lost connections. */
  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  async #logOn<L extends SteamLink>(
    call: string,
    args: JsonObject,
    events: LinkEvents & Partial<ServerEvents>,
    make: (socket: RemoteSocket, number: number, facts: FieldReader) => L,
  ): Promise<LogonAnswer<L>> {
    const unreachable = { ok: false, result: EResult.NoConnection, retrying: true } as const;
    if (this.#closed) return unreachable;
    const socket = this.#connected();
    const number = socket.newLink((said) => deliver(said, events));
    try {
      const answer = FieldReader.of(await socket.call(call, args, number));
      if (answer.boolean('ok')) {
        return { ok: true, link: make(socket, number, answer.object('link')) };
      }
      socket.endLink(number);
      const [result, retrying] = [answer.nat('result'), answer.boolean('retrying')];
      return { ok: false, result, retrying };
    } catch (error) {
      socket.endLink(number);
      if (error instanceof ServerError && error.code === 'PROTOCOL') throw error;
      return unreachable;
    }
  }

  #connected(): RemoteSocket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = new RemoteSocket(this.#url, this.clock, () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    this.#socket = socket;
    return socket;
  }
}

/** `http(s)` becomes `ws(s)`; without a path it is the usual one. */
function backendUrl(text: string): string {
  const url = new URL(text);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.pathname === '/' || url.pathname === '') url.pathname = PATH;
  return url.href;
}
