import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  ChallengeIssuer,
  type Clock,
  type Datagram,
  type DatagramRoute,
  type Logger,
  messageOf,
  type PeerAddress,
} from 'beaconry';
import type { Crew } from './crew.js';
import { DriverSession } from './driver-session.js';
import type { RallyClock } from './rally-clock.js';
import {
  type Ahead,
  decodeClient,
  encodeServer,
  type Join,
  MessageType,
  type Passage,
  type Position,
  PROTOCOL,
  type ServerMessage,
} from './rally-codec.js';
import type { RallyEngine } from './rally-engine.js';
import type { RallyLog } from './rally-log.js';
import type { RefusalList } from './refusal-list.js';

export const SESSION_TIMEOUT = 15_000;
/** How far a stated passage may lie before and after the server's own time, in real milliseconds. */
const PASSAGE_PAST = 1_000;
const PASSAGE_FUTURE = 250;
/** After a restart drivers state what they passed meanwhile. */
const RESTART_GRACE = 60_000;

export interface RallyServerParts {
  readonly engine: RallyEngine;
  readonly events: RallyLog;
  readonly rallyClock: RallyClock;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly refusals: RefusalList;
  /** Empty: everybody on the entry list may join. */
  readonly password: string;
  /** Undefined when the ticket is good for this player, else why not. */
  authenticate(ticket: Uint8Array, steamId: bigint): string | undefined;
  left(steamId: bigint): void;
  changed(): void;
  send(bytes: Uint8Array, to: PeerAddress): void;
}

/** The drivers' side of a rally: sessions, positions and passages over datagrams. */
export class RallyServer {
  readonly sessions = new Map<number, DriverSession>();
  readonly #byNumber = new Map<number, DriverSession>();
  readonly #challenges: ChallengeIssuer;
  readonly #passwordHash: Buffer;
  readonly #started: number;
  positions = 0;

  constructor(private readonly parts: RallyServerParts) {
    this.#challenges = new ChallengeIssuer(parts.clock, 30_000);
    this.#passwordHash = hashOf(parts.password);
    this.#started = parts.clock.monotonic();
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
    if (message.type === 'position') this.#position(session, message);
    else if (message.type === 'passage') this.#passage(session, message);
    else if (message.type === 'leave') this.drop(session);
    else {
      const now = BigInt(this.parts.rallyClock.now());
      datagram.reply(encodeServer({ type: 'clockReply', token: message.token, now }));
    }
  }

