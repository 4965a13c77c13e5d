import { randomBytes } from 'node:crypto';
import {
  AddressLimit,
  ChallengeIssuer,
  type Clock,
  type Datagram,
  type DatagramRoute,
  GlobalLimit,
  type Logger,
  type PeerAddress,
} from 'beaconry';
import type { Crew } from './crew.js';
import type { DriverAuthentication } from './driver-authentication.js';
import { DriverSession } from './driver-session.js';
import { JoinCheck } from './join-check.js';
import { followedBy, ordersFor, positionsOf, roadOrder } from './orders.js';
import { PassageDesk } from './passage-desk.js';
import { PositionView } from './position-view.js';
import type { RallyClock } from './rally-clock.js';
import { decodeClient, encodeServer } from './rally-codec.js';
import type { RallyEngine } from './rally-engine.js';
import type { RallyLog } from './rally-log.js';
import { type Join, MessageType, type Position, type ServerMessage } from './rally-messages.js';
import type { RefusalList } from './refusal-list.js';

const SESSION_TIMEOUT = 15_000;
/** Who was heard so lately keeps his place, whoever else joins in his name. Drivers ask for the time every 2 s. */
const OCCUPIED = 4_000;
/** Joins that are looked at, of one address and of all. */
const JOINS_PER_ADDRESS = 20;
const JOIN_BURST_PER_ADDRESS = 250;
const JOINS_PER_SECOND = 500;
export interface RallyServerParts {
  readonly engine: RallyEngine;
  readonly events: RallyLog;
  readonly rallyClock: RallyClock;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly refusals: RefusalList;
  /** Empty: everybody on the entry list may join. */
  readonly password: string;
  readonly authentication: Pick<DriverAuthentication, 'begin' | 'end'>;
  changed(): void;
  send(bytes: Uint8Array, to: PeerAddress): void;
}

/** The drivers' side of a rally: sessions, positions and passages over datagrams. */
export class RallyServer {
  readonly sessions = new Map<number, DriverSession>();
  readonly #byNumber = new Map<number, DriverSession>();
  readonly #challenges: ChallengeIssuer;
  readonly #joins: JoinCheck;
  readonly #joinsOfAddress: AddressLimit;
  readonly #joinsOfAll: GlobalLimit;
  readonly #passages: PassageDesk;
  readonly #view = new PositionView();
  positions = 0;

