import { PeerAddress } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { openStore } from '../../../core/store/open-store.js';
import type { Crew } from '../../../plugins/rally/crew.js';
import { DriverSession } from '../../../plugins/rally/driver-session.js';
import { PassageDesk } from '../../../plugins/rally/passage-desk.js';
import { RallyClock } from '../../../plugins/rally/rally-clock.js';
import { RallyLog } from '../../../plugins/rally/rally-log.js';
import { newEngine } from './simulated-rally.js';

const SECOND = 1000;

/** A server that came up when car 1 had been away for 30 s, on its way to the first control of its stage. */
async function backAfter30Seconds(continues: boolean) {
  const clock = new FakeClock();
  const log = pino({ level: 'silent' });
  const config = { driver: 'memory', path: '', url: null, durability: 'normal' } as const;
  const store = await openStore(config, { clock, log, data: '' });
  const engine = newEngine();
  const now = clock.now();
  engine.apply({ type: 'leg', at: now - 400 * SECOND, leg: 0, order: [1] });
  for (const [control, ago] of [
    [0, 400],
    [1, 280],
    [2, 100],
  ] as const) {
    engine.apply({ type: 'pass', at: now - ago * SECOND, number: 1, control });
  }
  const crew = engine.crews.get(1) as Crew;
  const refused: string[] = [];
  const booked: number[] = [];
  const desk = new PassageDesk({
    ...{ engine, clock, log, continues, say: () => {} },
    events: new RallyLog(store, engine),
    rallyClock: new RallyClock(clock, now, 1),
    refuse: (_session, _sequence, reason) => {
      refused.push(reason);
      return new Uint8Array();
    },
    booked: () => booked.push(crew.last),
  });
  const address = PeerAddress.of('127.0.0.1', 40001);
  const who = [1, crew, 1n, new Uint8Array(), address, now] as const;
  const session = new DriverSession(...who, 1, clock.monotonic());
  let sequence = 0;
  /** Drives up to the control, then states that it was passed so many seconds ago. */
  const state = async (secondsAgo: number) => {
    const stage = engine.stageOf(crew);
    const { metres = 0, index = 0 } = engine.itinerary.controls[crew.next] ?? {};
    const place = { metres, x: 0, y: 0, speed: 0 };
    session.move({ session: 1, sequence: ++sequence, ...place }, stage, 100, clock.monotonic());
    const at = BigInt(clock.now() - secondsAgo * SECOND);
    desk.take(session, { session: 1, sequence: ++sequence, control: index, at });
    await clock.advance(1);
  };
  return { clock, state, refused, booked, now };
}

describe('passages that are stated late', () => {
  it('count, when the server was away in the midst of a rally and the driver says so as he comes back', async () => {
    const { clock, state, refused, booked, now } = await backAfter30Seconds(true);
    await clock.advance(6 * SECOND);
    await state(36);
    expect([refused, booked]).deep.equal([[], [now - 30 * SECOND]]);
  });

  it('count no more when everybody had the time to come back', async () => {
    const { clock, state, refused, booked } = await backAfter30Seconds(true);
    await clock.advance(15 * SECOND);
    await state(30);
    expect([refused, booked]).deep.equal([['passage-too-old'], []]);
  });

  it('do not count for what happened when the server heard everybody again', async () => {
    const { clock, state, refused } = await backAfter30Seconds(true);
    await clock.advance(14 * SECOND);
    await state(3);
    expect(refused).deep.equal(['passage-too-old']);
    await state(1);
    expect(refused.length).equal(1);
  });

  it('do not count for a server that begins a rally', async () => {
    const { state, refused } = await backAfter30Seconds(false);
    await state(2);
    expect(refused).deep.equal(['passage-too-old']);
  });
});
