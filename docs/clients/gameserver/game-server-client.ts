/** A game server on beaconry: REST for state, a WebSocket for calls and signals. Node 20 or newer with `ws`. */
import { WebSocket } from 'ws';

export interface Signal {
  seq: number;
  signal: string;
  // biome-ignore lint/suspicious/noExplicitAny: what each signal carries is in the documentation
  data: any;
}

export class GameServerClient {
  #socket: WebSocket | undefined;
  #seq = 0;
  #nextId = 1;
  #closed = false;
  readonly #answers = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();

  private constructor(
    readonly url: string,
    readonly handle: string,
    private readonly onSignal: (signal: Signal) => void,
  ) {}

  static async init(
    url: string,
    init: { appId: number; version: string; gamePort: number; queryPort: number; mode?: number },
    onSignal: (signal: Signal) => void,
  ): Promise<GameServerClient> {
    const { handle } = await request(url, 'POST', '/v1/gameservers', undefined, init);
    const client = new GameServerClient(url, handle as string, onSignal);
    await client.#connect();
    return client;
  }

  /** Without a token the server is anonymous. */
  logOn(token?: string) {
    return this.#self('POST', '/logon', token === undefined ? {} : { token });
  }
  /** name, map, maxPlayers, tags, advertise …: all or nothing. */
  set(state: object) {
    return this.#self('PATCH', '', state);
  }
  setRules(rules: Record<string, string>) {
    return this.#self('PUT', '/rules', rules);
  }
  /** A player is whom he says only once the verdict's response is 0. */
  beginSession(ticket: string, steamId: string, wait = 5) {
    return this.#self('POST', '/sessions', { ticket, steamId, wait });
  }
  showPlayer(steamId: string, name: string, score: number) {
    return this.#self('PATCH', `/sessions/${steamId}`, { name, score });
  }
  endSession(steamId: string) {
    return this.#self('DELETE', `/sessions/${steamId}`);
  }
  logOff() {
    return this.#self('POST', '/logoff', {});
  }

  /** Any call by its name at Steam, such as `call('ForceHeartbeat')`. */
  call(name: string, args: object = {}): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Error('the socket is away; try again'));
        return;
      }
      this.#answers.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, call: name, args }));
    });
  }

  async shutDown(): Promise<void> {
    this.#closed = true;
    this.#socket?.close();
    await this.#self('DELETE', '');
  }

  #self(method: string, path: string, body?: object) {
    return request(this.url, method, `/v1/gameservers/self${path}`, this.handle, body);
  }

  /** Takes a lost socket up again behind the last signal that was heard. */
  #connect(): Promise<void> {
    const socket = new WebSocket(`${this.url.replace(/^http/, 'ws')}/v1/ws`, 'beaconry.v1');
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.on('open', () =>
        socket.send(JSON.stringify({ hello: { handle: this.handle, resume: this.#seq } })),
      );
      socket.on('error', reject);
      socket.on('close', () => {
        for (const { reject: fail } of this.#answers.values()) fail(new Error('the socket was lost'));
        this.#answers.clear();
        if (!this.#closed) setTimeout(() => this.#connect().catch(() => undefined), 500);
      });
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.welcome !== undefined) resolve();
        else if (frame.seq !== undefined) {
          this.#seq = frame.seq;
          this.onSignal(frame);
        } else if (frame.id !== undefined) {
          const waiting = this.#answers.get(frame.id);
          this.#answers.delete(frame.id);
          if (frame.error === undefined) waiting?.resolve(frame.result);
          else waiting?.reject(new Error(`${frame.error.code}: ${frame.error.message}`));
        } else if (frame.error?.code === 'UNAUTHENTICATED') {
          this.#closed = true;
          reject(new Error(frame.error.message));
        }
      });
    });
  }
}

async function request(url: string, method: string, path: string, handle?: string, body?: object) {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(handle === undefined ? {} : { authorization: `Bearer ${handle}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  // biome-ignore lint/suspicious/noExplicitAny: answers are in the documentation
  const json: any = text === '' ? {} : JSON.parse(text);
  if (!answer.ok) throw new Error(`${json.error.code}: ${json.error.message}`);
  return json;
}