  constructor(private readonly parts: RallyServerParts) {
    this.#challenges = new ChallengeIssuer(parts.clock, 30_000);
    this.#joins = new JoinCheck(parts.engine, parts.password);
    const perAddress = { perSecond: JOINS_PER_ADDRESS, burst: JOIN_BURST_PER_ADDRESS, size: 4096 };
    this.#joinsOfAddress = new AddressLimit(parts.clock, perAddress);
    this.#joinsOfAll = new GlobalLimit(parts.clock, { perSecond: JOINS_PER_SECOND });
    this.#passages = new PassageDesk({
      ...parts,
      say: (session, bytes) => this.#say(session, bytes),
      refuse: (...refusal) => this.#refuse(...refusal),
      booked: (session) => {
        this.#order(session);
        parts.changed();
      },
    });
  }

  sessionOf(number: number): DriverSession | undefined {
    return this.#byNumber.get(number);
  }

  readonly route: DatagramRoute = {
    shape: ({ length }) => length >= 9,
    proves: (datagram) => {
      const word = wordOf(datagram.bytes);
      if (datagram.bytes[4] === MessageType.hello) return false;
      if (datagram.bytes[4] === MessageType.join) {
        return this.#challenges.accepts(datagram.from, word);
      }
      return this.sessions.get(word)?.address.equals(datagram.from) ?? false;
    },
    handler: (datagram) => this.#handle(datagram),
  };

  #handle(datagram: Datagram): void {
    if (datagram.bytes[4] === MessageType.position) {
      const session = datagram.proven ? this.sessions.get(wordOf(datagram.bytes)) : undefined;
      if (session !== undefined) this.#position(session, this.#view.read(datagram.bytes));
      return;
    }
    const message = decodeClient(datagram.bytes);
    if (message.type === 'hello' || (message.type === 'join' && !datagram.proven)) {
      const cookie = this.#challenges.issue(datagram.from);
      datagram.reply(encodeServer({ type: 'cookie', cookie }));
      return;
    }
    // A session is named by a secret and bound to its address: others get silence.
    if (!datagram.proven) return;
    if (message.type === 'join') {
      this.#join(message, datagram);
      return;
    }
    const session = this.sessions.get(message.session);
    if (session === undefined) return;
    session.heard = this.parts.clock.monotonic();
    if (message.type === 'passage') this.#passages.take(session, message);
    else if (message.type === 'leave') this.drop(session);
    else if (message.type === 'clock') {
      const now = BigInt(this.parts.rallyClock.now());
      datagram.reply(encodeServer({ type: 'clockReply', token: message.token, now }));
    }
  }

  #join(join: Join, datagram: Datagram): void {
    if (!this.#joinsOfAddress.take(datagram.from) || !this.#joinsOfAll.take()) {
      this.parts.refusals.count('join-too-often');
      return;
    }
    const wrong = this.#joins.wrongWith(join) ?? this.#seat(join, datagram.from);
    if (wrong !== undefined) {
      const [reason, expected] = wrong;
      const detail = expected === '' ? 'join' : `expected ${expected}`;
      this.parts.refusals.add(join.number, reason, detail);
      datagram.reply(encodeServer({ type: 'refused', sequence: 0, reason, expected }));
      return;
    }
    const session = this.#byNumber.get(join.number) as DriverSession;
    const { timeScale } = this.parts.rallyClock;
    const now = BigInt(this.parts.rallyClock.now());
    datagram.reply(encodeServer({ type: 'welcome', session: session.id, now, timeScale }));
    this.#order(session);
  }

  /** Gives the driver a session; undefined when he has one then, else why not. */
  #seat(join: Join, from: PeerAddress): readonly [reason: string, expected: string] | undefined {
    const { clock, rallyClock, engine, authentication } = this.parts;
    const { number, steamId, ticket } = join;
    const before = this.#byNumber.get(number);
    if (before !== undefined) {
      // The same join again, because our welcome was lost: the ticket was looked at.
      const isSame = before.address.equals(from) && before.steamId === steamId;
      if (isSame && Buffer.compare(before.ticket, ticket) === 0) return undefined;
      if (clock.monotonic() - before.heard < OCCUPIED) return ['already-connected', ''];
      this.drop(before);
    }
    const refused = authentication.begin(ticket, steamId);
    if (refused !== undefined) return refused;
    const crew = engine.crews.get(number) as Crew;
    let id = 0;
    while (id === 0 || this.sessions.has(id)) id = randomBytes(4).readUInt32LE();
    const who = [id, crew, steamId, ticket, from.copy(), clock.now()] as const;
    const session = new DriverSession(...who, rallyClock.timeScale, clock.monotonic());
    this.sessions.set(id, session);
    this.#byNumber.set(number, session);
    this.parts.changed();
    return undefined;
  }

  #position(session: DriverSession, position: Position): void {
    const stage = this.parts.engine.stageOf(session.crew);
    const now = this.parts.clock.monotonic();
    session.heard = now;
    const elapsed = (this.parts.rallyClock.now() - session.crew.stageStart) / 1000;
    const why =
      session.crew.out !== undefined
        ? 'position-off-stage'
        : session.move(position, stage?.number ?? 0, stage?.metres ?? 0, elapsed, now);
    if (why === undefined) this.positions++;
    // What comes faster than allowed is counted; an answer to each would make the flood twice as large.
    else if (!session.mayHear(now)) this.parts.refusals.count(why);
    else this.#refuse(session, position.sequence, why, `at ${Math.round(position.metres)} m`);
  }

  #refuse(session: DriverSession, sequence: number, reason: string, detail: string): Uint8Array {
    session.refusals++;
    this.parts.refusals.add(session.crew.entry.number, reason, detail);
    const bytes = encodeServer({ type: 'refused', sequence, reason, expected: '' });
    this.#say(session, bytes);
    return bytes;
  }

  /** Every second: silent drivers go, the others hear what they are to do. */
  tick(): void {
    const now = this.parts.clock.monotonic();
    for (const session of [...this.sessions.values()]) {
      if (now - session.heard > SESSION_TIMEOUT) this.drop(session);
    }
    if (this.sessions.size === 0) return;
    const { engine } = this.parts;
    const order = roadOrder(engine);
    const places = new Map(order.map((crew, index) => [crew.entry.number, index]));
    for (const session of this.sessions.values()) {
      const place = places.get(session.crew.entry.number) ?? -1;
      const followed = followedBy(order, place, this.#byNumber);
      this.#tell(session, ordersFor(engine, session, followed));
      if (followed.length > 0) this.#tell(session, positionsOf(engine, followed, now));
    }
  }

  #order(session: DriverSession): void {
    const { engine } = this.parts;
    const order = roadOrder(engine);
    const followed = followedBy(order, order.indexOf(session.crew), this.#byNumber);
    this.#tell(session, ordersFor(engine, session, followed));
  }

  #tell(session: DriverSession, message: ServerMessage): void {
    this.#say(session, encodeServer(message));
  }

  #say(session: DriverSession, bytes: Uint8Array): void {
    this.parts.send(bytes, session.address);
  }

  drop(session: DriverSession): void {
    this.sessions.delete(session.id);
    const { number } = session.crew.entry;
    if (this.#byNumber.get(number) === session) this.#byNumber.delete(number);
    this.parts.authentication.end(session.steamId);
    this.parts.changed();
  }

  /** Lets all drivers go; they join again by themselves, with what they have then. */
  close(): void {
    for (const session of [...this.sessions.values()]) this.drop(session);
  }

  /** The backend took its word back. */
  dropPlayer(steamId: bigint, why: string): void {
    for (const session of [...this.sessions.values()]) {
      if (session.steamId !== steamId) continue;
      this.parts.refusals.add(session.crew.entry.number, 'authentication', why);
      this.#tell(session, {
        type: 'refused',
        sequence: 0,
        reason: 'authentication',
        expected: why,
      });
      this.drop(session);
    }
  }
}

/** Cookie or session: the word after the type byte. */
const wordOf = (bytes: Uint8Array): number =>
  ((bytes[5] ?? 0) | ((bytes[6] ?? 0) << 8) | ((bytes[7] ?? 0) << 16) | ((bytes[8] ?? 0) << 24)) >>>
  0;
