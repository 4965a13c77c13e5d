import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { overdue } from '../../../plugins/rally/overdue.js';
import type { RallyEngine } from '../../../plugins/rally/rally-engine.js';
import type { RallyEvent } from '../../../plugins/rally/rally-event.js';
import {
  classTable,
  legTable,
  overallTable,
  stageTable,
} from '../../../plugins/rally/standings.js';
import { driveRally, fixture, newEngine } from './simulated-rally.js';

const asCsv = (engine: RallyEngine) =>
  [
    'position,number,stage time ms,penalty ms,total ms,retired',
    ...overallTable(engine).map((row) =>
      [row.position, row.number, row.stageTime, row.penalty, row.total, row.retired].join(),
    ),
    '',
  ].join('\n');

function drive(engine: RallyEngine): RallyEvent[] {
  const events: RallyEvent[] = [];
  driveRally(engine, (event) => {
    if (event.type === 'pass') expect(engine.refusal(event)).equal(undefined);
    engine.apply(event);
    events.push(event);
  });
  return events;
}

/** One crew at the start of stage 1, due at 3 min. */
function atStart(mode: 'live' | 'open' = 'live'): RallyEngine {
  const engine = newEngine(mode);
  engine.apply({ type: 'leg', at: 0, leg: 0, order: [1, 2] });
  engine.apply({ type: 'pass', at: 0, number: 1, control: 0 });
  engine.apply({ type: 'pass', at: 120_000, number: 1, control: 1 });
  return engine;
}
const crewOf = (engine: RallyEngine, number: number) => {
  const crew = engine.crews.get(number);
  if (crew === undefined) throw new Error(`no crew ${number}`);
  return crew;
};

describe('rally rules', () => {
  const expected = readFileSync(join(fixture, 'standings.csv'), 'utf8');

  it('give the hand-computed standings for 60 crews over three legs', () => {
    const engine = newEngine();
    drive(engine);
    expect(engine.finished).equal(true);
    expect(asCsv(engine)).equal(expected);
  });

  it('give the same standings when the events are replayed', () => {
    const events = drive(newEngine());
    const again = newEngine();
    for (const event of events) again.apply(JSON.parse(JSON.stringify(event)) as RallyEvent);
    expect(asCsv(again)).equal(expected);
  });

  it('rank by class, leg and stage from the same times', () => {
    const engine = newEngine();
    drive(engine);
    const rows = classTable(engine, 'RC2');
    expect(rows).length(25);
    expect(rows.every((row) => row.class === 'RC2')).equal(true);
    const legs = [0, 1, 2].map((leg) => legTable(engine, leg).find((row) => row.number === 1));
    expect(legs.reduce((sum, row) => sum + (row?.total ?? 0), 0)).equal(620_300);
    const times = stageTable(engine, 5).map((row) => row.time);
    expect(times)
      .length(59)
      .deep.equal([...times].sort((one, other) => one - other));
  });

  it('start the second leg in order of standings and the third class by class', () => {
    const orders = drive(newEngine()).flatMap((event) =>
      event.type === 'leg' ? [event.order] : [],
    );
    expect(orders[0]?.slice(0, 3)).deep.equal([1, 2, 3]);
    expect(orders[1]).not.deep.equal(orders[0]);
    const group = (number: number) => (number <= 15 ? 0 : number <= 40 ? 1 : 2);
    const groups = orders[2]?.map(group) ?? [];
    expect(groups).deep.equal([...groups].sort());
  });

  it('count the stage from the given start, also for who starts early or late', () => {
    const early = atStart();
    early.apply({ type: 'pass', at: 179_500, number: 1, control: 2 });
    expect(crewOf(early, 1)).include({ stageStart: 180_000, falseStarts: 1 });
    const late = atStart();
    late.apply({ type: 'pass', at: 190_000, number: 1, control: 2 });
    expect(crewOf(late, 1)).include({ stageStart: 180_000, falseStarts: 0 });
  });

  it('keep the start interval between crews that arrive together', () => {
    const engine = atStart();
    engine.apply({ type: 'pass', at: 60_000, number: 2, control: 0 });
    engine.apply({ type: 'pass', at: 130_000, number: 2, control: 1 });
    expect(crewOf(engine, 2).due).equal(240_000);
  });

  it('put a crew out of the leg that is over the maximum lateness', () => {
    const engine = newEngine();
    engine.apply({ type: 'leg', at: 0, leg: 0, order: [1] });
    engine.apply({ type: 'pass', at: 31 * 60_000, number: 1, control: 0 });
    expect(crewOf(engine, 1).out).equal('maximum lateness');
    expect([...crewOf(engine, 1).missed]).deep.equal([1, 2, 3]);
  });

  it('put crews out that never come', () => {
    const engine = atStart();
    expect(overdue(engine, 30 * 60_000)).deep.equal([]);
    expect(overdue(engine, 60 * 60_000).map((event) => event.type)).deep.equal(['out', 'out']);
  });

  it('let everybody start when he likes in open mode, without penalties', () => {
    const engine = atStart('open');
    engine.apply({ type: 'pass', at: 7_000_000, number: 1, control: 2 });
    expect(crewOf(engine, 1)).include({ stageStart: 7_000_000 });
    expect(crewOf(engine, 1).penalties).deep.equal([]);
    const closed = { type: 'pass', at: 25 * 3_600_000, number: 1, control: 3 } as const;
    expect(engine.refusal(closed)).equal('window-closed');
  });

  it('stop the clock of everybody while suspended', () => {
    const engine = atStart();
    engine.apply({ type: 'suspend', at: 150_000 });
    const start = { type: 'pass', at: 170_000, number: 1, control: 2 } as const;
    expect(engine.refusal(start)).equal('suspended');
    engine.apply({ type: 'resume', at: 750_000 });
    expect(crewOf(engine, 1).due).equal(780_000);
  });

  for (const [why, number, control, at] of [
    ['unknown-crew', 999, 0, 0],
    ['duplicate', 1, 0, 130_000],
    ['out-of-order', 1, 5, 130_000],
    ['time-went-back', 1, 2, 100_000],
    ['not-started', 3, 0, 130_000],
  ] as const) {
    it(`refuse a passage: ${why}`, () => {
      expect(atStart().refusal({ type: 'pass', at, number, control })).equal(why);
    });
  }
});
