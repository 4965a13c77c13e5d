import { PacketPacer } from './packet-pacer.js';
import { QueryError } from './query-error.js';
import {
  defaultQueryOptions,
  type QueryOptions,
  type QueryResult,
  type ServerReport,
  type Timed,
  type WhatToAsk,
} from './query-options.js';
import { type QueryClock, type QuerySocket, systemClock } from './query-socket.js';
import { canonicalAddress, formatAddress, type ServerAddress } from './server-address.js';
import { type AnswerOf, type Question, ServerQuery } from './server-query.js';

const THE_SHIP = 2400;

/**
 * Asks many game servers from one socket. Questions to one server go one after the other, since a challenge
 * does not say which question it belongs to; servers are asked side by side, within the given limits.
 */
export class QueryClient {
  readonly #options: Required<QueryOptions>;
  readonly #active = new Map<string, ServerQuery>();
  readonly #waiting = new Map<string, ServerQuery[]>();
  readonly #ready: ServerQuery[] = [];
  readonly #challenges = new Map<string, number>();
  readonly #pacer: PacketPacer;
  readonly #stopListening: () => void;
  #closed = false;

  constructor(
    private readonly socket: QuerySocket,
    options: QueryOptions = {},
    private readonly clock: QueryClock = systemClock,
  ) {
    this.#options = { ...defaultQueryOptions, ...options };
    this.#pacer = new PacketPacer(clock, this.#options.packetsPerSecond, this.#options.burst);
    this.#stopListening = socket.listen((bytes, from) => this.#heard(bytes, from));
  }

  /** Name, map, counts and the rest of INFO. Rejects with {@link QueryError}. */
  info(server: ServerAddress): Promise<AnswerOf<'info'> & Timed> {
    return this.#ask('info', server);
  }

  /** The players; `theShip` reads the extras of that game. */
  players(server: ServerAddress, theShip = false): Promise<AnswerOf<'players'> & Timed> {
    return this.#ask('players', server, theShip);
  }

  rules(server: ServerAddress): Promise<AnswerOf<'rules'> & Timed> {
    return this.#ask('rules', server);
  }

  /** The deprecated ping packet, which many servers ignore; every other question measures a ping too. */
  ping(server: ServerAddress): Promise<AnswerOf<'ping'> & Timed> {
    return this.#ask('ping', server);
  }

  /**
   * INFO and what else is wanted. A server that answers INFO and then not PLAYER or RULES hides them;
   * they are missing in the report.
   */
  async query(server: ServerAddress, wanted: WhatToAsk = {}): Promise<ServerReport> {
    const { info, ping } = await this.info(server);
    const theShip = info.answer === 'source' && info.appId === THE_SHIP;
    const [players, rules] = await Promise.all([
      wanted.players ? this.#optional(this.players(server, theShip)) : undefined,
      wanted.rules ? this.#optional(this.rules(server)) : undefined,
    ]);
    return {
      address: server,
      ping: Math.min(ping, players?.ping ?? ping, rules?.ping ?? ping),
      info,
      ...(players && { players: { announced: players.announced, players: players.players } }),
      ...(rules && { rules: { announced: rules.announced, rules: rules.rules } }),
    };
  }

  /** Reports in the order in which servers answer or fail; takes addresses no faster than it asks. */
  async *queryAll(
    servers: Iterable<ServerAddress> | AsyncIterable<ServerAddress>,
    wanted: WhatToAsk = {},
  ): AsyncGenerator<QueryResult, void, undefined> {
    const running = new Set<Promise<QueryResult>>();
    const finished: QueryResult[] = [];
    for await (const address of servers) {
      const task: Promise<QueryResult> = this.query(address, wanted).catch((error: unknown) => ({
        address,
        error: asQueryError(error),
      }));
      running.add(task);
      void task.then((result) => {
        running.delete(task);
        finished.push(result);
      });
      yield* finished.splice(0);
      while (running.size >= this.#options.inFlight) {
        await Promise.race(running);
        yield* finished.splice(0);
      }
    }
    while (running.size > 0) {
      await Promise.race(running);
      yield* finished.splice(0);
    }
    yield* finished.splice(0);
  }

  /** Ends all questions with `CLOSED`; the socket stays with who opened it. */
  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#pacer.clear();
    const unanswered = [
      ...this.#active.values(),
      ...this.#ready.splice(0),
      ...[...this.#waiting.values()].flat(),
    ];
    this.#active.clear();
    this.#waiting.clear();
    for (const query of unanswered) query.fail(new QueryError('CLOSED', 'the client was closed'));
  }

  async #optional<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (this.#closed) throw error;
      return undefined;
    }
  }

  #ask<K extends Question>(
    question: K,
    server: ServerAddress,
    theShip = false,
  ): Promise<AnswerOf<K> & Timed> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new QueryError('CLOSED', 'the client was closed'));
        return;
      }
      const address = canonicalAddress(server);
      const key = formatAddress(address);
      const query: ServerQuery = new ServerQuery(question, theShip, {
        clock: this.clock,
        options: this.#options,
        address,
        enqueue: () => this.#pacer.schedule(() => this.#sendPacket(query)),
        learned: (challenge) => this.#remember(key, challenge),
        ended: () => this.#ended(key, query),
        resolve: (answer) => resolve(answer as AnswerOf<K> & Timed),
        reject,
      });
      this.#enter(key, query);
    });
  }

  #sendPacket(query: ServerQuery): void {
    const packet = query.take(this.clock.monotonic());
    if (packet === undefined) return;
    this.socket.send(packet, query.address, (error) =>
      query.fail(
        error instanceof QueryError
          ? error
          : new QueryError(
              'SEND_FAILED',
              `sending to ${formatAddress(query.address)} failed: ${error.message}`,
              { cause: error },
            ),
      ),
    );
  }

  #enter(key: string, query: ServerQuery): void {
    const queue = this.#waiting.get(key);
    if (queue !== undefined) queue.push(query);
    else {
      this.#waiting.set(key, []);
      this.#ready.push(query);
      this.#start();
    }
  }

  #start(): void {
    while (this.#active.size < this.#options.inFlight) {
      const query = this.#ready.shift();
      if (query === undefined) return;
      const key = formatAddress(query.address);
      this.#active.set(key, query);
      query.start(this.#challenges.get(key) ?? null);
    }
  }

  #ended(key: string, query: ServerQuery): void {
    if (this.#active.get(key) !== query) return;
    this.#active.delete(key);
    const queue = this.#waiting.get(key);
    const next = queue?.shift();
    if (next !== undefined) this.#ready.push(next);
    else this.#waiting.delete(key);
    this.#start();
  }

  #remember(key: string, challenge: number): void {
    this.#challenges.delete(key);
    this.#challenges.set(key, challenge);
    for (const oldest of this.#challenges.keys()) {
      if (this.#challenges.size <= this.#options.rememberedChallenges) break;
      this.#challenges.delete(oldest);
    }
  }

  #heard(bytes: Uint8Array, from: ServerAddress): void {
    this.#active.get(formatAddress(from))?.heard(bytes, this.clock.monotonic());
  }
}

const asQueryError = (error: unknown): QueryError =>
  error instanceof QueryError
    ? error
    : new QueryError('SEND_FAILED', error instanceof Error ? error.message : String(error));
