import type { Crew } from './crew.js';
import type { RallyEngine } from './rally-engine.js';
import { overallTable } from './standings.js';

/** Start numbers in the order in which they begin a leg: by class, number or standings as its rules say. */
export function startOrder(engine: RallyEngine, leg: number): number[] {
  const { rally, cars } = engine.options.definition;
  const rules = rally.legs[leg];
  const ranked = new Map(overallTable(engine).map((row, index) => [row.number, index]));
  const classes = [...new Set(cars.map((car) => car.class))];
  const position = ({ entry: { number } }: Crew) =>
    leg > 0 && rules?.startOrder === 'standings' ? (ranked.get(number) ?? 0) : number;
  const group = ({ entry }: Crew) => (rules?.byClass ? classes.indexOf(entry.class) : 0);
  return [...engine.crews.values()]
    .filter(({ out }) => out === undefined || rally.superRally)
    .sort((one, other) => group(one) - group(other) || position(one) - position(other))
    .map(({ entry }) => entry.number);
}
