import { type Clock, type Logger, messageOf } from 'beaconry';
import type { DriverSession } from './driver-session.js';
import type { RallyClock } from './rally-clock.js';
import type { RallyEngine } from './rally-engine.js';
import type { RallyLog } from './rally-log.js';
import type { Passage } from './rally-messages.js';
import { encodeServer } from './server-message-codec.js';

/** How far a stated passage may lie before and after the server's own time, in real milliseconds. */
const PASSAGE_PAST = 1_000;
const PASSAGE_FUTURE = 250;
/**
 * A server that was started again in the middle of a rally hears for so long what was passed while it was away: up to
 * so much earlier, and no later than drivers need to notice and to join again.
 */
const RETURN_WINDOW = 15_000;
const AWAY_PAST = 60_000;
const REJOIN_TIME = 10_000;

export interface PassageDeskParts {
  readonly engine: RallyEngine;
  readonly events: RallyLog;
  readonly rallyClock: RallyClock;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Pick<Logger, 'error'>;
  /** The rally was broken off, and continues with this. */
  readonly continues: boolean;
  say(session: DriverSession, bytes: Uint8Array): void;
  /** Says and books a refusal; what was said. */
  refuse(session: DriverSession, sequence: number, reason: string, detail: string): Uint8Array;
  /** A passage counts. */
  booked(session: DriverSession): void;
}

/** Where passages of controls are stated: each is durable before it is acknowledged, and answered as often as it comes. */
export class PassageDesk {
  readonly #opened: number;
  readonly #openedAt: number;

  constructor(private readonly parts: PassageDeskParts) {
    this.#opened = parts.clock.monotonic();
    this.#openedAt = parts.rallyClock.now();
  }

  take(session: DriverSession, passage: Passage): void {
    const { sequence, control } = passage;
    if (sequence === session.passageSequence) {
      if (session.passageReply !== undefined) this.parts.say(session, session.passageReply);
      return;
    }
    const detail = `control ${control}`;
    if (sequence < session.passageSequence) {
      this.parts.refuse(session, sequence, 'passage-reordered', detail);
      return;
    }
    if (session.passagePending) return;
    const why = this.#implausible(session, passage);
    if (why !== undefined) {
      this.parts.refuse(session, sequence, why, detail);
      return;
    }
    session.passageSequence = sequence;
    session.passageReply = undefined;
    session.passagePending = true;
    this.#book(session, passage).then(
      () => {
        session.passagePending = false;
      },
      (error) => {
        // Not written, so not acknowledged: the driver sends it again.
        session.passagePending = false;
        session.passageSequence = -1;
        const { number } = session.crew.entry;
        this.parts.log.error(`passage of car ${number} not written: ${messageOf(error)}`);
      },
    );
  }

  async #book(session: DriverSession, { at, sequence, control }: Passage): Promise<void> {
    const { engine, events } = this.parts;
    const { number } = session.crew.entry;
    const event = { type: 'pass', at: Number(at), number, control } as const;
    const refusal = await events.append(event, () => engine.refusal(event));
    if (refusal !== undefined) {
      const detail = `control ${control}`;
      session.passageReply = this.parts.refuse(session, sequence, refusal, detail);
      return;
    }
    const stage = engine.itinerary.controls[control]?.stage ?? 0;
    const elapsed = stage === 0 ? 0 : Math.max(0, event.at - session.crew.stageStart);
    session.passageReply = encodeServer({ type: 'passageReply', sequence, control, elapsed });
    this.parts.say(session, session.passageReply);
    this.parts.booked(session);
  }

  #implausible(session: DriverSession, passage: Passage): string | undefined {
    const { engine, rallyClock } = this.parts;
    const ahead = Number(passage.at) - rallyClock.now();
    const { timeScale } = rallyClock;
    if (ahead > PASSAGE_FUTURE * timeScale) return 'passage-in-the-future';
    const past = this.#wasAway(Number(passage.at)) ? AWAY_PAST : PASSAGE_PAST;
    if (ahead < -past * timeScale) return 'passage-too-old';
    const control = engine.itinerary.controls[passage.control];
    if (control === undefined || control.index !== session.crew.next) return undefined;
    if (control.stage === 0 || control.kind === 'start') return undefined;
    const taken = (Number(passage.at) - session.crew.stageStart) / 1000;
    if (control.metres > session.crew.entry.maximumSpeed * taken) return 'passage-implausible';
    // The position before may be 50 ms old and one or two may be lost.
    const { motion } = session;
    const near = control.metres - motion.believed * 0.5;
    if (control.stage > 0 && (!session.onStage(control.stage) || motion.metres < near)) {
      return 'passage-not-there';
    }
    return undefined;
  }

  /** Nobody could tell this server then. */
  #wasAway(at: number): boolean {
    const { continues, rallyClock, clock } = this.parts;
    const isBack = continues && clock.monotonic() - this.#opened < RETURN_WINDOW;
    return isBack && at < this.#openedAt + REJOIN_TIME * rallyClock.timeScale;
  }
}
