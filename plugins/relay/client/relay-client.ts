import { FrameReader, frameOf } from './frame-reader.js';
import { openTransport, type Transport } from './transport.js';

/** What a client hears, in the order in which frames came; may be given to `connect` or set later. */
export interface RelayListeners {
  onMessage: (message: RelayMessage) => void;
  /** An ERROR of another peer. */
  onPeerError: (message: RelayMessage) => void;
  /** An ERROR of the relay itself: `unknown destination: …`, `destination queue full: …`. */
  onRelayError: (text: string) => void;
  /** The connection ended, with the cause when it was an error. */
  onClose: (error?: Error) => void;
}

/** Who the client is and what the relay wants to know. */
export interface RelayClientOptions extends Partial<RelayListeners> {
  /** The id to claim; left out, the relay makes one that cannot be guessed. */
  readonly id?: string;
  /** '' asks for a secret; the secret of earlier takes the id back, even from a half-dead connection. */
  readonly secret?: string;
  /** The join key, where the relay wants one. */
  readonly key?: string;
  /** The group whose ids the peer `bootstrap` tells. */
  readonly group?: string;
  /** Ends waiting for the connection and its INIT: `AbortSignal.timeout(5000)`. */
  readonly signal?: AbortSignal;
}

/** A MESSAGE or ERROR of another peer. */
export interface RelayMessage {
  readonly source: string;
  readonly payload: string;
}

/** The relay refused INIT, or the connection ended before its answer. */
export class RelayRefusal extends Error {
  override readonly name = 'RelayRefusal';
}

interface Envelope {
  readonly payloadType?: string;
  readonly source?: string | null;
  readonly destination?: string | null;
  readonly payload?: string | null;
  readonly secret?: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ignore = (): void => {};

/** One peer of a relay, in Node (`tcp://`) and in browsers (`ws://`). */
export class RelayClient implements RelayListeners {
  /** Given by the relay, or the one that was claimed. */
  id = '';
  /** Takes the id back in a later connection; undefined unless the relay gave one. */
  secret: string | undefined;
  onMessage: RelayListeners['onMessage'];
  onPeerError: RelayListeners['onPeerError'];
  onRelayError: RelayListeners['onRelayError'];
  onClose: RelayListeners['onClose'];
  readonly #reader = new FrameReader();
  #transport: Transport | undefined;
  #answered: ((error?: Error) => void) | undefined;

  private constructor(listeners: Partial<RelayListeners>) {
    this.onMessage = listeners.onMessage ?? ignore;
    this.onPeerError = listeners.onPeerError ?? ignore;
    this.onRelayError = listeners.onRelayError ?? ignore;
    this.onClose = listeners.onClose ?? ignore;
  }

  /** Connects and waits for the id. Errors: {@link RelayRefusal}, the socket's own, the signal's reason. */
  static async connect(url: string, options: RelayClientOptions = {}): Promise<RelayClient> {
    const client = new RelayClient(options);
    const { id, secret, key, group, signal } = options;
    signal?.throwIfAborted();
    const answer = new Promise<void>((resolve, reject) => {
      client.#answered = (error) => (error === undefined ? resolve() : reject(error));
    });
    const abort = () => client.#settle(signal?.reason as Error);
    signal?.addEventListener('abort', abort);
    try {
      const opening = openTransport(url, {
        data: (chunk) => client.#data(chunk),
        closed: (error) => client.#closed(error),
      });
      // A connection that comes up after we stopped waiting is of no use.
      opening.then(
        (transport) => signal?.aborted && transport.close(),
        () => {},
      );
      client.#transport = await Promise.race([opening, answer.then(() => opening)]);
      client.#write({ payloadType: 'INIT', source: id, secret, key, group });
      await answer;
      return client;
    } catch (error) {
      client.#transport?.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      answer.catch(() => {});
    }
  }

  /** Bytes that were sent and have not left yet: wait while there are many. */
  get pending(): number {
    return this.#transport?.pending ?? 0;
  }

  send(destination: string, payload: string): void {
    this.#write({ payloadType: 'MESSAGE', source: this.id, destination, payload });
  }

  sendError(destination: string, payload: string): void {
    this.#write({ payloadType: 'ERROR', source: this.id, destination, payload });
  }

  /** Gives the id up and closes after what was sent. */
  close(): void {
    this.#write({ payloadType: 'CLOSE' });
    this.#transport?.close();
  }

  #write(envelope: object): void {
    this.#transport?.send(frameOf(encoder.encode(JSON.stringify(envelope))));
  }

  #data(chunk: Uint8Array): void {
    try {
      for (const body of this.#reader.push(chunk)) {
        this.#take(JSON.parse(decoder.decode(body)) as Envelope);
      }
    } catch (error) {
      this.#transport?.close();
      this.#closed(error as Error);
    }
  }

  #take({ payloadType, source, destination, payload, secret }: Envelope): void {
    const text = payload ?? '';
    if (payloadType === 'INIT') {
      this.id = destination ?? '';
      this.secret = secret ?? this.secret;
      this.#settle();
    } else if (payloadType === 'MESSAGE') {
      this.onMessage({ source: source ?? '', payload: text });
    } else if (payloadType === 'ERROR') {
      if (source != null) this.onPeerError({ source, payload: text });
      else if (this.id === '') this.#settle(new RelayRefusal(text));
      else this.onRelayError(text);
    }
  }

  #settle(error?: Error): void {
    this.#answered?.(error);
    this.#answered = undefined;
  }

  #closed(error?: Error): void {
    this.#settle(error ?? new RelayRefusal('the relay closed the connection'));
    const { onClose } = this;
    this.onClose = ignore;
    onClose(error);
  }
}
