import {
  ChallengeIssuer,
  type Datagram,
  type DatagramRoute,
  type Logger,
  type PeerAddress,
} from 'beaconry';
import { decodeClient } from './client-message-codec.js';
import { DriverSeats, type DriverSeatsParts } from './driver-seats.js';
import type { DriverSession } from './driver-session.js';
import { followedBy, ordersFor, positionsOf, roadOrder } from './orders.js';
import { PassageDesk } from './passage-desk.js';
import { PositionView } from './position-view.js';
import type { RallyLog } from './rally-log.js';
import { type Join, MessageType, type Position, type ServerMessage } from './rally-messages.js';
import type { RefusalList } from './refusal-list.js';
import { encodeServer } from './server-message-codec.js';

const SESSION_TIMEOUT = 15_000;
/** Turns of a second in which all drivers are told something. */
export const TELL_TURNS = 10;
export interface RallyServerParts extends DriverSeatsParts {
  readonly events: RallyLog;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly refusals: RefusalList;
  /** The rally was broken off, and continues with this server. */
  readonly continues: boolean;
  send(bytes: Uint8Array, to: PeerAddress): void;
}

/** The drivers' side of a rally: sessions, positions and passages over datagrams. */
export class RallyServer {
  readonly #seats: DriverSeats;
  #turn = 0;
  readonly #challenges: ChallengeIssuer;
  readonly #passages: PassageDesk;
  readonly #view = new PositionView();
  positions = 0;

  constructor(private readonly parts: RallyServerParts) {
    this.#challenges = new ChallengeIssuer(parts.clock, 30_000);
    this.#seats = new DriverSeats(parts);
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

  /** Connected drivers by the ids of their sessions. */
  get sessions(): ReadonlyMap<number, DriverSession> {
    return this.#seats.sessions;
  }
  sessionOf(number: number): DriverSession | undefined {
    return this.#seats.byNumber.get(number);
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
    if (!session.maySay(session.heard)) {
      this.parts.refusals.count('message-too-often');
      return;
    }
    if (message.type === 'passage') this.#passages.take(session, message);
    else if (message.type === 'leave') this.drop(session);
    else if (message.type === 'clock') {
      const now = BigInt(this.parts.rallyClock.now());
      datagram.reply(encodeServer({ type: 'clockReply', token: message.token, now }));
    }
  }

  #join(join: Join, datagram: Datagram): void {
    if (!this.#seats.mayAsk(datagram.from)) {
      this.parts.refusals.count('join-too-often');
      return;
    }
    const wrong = this.#seats.whyNot(join, datagram.from);
    if (wrong !== undefined) {
      const [reason, expected] = wrong;
      const detail = expected === '' ? 'join' : `expected ${expected}`;
      this.parts.refusals.add(join.number, reason, detail);
      datagram.reply(encodeServer({ type: 'refused', sequence: 0, reason, expected }));
      return;
    }
    const session = this.#seats.byNumber.get(join.number) as DriverSession;
    const { timeScale } = this.parts.rallyClock;
    const now = BigInt(this.parts.rallyClock.now());
    datagram.reply(encodeServer({ type: 'welcome', session: session.id, now, timeScale }));
    this.#order(session);
  }

  #position(session: DriverSession, position: Position): void {
    const stage = this.parts.engine.stageOf(session.crew);
    const now = this.parts.clock.monotonic();
    session.heard = now;
    const elapsed = (this.parts.rallyClock.now() - session.crew.stageStart) / 1000;
    const why =
      session.crew.out !== undefined
        ? 'position-off-stage'
        : session.move(position, stage, elapsed, now);
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

  /** Every second: silent drivers go. */
  tick(): void {
    const now = this.parts.clock.monotonic();
    for (const session of [...this.sessions.values()]) {
      if (now - session.heard > SESSION_TIMEOUT) this.drop(session);
    }
  }

  /** Ten times a second: the next tenth of the drivers hears its orders and of the cars ahead, so that no turn is long. */
  tellNext(): void {
    this.#turn = (this.#turn + 1) % TELL_TURNS;
    this.#tellEach((number) => number % TELL_TURNS === this.#turn);
  }

  tellAll(): void {
    this.#tellEach(() => true);
  }

  /** By start number, so that nobody's turn moves when others come and go. */
  #tellEach(isMeant: (number: number) => boolean): void {
    if (this.sessions.size === 0) return;
    const { engine, clock } = this.parts;
    const now = clock.monotonic();
    const order = roadOrder(engine);
    const places = new Map(order.map((crew, index) => [crew.entry.number, index]));
    for (const session of this.sessions.values()) {
      const { number } = session.crew.entry;
      if (!isMeant(number)) continue;
      const place = places.get(number) ?? -1;
      const followed = followedBy(order, place, this.#seats.byNumber);
      this.#tell(session, ordersFor(engine, session, followed));
      if (followed.length > 0) this.#tell(session, positionsOf(engine, followed, now));
    }
  }

  #order(session: DriverSession): void {
    const { engine } = this.parts;
    const order = roadOrder(engine);
    const followed = followedBy(order, order.indexOf(session.crew), this.#seats.byNumber);
    this.#tell(session, ordersFor(engine, session, followed));
  }

  #tell(session: DriverSession, message: ServerMessage): void {
    this.#say(session, encodeServer(message));
  }

  #say(session: DriverSession, bytes: Uint8Array): void {
    this.parts.send(bytes, session.address);
  }

  drop(session: DriverSession): void {
    this.#seats.drop(session);
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