  #join(join: Join, datagram: Datagram): void {
    const wrong = this.#wrongWith(join);
    if (wrong !== undefined) {
      const [reason, expected] = wrong;
      this.parts.refusals.add(
        join.number,
        reason,
        expected === '' ? 'join' : `expected ${expected}`,
      );
      datagram.reply(encodeServer({ type: 'refused', sequence: 0, reason, expected }));
      return;
    }
    const crew = this.parts.engine.crews.get(join.number) as Crew;
    const before = this.#byNumber.get(join.number);
    // The same join again, because our welcome was lost.
    if (before !== undefined && !before.address.equals(datagram.from)) this.drop(before);
    let session = this.#byNumber.get(join.number);
    const { clock, rallyClock } = this.parts;
    if (session === undefined) {
      let id = 0;
      while (id === 0 || this.sessions.has(id)) id = randomBytes(4).readUInt32LE();
      const who = [id, crew, join.steamId, datagram.from.copy(), clock.now()] as const;
      session = new DriverSession(...who, rallyClock.timeScale, clock.monotonic());
      this.sessions.set(id, session);
      this.#byNumber.set(join.number, session);
      this.parts.changed();
    }
    const { timeScale } = rallyClock;
    const now = BigInt(rallyClock.now());
    datagram.reply(encodeServer({ type: 'welcome', session: session.id, now, timeScale }));
    this.#tell(session, this.#ordersFor(session, this.roadOrder()));
  }

  #wrongWith(join: Join): readonly [reason: string, expected: string] | undefined {
    const { definition } = this.parts.engine.options;
    if (join.protocol !== PROTOCOL) return ['protocol', `${PROTOCOL}`];
    if (!timingSafeEqual(hashOf(join.password), this.#passwordHash)) return ['password', ''];
    const { gameVersion } = definition.rally;
    if (join.gameVersion !== gameVersion) return ['game-version', gameVersion];
    if (join.carsHash !== definition.carsHash) return ['cars-hash', definition.carsHash];
    const crew = this.parts.engine.crews.get(join.number);
    if (crew === undefined) return ['not-entered', ''];
    const { driverId, codriverId } = crew.entry;
    if (join.steamId !== driverId && (codriverId === 0n || join.steamId !== codriverId)) {
      return ['not-your-entry', ''];
    }
    const roadbook = this.roadbookHash(crew);
    if (join.roadbookHash !== roadbook) return ['roadbook-hash', roadbook];
    const why = this.parts.authenticate(join.ticket, join.steamId);
    return why === undefined ? undefined : ['authentication', why];
  }

  /** Of the stage that the crew drives or comes to next. */
  roadbookHash(crew: Crew): string {
    const { itinerary, options } = this.parts.engine;
    const stage = itinerary.stages.find((one) => one.stop >= crew.next) ?? itinerary.stages.at(-1);
    return options.definition.roadbooks.get(stage?.roadbook ?? '')?.hash ?? '0'.repeat(16);
  }

  #position(session: DriverSession, position: Position): void {
    const stage = this.parts.engine.stageOf(session.crew);
    const now = this.parts.clock.monotonic();
    const elapsed = (this.parts.rallyClock.now() - session.crew.stageStart) / 1000;
    const why =
      session.crew.out !== undefined
        ? 'position-off-stage'
        : session.move(position, stage?.number ?? 0, stage?.metres ?? 0, elapsed, now);
    if (why === undefined) this.positions++;
    else this.#refuse(session, position.sequence, why, `at ${Math.round(position.metres)} m`);
  }

  #passage(session: DriverSession, passage: Passage): void {
    const { sequence, control } = passage;
    if (sequence === session.passageSequence) {
      if (session.passageReply !== undefined) this.#say(session, session.passageReply);
      return;
    }
    const detail = `control ${control}`;
    if (sequence < session.passageSequence) {
      this.#refuse(session, sequence, 'passage-reordered', detail);
      return;
    }
    if (session.passagePending) return;
    const why = this.#implausible(session, passage);
    if (why !== undefined) {
      this.#refuse(session, sequence, why, detail);
      return;
    }
    session.passageSequence = sequence;
    session.passageReply = undefined;
    session.passagePending = true;
    const { engine, events } = this.parts;
    const { number } = session.crew.entry;
    const event = { type: 'pass', at: Number(passage.at), number, control } as const;
    events
      .append(event, () => engine.refusal(event))
      .then(
        (refusal) => {
          session.passagePending = false;
          if (refusal !== undefined) {
            session.passageReply = this.#refuse(session, sequence, refusal, detail);
            return;
          }
          const stage = engine.itinerary.controls[control]?.stage ?? 0;
          const elapsed = stage === 0 ? 0 : Math.max(0, event.at - session.crew.stageStart);
          session.passageReply = encodeServer({ type: 'passageReply', sequence, control, elapsed });
          this.#say(session, session.passageReply);
          this.#tell(session, this.#ordersFor(session, this.roadOrder()));
          this.parts.changed();
        },
        (error) => {
          // Not written, so not acknowledged: the driver sends it again.
          session.passagePending = false;
          session.passageSequence = -1;
          this.parts.log.error(`passage of car ${number} not written: ${messageOf(error)}`);
        },
      );
  }

  #implausible(session: DriverSession, passage: Passage): string | undefined {
    const { engine, rallyClock } = this.parts;
    const ahead = Number(passage.at) - rallyClock.now();
    const { timeScale } = rallyClock;
    if (ahead > PASSAGE_FUTURE * timeScale) return 'passage-in-the-future';
    const uptime = this.parts.clock.monotonic() - this.#started;
    const past = uptime < RESTART_GRACE ? RESTART_GRACE : PASSAGE_PAST;
    if (ahead < -past * timeScale) return 'passage-too-old';
    const control = engine.itinerary.controls[passage.control];
    if (control === undefined || control.index !== session.crew.next) return undefined;
    if (control.stage === 0 || control.kind === 'start') return undefined;
    const taken = (Number(passage.at) - session.crew.stageStart) / 1000;
    if (control.metres > session.crew.entry.maximumSpeed * taken) return 'passage-implausible';
    // The position before may be 50 ms old and one or two may be lost.
    const near = control.metres - session.maximumSpeed * 0.5;
    if (control.stage > 0 && (!session.onStage(control.stage) || session.metres < near)) {
      return 'passage-not-there';
    }
    return undefined;
  }

  #refuse(session: DriverSession, sequence: number, reason: string, detail: string): Uint8Array {
    session.refusals++;
    this.parts.refusals.add(session.crew.entry.number, reason, detail);
    const bytes = encodeServer({ type: 'refused', sequence, reason, expected: '' });
    this.#say(session, bytes);
    return bytes;
  }

  /** Crews in the order in which they are on the road, the first ahead. */
  roadOrder(): Crew[] {
    return [...this.parts.engine.crews.values()]
      .filter((crew) => crew.out === undefined && (crew.due !== undefined || crew.next > 0))
      .sort(
        (one, other) =>
          other.next - one.next ||
          (one.due ?? one.stageStart) - (other.due ?? other.stageStart) ||
          one.entry.number - other.entry.number,
      );
  }

  /** Every second: silent drivers go, the others hear what they are to do. */
  tick(): void {
    const now = this.parts.clock.monotonic();
    for (const session of [...this.sessions.values()]) {
      if (now - session.heard > SESSION_TIMEOUT) this.drop(session);
    }
    if (this.sessions.size === 0) return;
    const order = this.roadOrder();
    const places = new Map(order.map((crew, index) => [crew.entry.number, index]));
    for (const session of this.sessions.values()) {
      this.#tell(session, this.#ordersFor(session, order, places.get(session.crew.entry.number)));
    }
  }

  #ordersFor(
    session: DriverSession,
    order: readonly Crew[],
    place = order.indexOf(session.crew),
  ): ServerMessage {
    const { crew } = session;
    const { engine } = this.parts;
    const ahead: Ahead[] = [];
    for (let i = place - 1; i >= 0 && ahead.length < 2; i--) {
      const other = order[i] as Crew;
      const steamId = this.#byNumber.get(other.entry.number)?.steamId;
      if (steamId !== undefined) ahead.push({ number: other.entry.number, steamId });
    }
    const atEnd = engine.itinerary.controls[crew.next] === undefined;
    return {
      type: 'orders',
      next: atEnd || (crew.due === undefined && crew.out !== undefined) ? 0xffff : crew.next,
      // On a stage: when it was started, which a driver that joins again has to know.
      due: BigInt(engine.stageOf(crew) === undefined ? (crew.due ?? 0) : crew.stageStart),
      out: crew.out !== undefined,
      roadbookHash: this.roadbookHash(crew),
      ahead,
    };
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
    this.parts.left(session.steamId);
    this.parts.changed();
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

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Cookie or session: the word after the type byte. */
const wordOf = (bytes: Uint8Array): number =>
  ((bytes[5] ?? 0) | ((bytes[6] ?? 0) << 8) | ((bytes[7] ?? 0) << 16) | ((bytes[8] ?? 0) << 24)) >>>
  0;
