import { type Clock, type Json, ServerError } from 'beaconry';
import { WebSocket } from 'ws';
import { FieldReader, type JsonObject } from './backend-codec.js';
import { decodeEvent, type LinkEvent } from './link-event.js';

/** Nothing heard for so long (the backend pings every 15 s): the line is dead. */
const SILENCE = 45_000;
const CALL_TIMEOUT = 30_000;
const MAX_PAYLOAD = 16 * 1024 * 1024;

interface PendingCall {
  resolve(result: Json): void;
  reject(error: Error): void;
  cancelTimeout(): void;
}

/** One socket to a backend elsewhere: questions with answers, and what it says to the links. */
export class RemoteSocket {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, PendingCall>();
  readonly #links = new Map<number, (said: LinkEvent) => void>();
  #nextCall = 0;
  #nextLink = 0;
  #cancelSilence: (() => void) | undefined;
  readonly opened: Promise<void>;

  constructor(
    url: string,
    private readonly clock: Clock,
    private readonly onClosed: () => void,
  ) {
    this.#socket = new WebSocket(url, { maxPayload: MAX_PAYLOAD, handshakeTimeout: 10_000 });
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once('open', resolve);
      this.#socket.once('error', reject);
      this.#socket.once('close', () => reject(lost()));
    });
    this.opened.catch(() => undefined);
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data) => this.#received(String(data)));
    this.#socket.on('ping', () => this.#heard());
    this.#socket.on('close', () => this.#closed());
    this.#heard();
  }

  /** The backend may speak on the link as soon as it is asked for the logon. */
  newLink(listener: (said: LinkEvent) => void): number {
    const link = ++this.#nextLink;
    this.#links.set(link, listener);
    return link;
  }

  endLink(link: number): void {
    this.#links.delete(link);
    this.#closeIdle();
  }

  async call(name: string, args: JsonObject, link?: number): Promise<Json> {
    await this.opened;
    if (this.#socket.readyState !== WebSocket.OPEN) throw lost();
    const id = ++this.#nextCall;
    return new Promise<Json>((resolve, reject) => {
      const cancelTimeout = this.clock.after(CALL_TIMEOUT, () => {
        this.#calls.delete(id);
        reject(new ServerError('BACKEND_TIMEOUT', `the backend did not answer ${name}`));
      });
      this.#calls.set(id, { resolve, reject, cancelTimeout });
      this.#socket.send(
        JSON.stringify({ id, call: name, args, ...(link === undefined ? {} : { link }) }),
      );
    });
  }

  close(): void {
    this.#socket.close(1000);
  }

  #received(text: string): void {
    this.#heard();
    try {
      const json = JSON.parse(text) as { readonly [key: string]: Json };
      if (typeof json.link === 'number') this.#said(json.link, decodeEvent(json.said));
      else this.#answered(json);
    } catch {
      // Not our protocol: whoever is there, we do not talk to it.
      this.#socket.close(1007);
    }
  }

  /** A link that was lost is over: the end of the socket is no news for it. */
  #said(link: number, said: LinkEvent | undefined): void {
    if (said === undefined) return;
    const listener = this.#links.get(link);
    if (said.event === 'lost') this.endLink(link);
    listener?.(said);
  }

  #answered(json: { readonly [key: string]: Json }): void {
    const call = this.#calls.get(json.id as number);
    if (call === undefined) return;
    this.#calls.delete(json.id as number);
    call.cancelTimeout();
    if (json.error === undefined) call.resolve(json.result ?? null);
    else {
      const error = FieldReader.of(json.error);
      call.reject(new ServerError(error.text('code'), error.text('message', 4096)));
    }
    this.#closeIdle();
  }

  /** Nobody is logged on and nothing is asked: the next logon opens another socket. */
  #closeIdle(): void {
    if (this.#links.size > 0 || this.#calls.size > 0) return;
    this.onClosed();
    this.#socket.close(1000);
  }

  #heard(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.clock.after(SILENCE, () => this.#socket.terminate());
  }

  #closed(): void {
    this.#cancelSilence?.();
    for (const call of this.#calls.values()) {
      call.cancelTimeout();
      call.reject(lost());
    }
    this.#calls.clear();
    const links = [...this.#links.values()];
    this.#links.clear();
    this.onClosed();
    for (const link of links) link({ event: 'lost', result: 3, retrying: true });
  }
}

const lost = (): ServerError =>
  new ServerError('LINK_LOST', 'the connection to the backend was lost; log on again');
