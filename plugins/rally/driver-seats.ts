import { randomBytes } from 'node:crypto';
import { AddressLimit, type Clock, GlobalLimit, type PeerAddress } from 'beaconry';
import type { Crew } from './crew.js';
import type { DriverAuthentication } from './driver-authentication.js';
import { DriverSession } from './driver-session.js';
import { JoinCheck } from './join-check.js';
import type { RallyClock } from './rally-clock.js';
import type { RallyEngine } from './rally-engine.js';
import type { Join } from './rally-messages.js';

/** Who was heard so lately keeps his place, whoever else joins in his name. Drivers ask for the time every 2 s. */
const OCCUPIED = 4_000;
/** Joins that are looked at in a second, of one address and of all. */
const JOINS_PER_ADDRESS = 20;
const JOIN_BURST_PER_ADDRESS = 250;
const JOINS_PER_SECOND = 500;

export interface DriverSeatsParts {
  readonly engine: RallyEngine;
  readonly rallyClock: RallyClock;
  readonly clock: Clock;
  /** Empty: everybody on the entry list may join. */
  readonly password: string;
  readonly authentication: Pick<DriverAuthentication, 'begin' | 'end'>;
  /** Somebody came or went. */
  changed(): void;
}

/** One place for each car: who is connected, and who may be. */
export class DriverSeats {
  readonly sessions = new Map<number, DriverSession>();
  readonly byNumber = new Map<number, DriverSession>();
  readonly #joins: JoinCheck;
  readonly #ofAddress: AddressLimit;
  readonly #ofAll: GlobalLimit;

  constructor(private readonly parts: DriverSeatsParts) {
    const { clock, engine, password } = parts;
    this.#joins = new JoinCheck(engine, password);
    const perAddress = { perSecond: JOINS_PER_ADDRESS, burst: JOIN_BURST_PER_ADDRESS, size: 4096 };
    this.#ofAddress = new AddressLimit(clock, perAddress);
    this.#ofAll = new GlobalLimit(clock, { perSecond: JOINS_PER_SECOND });
  }

  /** Whether one more join of that address is looked at. */
  mayAsk(from: PeerAddress): boolean {
    return this.#ofAddress.take(from) && this.#ofAll.take();
  }

  /** Gives the driver a session; undefined when he has one then, else why not. */
  whyNot(join: Join, from: PeerAddress): readonly [reason: string, expected: string] | undefined {
    const wrong = this.#joins.wrongWith(join);
    if (wrong !== undefined) return wrong;
    const { clock, authentication } = this.parts;
    const { number, steamId, ticket } = join;
    const before = this.byNumber.get(number);
    if (before !== undefined) {
      // The same join again, because our welcome was lost: the ticket was looked at.
      const isSame = before.address.equals(from) && before.steamId === steamId;
      if (isSame && Buffer.compare(before.ticket, ticket) === 0) return undefined;
      if (clock.monotonic() - before.heard < OCCUPIED) return ['already-connected', ''];
      this.drop(before);
    }
    const refused = authentication.begin(ticket, steamId);
    if (refused === undefined) this.#seat(join, from);
    return refused;
  }

  drop(session: DriverSession): void {
    this.sessions.delete(session.id);
    const { number } = session.crew.entry;
    if (this.byNumber.get(number) === session) this.byNumber.delete(number);
    this.parts.authentication.end(session.steamId);
    this.parts.changed();
  }

  #seat({ number, steamId, ticket }: Join, from: PeerAddress): void {
    const { clock, rallyClock, engine } = this.parts;
    const crew = engine.crews.get(number) as Crew;
    let id = 0;
    while (id === 0 || this.sessions.has(id)) id = randomBytes(4).readUInt32LE();
    const who = [id, crew, steamId, ticket, from.copy(), clock.now()] as const;
    const session = new DriverSession(...who, rallyClock.timeScale, clock.monotonic());
    this.sessions.set(id, session);
    this.byNumber.set(number, session);
    this.parts.changed();
  }
}
