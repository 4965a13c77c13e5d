import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../errors.js';
import type { Connection } from '../net/connection.js';
import { nodeHost } from '../net/node-host.js';
import { SocketConnection } from '../net/socket-connection.js';
import type { Context } from '../plugin.js';
import { accepted, handOver, introLength, readIntro, secretLength } from './hand-over.js';

export interface SharedHomeOptions {
  /** Where other nodes reach this one; see `nodeHost`. */
  readonly host: string;
  /** This node becomes the home: what the one before wrote is read before anybody is served. */
  readonly onHere?: () => void | Promise<void>;
}

type Claim = {
  readonly run: string;
  readonly node: string;
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly beat: number;
};

const renewal = 1000;
const lease = 4000;
const key = 'home';
const introTimeout = 5000;
const flushAtEnd = 200;

type Handler = (connection: Connection) => void;

/**
 * For a protocol whose peers must all meet in one place: one node is its home, the others hand their connections
 * on to it byte by byte, over a connection that proves by a secret of the store that a node made it. A home that
 * died is replaced within five seconds; its peers come again.
 */
export class SharedHome {
  readonly #run = randomBytes(9).toString('base64url');
  readonly #secret = randomBytes(secretLength);
  readonly #server: Server;
  readonly #handedOn = new Set<Connection>();
  /** Those that were served here, and a moment longer. */
  readonly #served = new Set<Connection>();
  readonly #strangers = new Set<Socket>();
  #handler: Handler = (connection) => connection.destroy();
  #claim: Claim | undefined;
  #beat = 0;
  #port = 0;
  #looking = false;
  #closed = false;
  #endTimer: () => void = () => {};

  private constructor(
    private readonly context: Pick<Context, 'store' | 'clock' | 'log' | 'server'>,
    private readonly options: SharedHomeOptions,
  ) {
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#arrive(socket),
    );
  }

  static async open(
    context: Pick<Context, 'store' | 'clock' | 'log' | 'server' | 'defer'>,
    options: SharedHomeOptions,
  ): Promise<SharedHome> {
    const home = new SharedHome(context, options);
    await home.#open();
    context.defer(() => home.close());
    return home;
  }

  get isHere(): boolean {
    return this.#claim?.run === this.#run;
  }

  /** The name of the node that is the home; undefined while none is. */
  get node(): string | undefined {
    return this.#claim?.node;
  }

  /** Connections from here that another node serves. */
  get handedOn(): number {
    return this.#handedOn.size;
  }

  /** A handler for connections of this node, whoever is the home. */
  route(handler: Handler): Handler {
    this.#handler = handler;
    return (connection) => {
      if (this.isHere) this.#serve(connection);
      else this.#handOn(connection);
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#endTimer();
    for (const connection of this.#handedOn) connection.destroy();
    for (const socket of this.#strangers) socket.destroy();
    for (const connection of this.#served) connection.end(flushAtEnd);
    await new Promise((resolve) => this.#server.close(resolve));
    if (!this.isHere) return;
    // Another node may take over at once.
    const { store } = this.context;
    await store
      .update<Claim>(key, (claim) => (claim?.run === this.#run ? undefined : claim), { ttl: lease })
      .catch(() => {});
  }

  async #open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: this.options.host, port: 0 }, resolve);
    });
    this.#server.on('error', (error) =>
      this.context.log.warn({ error: error.message }, 'accept failed'),
    );
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    await this.#look();
    this.#endTimer = this.context.clock.every(renewal, () => void this.#look());
  }

  /** Renews the own claim, or looks whose it is and takes what is nobody's. */
  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    const wasHere = this.isHere;
    try {
      const { store } = this.context;
      const own = this.#own();
      const ttl = { ttl: lease };
      if (wasHere) {
        const claim = await store.update<Claim>(
          key,
          (known) => (known === undefined || known.run === this.#run ? own : known),
          ttl,
        );
        this.#claim = claim;
      } else {
        const known = await store.get<Claim>(key);
        const isMine = known === undefined && (await store.setIfAbsent(key, own, ttl));
        if (isMine) await this.options.onHere?.();
        this.#claim = known ?? (isMine ? own : undefined);
      }
    } catch {
      // While the store is away everybody keeps his part.
    }
    this.#looking = false;
    for (const connection of this.#served) {
      if (connection.closed) this.#served.delete(connection);
    }
    if (this.#closed) return;
    if (wasHere && !this.isHere) {
      this.context.log.warn(`node ${this.node} is the home now; connections here come again`);
      for (const connection of this.#served) connection.destroy();
    } else if (!wasHere && this.isHere) {
      this.context.log.info('this node is the home of all connections now');
    }
  }

  #own(): Claim {
    const { host } = this.options;
    const secret = this.#secret.toString('base64');
    const { node } = this.context.server;
    return { run: this.#run, node, host, port: this.#port, secret, beat: ++this.#beat };
  }

  #handOn(connection: Connection): void {
    const claim = this.#claim;
    if (claim === undefined || this.#closed) {
      connection.destroy();
      return;
    }
    this.#handedOn.add(connection);
    handOver(connection, claim, {
      gone: () => this.#handedOn.delete(connection),
      // Perhaps it died: whoever sees it first need not wait for the next look.
      failed: () => void this.#look(),
    });
  }

  /** A node hands a connection on: it proves itself, says whose it is, and waits for one byte. */
  #arrive(socket: Socket): void {
    if (this.#strangers.size >= 1024) {
      socket.destroy();
      return;
    }
    this.#strangers.add(socket);
    const connection = new SocketConnection(socket);
    const endTimer = this.context.clock.after(introTimeout, () => connection.destroy());
    const done = (): void => {
      endTimer();
      this.#strangers.delete(socket);
    };
    let read = Buffer.alloc(0);
    connection.onClose(done);
    connection.onData((chunk) => {
      read = Buffer.concat([read, chunk]);
      if (read.length < introLength) return;
      const from = this.isHere ? readIntro(read, this.#secret) : undefined;
      if (from === undefined) {
        connection.destroy();
        return;
      }
      done();
      connection.arrivedFrom(from);
      connection.write(accepted);
      this.#serve(connection);
    });
  }

  #serve(connection: Connection): void {
    this.#served.add(connection);
    try {
      this.#handler(connection);
    } catch (error) {
      this.context.log.error({ err: error }, `a connection failed: ${messageOf(error)}`);
      connection.destroy();
    }
  }
}

/**
 * Routes the connections of an endpoint: to the handler on a server that is alone, else to the home of all nodes.
 * Undefined when it is alone.
 */
export async function openHome(
  context: Pick<Context, 'store' | 'bus' | 'clock' | 'log' | 'server' | 'defer' | 'metrics'>,
  endpointHosts: readonly string[],
  onHere?: () => void | Promise<void>,
): Promise<SharedHome | undefined> {
  if (!context.bus.shared) return undefined;
  const host = nodeHost(context.server.nodeAddress, endpointHosts);
  const home = await SharedHome.open(context, {
    host,
    ...(onHere === undefined ? {} : { onHere }),
  });
  context.metrics.gauge('home', 'Whether all connections meet on this node.', () =>
    home.isHere ? 1 : 0,
  );
  context.metrics.gauge('handed_on', 'Connections that another node serves.', () => home.handedOn);
  return home;
}
